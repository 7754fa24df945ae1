"""Pictures of partitions: what stands on the axes."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from dpmix import plot
from dpmix.base.errors import InputError, InputTypeError
from dpmix.partitions import cluster_members, co_clustering, contingency_table
from dpmix.partitions.draws import by_size
from support.axes import texts
from support.query_cases import label_posterior, posterior_of


@pytest.fixture(scope="module")
def posterior():
    generator = np.random.default_rng(0)
    draws = [by_size(generator.integers(4, size=50)) for _ in range(6)]
    x, ones = generator.integers(2, size=(50, 9)), np.ones(9)
    return posterior_of(x, [(z, 1.0, ones, ones) for z in draws])


@pytest.fixture(scope="module")
def estimate():
    return by_size(np.repeat([0, 1, 2], [25, 24, 1]))


def test_similarity_shows_the_matrix_in_order(posterior, estimate):
    together = co_clustering(posterior)
    for given, order in ((None, together.order()), (estimate, together.order(estimate))):
        for what in (posterior, together):
            shown = plot.similarity(what, given).images[0].get_array()
            np.testing.assert_array_equal(shown, together.proba[np.ix_(order, order)])


def test_bars_mark_the_clusters(posterior, estimate):
    ax = plot.similarity(posterior, estimate)
    lengths = sorted(patch.get_height() for patch in ax.patches[::2])
    np.testing.assert_allclose(lengths, [1 / 50, 24 / 50, 25 / 50])
    assert {"0", "1"} <= set(texts(ax)) and not plot.similarity(posterior).patches
    left, right, bottom, top = ax.images[0].get_extent()
    assert right - left == pytest.approx(1) and bottom - top == pytest.approx(1)


def test_gallery_shows_means_typical_and_odd_members(posterior, estimate):
    ax = plot.gallery(posterior, estimate, typical=3, odd=2)
    members, x = cluster_members(posterior, estimate, 3, 2), posterior.table.dense()
    shown = [image.get_array() for image in ax.images]
    assert len(shown) == 6 + 6 + 2  # an image alone is its own mean and most typical member
    for k, first in enumerate([0, 6]):
        np.testing.assert_allclose(shown[first].ravel(), x[estimate == k].mean(axis=0))
        expected = [*members.typical[k], *members.odd[k][::-1]]
        np.testing.assert_array_equal([tile.ravel() for tile in shown[first + 1 : first + 6]], x[expected])
    assert texts(ax)[1].startswith("25 images\n") and texts(ax)[5].startswith("1 image\n")
    assert clusters_named(ax) == [0, 1, 2]
    assert {"mean", "typical", "odd"} <= {*texts(ax)}


def clusters_named(ax):
    return [int(text.removeprefix("cluster ")) for text in texts(ax) if text.startswith("cluster ")]


def test_gallery_of_images_alone_has_no_odd_ones(posterior):
    assert "odd" not in texts(plot.gallery(posterior, np.arange(50), most=30))
    twelve = np.repeat(np.arange(13), [14, *[3] * 12])
    assert texts(plot.gallery(posterior, twelve)).count("odd") == 1  # beside the clusters that have some


def test_gallery_numbers_clusters_as_they_are(posterior):
    """The largest stands first whatever its number."""
    ax = plot.gallery(posterior, np.repeat([1, 0, 2], [30, 15, 5]))
    assert clusters_named(ax) == [1, 0, 2]
    assert texts(ax)[1].startswith("30 images\n")


def test_gallery_masks_what_is_not_observed():
    """A pixel that no member has observed is masked in the mean, and every gap in the member that has it."""
    x, seen = np.tile([[1, 0, 1, 0]], (6, 1)), np.ones((6, 4), bool)
    seen[:, 0], seen[:5, 1] = False, False
    posterior = label_posterior(x, seen, None, [([0] * 6, 1.0, np.ones(4), np.ones(4))], 1.0)
    ax = plot.gallery(posterior, np.zeros(6, int), typical=3, odd=3)
    mean, *members = [np.ma.masked_array(image.get_array()).ravel() for image in ax.images]
    assert mean.tolist() == [None, 0.0, 1.0, 0.0]
    assert sorted(map(str, (member.tolist() for member in members))) == [
        "[None, 0, 1, 0]",
        *["[None, None, 1, 0]"] * 5,
    ]


def test_clusters_expect_what_is_observed():
    """Unobserved pixels are no evidence for off: where no member has one observed, the prior is shown."""
    x, seen = np.ones((6, 4), int), np.ones((6, 4), bool)
    seen[:, 0], seen[:5, 1] = False, False
    posterior = label_posterior(x, seen, None, [([0] * 6, 1.0, np.ones(4), np.ones(4))], 1.0)
    shown = plot.clusters(posterior).images[0].get_array()
    np.testing.assert_allclose(shown.ravel(), [1 / 2, 2 / 3, 7 / 8, 7 / 8])


def test_gallery_of_the_largest_clusters(posterior, estimate):
    ax = plot.gallery(posterior, estimate, most=1)
    assert len(ax.images) == 1 + 6 + 3 and "2 smaller" in ax.get_title(loc="left")
    many = plot.gallery(posterior, np.arange(50) % 12, typical=2, odd=0)
    assert len(many.images) == 12 * 3 and texts(many).count("mean") == 2


def test_contingency_shows_every_count():
    generator = np.random.default_rng(1)
    y, z = generator.integers(10, size=3000), generator.integers(60, size=3000)
    ax = plot.contingency(z, y)
    counts = contingency_table(z, y).counts
    assert len(ax.patches) == 600
    written = [int(text) for text in texts(ax) if text.isdigit()]
    strips = 3  # each names the labels again
    assert sum(written) - strips * sum(range(10)) - sum(range(60)) == 3000 == counts.sum()
    assert ax.figure.get_size_inches()[0] < 8
    for text in ax.texts:
        assert text.get_fontsize() >= 5


def test_clusters_stand_by_their_most_common_label():
    ax = plot.contingency([0, 0, 0, 1, 1, 2, 2, 2, 2], ["b", "b", "a", "a", "a", "b", "b", "b", "b"])
    # Of cluster 0, two in three are "b", of which cluster 2 has more.
    assert texts(ax)[-4:-1] == ["1", "2", "0"]


def test_small_clusters_are_put_together():
    ax = plot.contingency(np.repeat([0, 1, 2, 3], [5, 4, 2, 1]), [0, 1] * 6, most=2)
    assert len(ax.patches) == 2 * 3 and "rest" in texts(ax)


def test_axes_are_used_as_given(posterior, estimate):
    figure, axes = plt.subplots(1, 3)
    for ax, draw in zip(
        axes,
        (
            lambda ax: plot.similarity(posterior, estimate, ax=ax),
            lambda ax: plot.gallery(posterior, estimate, ax=ax),
            lambda ax: plot.contingency(estimate, np.arange(50) % 3, ax=ax),
        ),
        strict=True,
    ):
        assert draw(ax) is ax
    assert plt.get_fignums() == [figure.number]


def test_bad_input_is_named(posterior, estimate):
    with pytest.raises(InputTypeError, match=r"dpmix\.partitions\.co_clustering answers; got ndarray"):
        plot.similarity(np.eye(3))
    with pytest.raises(InputTypeError, match="ax must be Matplotlib axes"):
        plot.similarity(posterior, ax=3)
    with pytest.raises(InputError, match="one label for each of the 50 images"):
        plot.gallery(posterior, [0, 1])
    with pytest.raises(InputError, match="most must be at least 1"):
        plot.contingency(estimate, estimate, most=0)
