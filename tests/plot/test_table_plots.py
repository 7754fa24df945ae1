"""Pictures of tables: every line has its name, every column of cells its head, and nothing runs into another."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import dpmix
from dpmix import plot
from dpmix.base.errors import InputError, InputTypeError
from dpmix.partitions import profile
from support.axes import texts
from support.query_cases import posterior_of


def table(n, d, names=True, k=3):
    """A posterior of one draw of a table, its partition, and its columns."""
    generator = np.random.default_rng(d)
    labels = np.sort(generator.integers(0, k, n)).astype(np.int32)
    labels = np.unique(labels, return_inverse=True)[1]
    labels = np.argsort(np.argsort(-np.bincount(labels), kind="stable"))[labels]
    x = (generator.random((n, d)) < generator.beta(0.4, 0.4, (k, d))[labels]).astype(int)
    columns = [f"column {j} $x$" for j in range(d)] if names else None
    posterior = posterior_of(x, [(labels, 1.0, np.ones(d), np.ones(d))] * 3)
    table = posterior.table.from_input(x, columns=columns)
    named = type(posterior)(table, posterior.plan, posterior.records, "0")
    return named, labels, columns


def pictures(posterior, labels):
    yield plot.clusters(posterior)
    yield plot.gallery(posterior, labels)
    yield plot.hyperparameters(posterior)
    yield plot.profiles(profile(posterior, labels))


@pytest.mark.parametrize("d", [5, 30])
def test_every_picture_names_the_columns(d):
    posterior, labels, columns = table(60, d)
    for ax in pictures(posterior, labels):
        shown = [text.replace(r"\$", "$") for text in texts(ax)]
        assert all(column in shown for column in columns)
        plt.close(ax.figure)


def test_tables_without_names_are_numbered():
    posterior, labels, _ = table(60, 5, names=False)
    assert posterior.image_shape == (1, 5)
    for ax in pictures(posterior, labels):
        shown = texts(ax)
        assert all(f"column {j}" in shown or str(j) in shown for j in range(5))
        plt.close(ax.figure)


def overlaps(ax):
    """Pairs of texts that run into each other."""
    renderer = ax.figure.canvas.get_renderer()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in ax.texts if text.get_text()]
    return [
        (one, other)
        for ix, (one, a) in enumerate(boxes)
        for other, b in boxes[:ix]
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]


@pytest.mark.parametrize(
    "d, k", [(5, 3), *(pytest.param(*each, marks=pytest.mark.slow) for each in ((200, 12), (40, 30)))]
)
def test_no_text_runs_into_another_or_out_of_the_picture(d, k):
    posterior, labels, _ = table(300, d, k=k)
    for ax in pictures(posterior, labels):
        ax.figure.canvas.draw()
        assert overlaps(ax) == []
        figure = ax.figure.bbox
        for text in [*ax.texts, ax.title]:
            box = text.get_window_extent()
            inside = (box.x0 >= -1, box.y0 >= -1, box.x1 <= figure.x1 + 1, box.y1 <= figure.y1 + 1)
            assert all(inside), text.get_text()
            assert text.get_fontsize() >= 5
        plt.close(ax.figure)


def test_cells_of_clusters_are_probabilities():
    posterior, labels, columns = table(60, 5)
    cells = plot.clusters(posterior).images[0].get_array()
    np.testing.assert_allclose(cells, posterior.draw().on_proba().T)


def test_cells_of_a_gallery_are_means_and_members():
    posterior, labels, _ = table(60, 5)
    ax = plot.gallery(posterior, labels, typical=2, odd=1)
    blocks = [np.ma.getdata(image.get_array()) for image in ax.images[:-1]]
    assert [block.shape[1] for block in blocks] == [1, 2, 1] * 3
    means = dpmix.partitions.mean_images(posterior, labels)
    np.testing.assert_allclose(np.hstack(blocks[::3]).T, means)
    members = dpmix.partitions.cluster_members(posterior, labels, 2, 1)
    np.testing.assert_array_equal(blocks[1].T, posterior.table.dense(members.typical[0]))


def test_profiles_are_signed_and_pale_where_not_sure():
    posterior, labels, _ = table(300, 8)
    found = profile(posterior, labels)
    cells = plot.profiles(found).images[0].get_array()
    assert cells.shape == (8, 3)
    shown = np.where(found.sure > 0, found.log_odds, 0.2 * found.log_odds).clip(-4, 4)
    assert {tuple(line) for line in cells.round(9).tolist()} == {
        tuple(line) for line in shown.T.round(9).tolist()
    }
    most = plot.profiles(found, most=3, clusters=2)
    assert most.images[0].get_array().shape == (3, 2) and "3 of 8 columns" in most.get_title(loc="left")


def test_given_axes_and_bad_arguments():
    posterior, labels, _ = table(60, 30)
    found = profile(posterior, labels)
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 4))
    assert plot.profiles(found, ax=left) is left and plot.clusters(posterior, ax=right) is right
    figure.canvas.draw()
    assert overlaps(left) == []
    for bad in ({"most": 0}, {"clusters": 0}, {"ax": 3}):
        with pytest.raises((InputError, InputTypeError)):
            plot.profiles(found, **bad)
    with pytest.raises(InputTypeError, match="what dpmix.partitions.profile gives"):
        plot.profiles(posterior)


def test_rows_are_completed_under_the_names_of_their_columns():
    posterior, _, columns = table(60, 5)
    x, seen = posterior.table.dense(slice(0, 2)), np.array([True, False, True, False, True])
    ax = plot.completions(posterior, x, seen, samples=1)
    assert {text.replace(r"\$", "$") for text in texts(ax)} >= {
        *columns,
        "row 0, original",
        "shown",
        "completed",
    }
    original, shown, completed, sample = np.ma.array(ax.images[0].get_array()).T
    np.testing.assert_array_equal(original, x[0])
    np.testing.assert_array_equal(np.ma.getmaskarray(shown), ~seen)
    np.testing.assert_allclose(completed, dpmix.predict_proba(posterior, x, seen)[0])
    np.testing.assert_array_equal(sample[seen], x[0][seen])
    assert ax.get_title(loc="left") == "2 rows with 40% of their columns hidden"
    assert "each column on its own" in " ".join(ax.get_xlabel().split())
    plt.close(ax.figure)


@pytest.mark.slow
def test_wide_tables_are_completed_where_least_is_known():
    posterior, _, _ = table(60, 230)
    seen = np.arange(230) < 100
    ax = plot.completions(posterior, posterior.table.dense(slice(0, 40)), seen)
    shown = [text for text in texts(ax) if text.startswith("column")]
    assert len(shown) == 200 and "the 200 least sure of 230 columns" in ax.get_title(loc="left")
    assert sum(image.get_array().shape[1] for image in ax.images[:40]) == 40 * 3
    plt.close(ax.figure)


def test_pictures_that_are_pictures_stay_pictures():
    x = np.random.default_rng(0).integers(0, 2, (20, 9))
    ones = np.ones(9)
    posterior = posterior_of(x, [(np.zeros(20, int), 1.0, ones, ones)])
    assert plot.clusters(posterior).images[0].get_array().shape == (3, 3)
