"""Plots: what stands on the axes, and that nothing else is touched."""

import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from dpmix import plot
from dpmix.base.errors import InputError, InputTypeError
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord
from dpmix.chain.segment import run_segment
from dpmix.chain.starts import check_init, start
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.plot.style import chain_style
from dpmix.posterior.posterior import Posterior
from dpmix.queries.query import predict_mode, predict_proba, sample_predictive
from support.axes import texts

SHAPE = (3, 4)
HALF = np.arange(12) < 6


def a_posterior(n=60, shape=SHAPE, chains=2, sweeps=6, groups=8, burn_in=None):
    """Chains over random images, on their first sweeps."""
    generator = np.random.default_rng(5)
    x = (generator.random((n, shape[0] * shape[1])) < generator.random((n, 1))).astype(np.uint8)
    packed = BinaryTable.from_input(x)
    table = BinaryTable(packed.packed, packed.d, shape)
    init, _ = check_init(f"random:{groups}", n)
    plan = Plan.checked(Prior(alpha=3, a=0.5, b=0.7), chains, sweeps, burn_in, None, init, 1)
    states = [start(table, plan, None, chain) for chain in range(chains)]
    records = [ChainRecord(*run_segment(table, plan, state, 0, sweeps)) for state in states]
    return Posterior(table, plan, records, "test")


def given_clusters(sizes, shape=SHAPE):
    """A posterior with one draw, in which the clusters have these sizes."""
    posterior = a_posterior(sum(sizes), shape, chains=1, sweeps=1, groups=1, burn_in=0)
    posterior._labels = np.repeat(np.arange(len(sizes)), sizes)[None, None]
    return posterior


@pytest.fixture(scope="module")
def posterior():
    return a_posterior()


def left_and_top(image):
    left, _, _, top = image.get_extent()
    return left, top


# clusters


@pytest.mark.parametrize(("chain", "draw"), [(0, -1), (1, 0), (-1, 1)])
def test_tiles_are_the_posterior_means_of_the_draw(posterior, chain, draw):
    ax = plot.clusters(posterior, chain, draw)
    labels = posterior.labels[chain, draw]
    x = posterior.table.dense()
    assert len(ax.images) == labels.max() + 1
    for k, image in enumerate(ax.images):
        members = x[labels == k]
        expected = (0.5 + members.sum(axis=0)) / (0.5 + 0.7 + len(members))
        np.testing.assert_allclose(image.get_array(), expected.reshape(SHAPE))
        assert image.get_clim() == (0, 1)


def test_tiles_stand_in_rows_of_twelve_largest_first():
    sizes = list(range(30, 0, -1))
    ax = plot.clusters(given_clusters(sizes))
    places = [left_and_top(image)[::-1] for image in ax.images]
    assert places == sorted(places) and len(set(places)) == 30
    assert np.unique([top for top, _ in places], return_counts=True)[1].tolist() == [12, 12, 6]
    assert texts(ax) == [str(size) for size in sizes]


def test_number_of_members_stands_below_its_tile():
    ax = plot.clusters(given_clusters([9, 5, 4, 2]), per_row=3)
    for image, text in zip(ax.images, ax.texts, strict=True):
        left, right, bottom, top = image.get_extent()
        x, y = text.get_position()
        assert x == pytest.approx((left + right) / 2)
        assert top < bottom < y < bottom + 0.2  # y points down


def test_title_counts_clusters_and_images_and_names_the_draw(posterior):
    k, n_draws = posterior.n_clusters[1, -1], posterior.labels.shape[1]
    title = plot.clusters(posterior, chain=-1).get_title(loc="left")
    assert title == f"{k} clusters of 60 images · chain 1, draw {n_draws - 1}"
    title = plot.clusters(given_clusters([1])).get_title(loc="left")
    assert title == "1 cluster of 1 image · chain 0, draw 0"
    assert "of 1,200 images" in plot.clusters(given_clusters([1200])).get_title(loc="left")


def test_most_shows_the_largest_and_counts_the_rest():
    ax = plot.clusters(given_clusters([9, 5, 4, 2, 1]), most=3)
    assert texts(ax) == ["9", "5", "4", "+ 2 smaller clusters with 3 images"]
    assert len(ax.images) == 3
    assert ax.get_title(loc="left").startswith("5 clusters of 21 images")


class Doubler:
    """A decoder whose images are the codes, each bit twice."""

    def inverse_transform(self, codes):
        return np.repeat(codes, 2, axis=1)


def test_clusters_of_codes_are_decoded(posterior):
    plain, decoded = plot.clusters(posterior), plot.clusters(posterior, decoder=Doubler(), shape=(6, 4))
    assert len(plain.images) == len(decoded.images)
    for a, b in zip(plain.images, decoded.images, strict=True):
        assert b.get_array().shape == (6, 4)
        np.testing.assert_allclose(b.get_array().ravel()[::2], a.get_array().ravel())


@pytest.mark.parametrize(
    ("arguments", "error", "problem"),
    [
        ({"decoder": "rbm"}, InputTypeError, "decoder must have inverse_transform"),
        ({"decoder": Doubler(), "shape": (5, 5)}, InputError, "shape"),
        ({"shape": (3, 4)}, InputError, "pass decoder="),
    ],
)
def test_decoders_that_cannot_be(posterior, arguments, error, problem):
    with pytest.raises(error, match=problem):
        plot.clusters(posterior, **arguments)


def test_tiles_count_only_what_is_observed():
    x, labels = np.array([[1, 1, 1, 0], [1, 0, 0, 0]], np.uint8), [0, 0]
    seen = np.array([[True, True, False, True], [True, True, False, False]])
    table = BinaryTable.from_input(x, seen)
    plan = Plan.checked(Prior(alpha=3, a=0.5, b=0.7), 1, 1, 0, None, check_init("random:1", 2)[0], 1)
    record = ChainRecord(*run_segment(table, plan, start(table, plan, None, 0), 0, 1))
    given = Posterior(table, plan, [record], "test")
    given._labels = np.array([[labels]])
    tile = plot.clusters(given).images[0].get_array()
    np.testing.assert_allclose(tile.ravel(), np.array([2.5, 1.5, 0.5, 0.5]) / np.array([3.2, 3.2, 1.2, 2.2]))


def test_one_left_out_is_singular():
    assert texts(plot.clusters(given_clusters([9, 1]), most=1))[-1] == "+ 1 smaller cluster with 1 image"


@pytest.mark.parametrize("most", [2, 3])
def test_most_says_nothing_where_all_are_shown(most):
    assert texts(plot.clusters(given_clusters([9, 5]), most=most)) == ["9", "5"]


def test_shrink_makes_area_proportional_to_size():
    ax = plot.clusters(given_clusters([100, 50, 16, 1]), shrink=True)
    extents = np.array([image.get_extent() for image in ax.images])
    widths, heights = extents[:, 1] - extents[:, 0], extents[:, 2] - extents[:, 3]
    np.testing.assert_allclose((widths[:3] / widths[0]) ** 2, [1, 0.5, 0.16])
    assert widths[3] == pytest.approx(0.4 * widths[0])  # else it could not be seen
    np.testing.assert_allclose(heights / widths, SHAPE[0] / SHAPE[1])
    np.testing.assert_allclose(extents[:, 2], extents[0, 2])  # all on one line


@pytest.mark.parametrize("shape", [(8, 8), (1, 40), (40, 1), (1, 1)])
@pytest.mark.parametrize("sizes", [[7], [2] * 4 + [1] * 196])
def test_tiles_lie_within_the_axes_whatever_their_shape(shape, sizes):
    ax = plot.clusters(given_clusters(sizes, shape), most=150)
    extents = np.array([image.get_extent() for image in ax.images])
    assert (extents[:, :2] >= -1e-9).all() and (extents[:, 2:] >= -1e-9).all()
    assert extents[:, 1].max() <= ax.get_xlim()[1] + 1e-9
    assert extents[:, 2].max() <= ax.get_ylim()[0]
    assert (extents[:, 2] - extents[:, 3]).min() >= 0.1


def test_numbers_do_not_run_into_each_other(ax):
    plot.clusters(given_clusters([1200] * 12), ax=ax)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"chain": 2}, "chain"),
        ({"chain": 0.5}, "chain"),
        ({"draw": -9}, "draw"),
        ({"draw": "last"}, "draw"),
        ({"per_row": 0}, "per_row"),
        ({"most": 0}, "most"),
        ({"shrink": 1}, "shrink"),
        ({"ax": "here"}, "ax"),
    ],
)
def test_clusters_refuses_bad_arguments(posterior, arguments, named):
    with pytest.raises(InputError, match=f"^{named} must"):
        plot.clusters(posterior, **arguments)
    assert not plt.get_fignums()


def test_clusters_of_a_run_without_draws_says_so():
    posterior = a_posterior(chains=1, sweeps=4, burn_in=2)
    posterior.alpha = posterior.alpha[:, :0]
    with pytest.raises(InputError, match="at least one draw"):
        plot.clusters(posterior)


# completions


def test_completions_show_original_shown_completed_and_uncertainty(posterior):
    x = posterior.table.dense(slice(0, 3))
    ax = plot.completions(posterior, x, HALF)
    assert len(ax.images) == 4 * 3 + 1
    arrays = [np.ma.array(image.get_array()).reshape(-1) for image in ax.images[:12]]
    original, shown, completed, uncertainty = (np.ma.array(arrays[ix : ix + 3]) for ix in (0, 3, 6, 9))
    proba = predict_proba(posterior, x, HALF)
    p = proba[:, ~HALF]
    np.testing.assert_array_equal(original, x)
    assert shown.mask[:, ~HALF].all() and not shown.mask[:, HALF].any()
    np.testing.assert_array_equal(shown.data[:, HALF], x[:, HALF])
    np.testing.assert_array_equal(completed, proba)
    assert uncertainty.mask[:, HALF].all() and not uncertainty.mask[:, ~HALF].any()
    np.testing.assert_allclose(uncertainty.data[:, ~HALF], -p * np.log2(p) - (1 - p) * np.log2(1 - p))
    assert ax.get_title(loc="left") == "3 images with 50% of their pixels hidden"
    assert texts(ax) == ["original", "shown", "completed", "uncertainty", "hidden", "0", "1 bit"]


def test_an_image_has_one_column(posterior):
    ax = plot.completions(posterior, posterior.table.dense(slice(0, 5)), HALF)
    places = np.array([left_and_top(image) for image in ax.images[:20]]).reshape(4, 5, 2)
    assert (np.ptp(places[:, :, 0], axis=0) == 0).all() and (np.diff(places[:, :, 0], axis=1) > 1).all()
    assert (np.ptp(places[:, :, 1], axis=1) == 0).all() and (np.diff(places[:, :, 1], axis=0) > 0).all()


def test_many_completions_are_broken_into_even_blocks(posterior):
    ax = plot.completions(posterior, posterior.table.dense(slice(0, 40)), HALF)
    places = np.array([left_and_top(image) for image in ax.images[:-1]])
    assert len(places) == 160 == len({tuple(place) for place in places})
    assert len(np.unique(places[:, 0])) == 10
    assert texts(ax).count("completed") == 4


def test_given_answers_are_shown_without_asking_again(posterior):
    x = posterior.table.dense(slice(0, 2))
    proba = np.where(HALF, x, 0.25)
    samples = sample_predictive(posterior, x, HALF, size=3, seed=0)
    ax = plot.completions(posterior, x, HALF, proba=proba, samples=samples)
    np.testing.assert_array_equal(ax.images[4].get_array().ravel(), proba[0])
    drawn = np.array([image.get_array().ravel() for image in ax.images[8:14]])
    np.testing.assert_array_equal(drawn, samples.reshape(6, 12))
    assert "sample 3" in texts(ax)


def test_one_image_may_be_a_row(posterior):
    x = posterior.table.dense()[0]
    samples = sample_predictive(posterior, x, HALF, size=2, seed=0)
    ax = plot.completions(posterior, x, HALF, proba=predict_proba(posterior, x, HALF), samples=samples)
    assert len(ax.images) == 4 + 2 + 1
    assert ax.get_title(loc="left") == "1 image with 50% of its pixels hidden"


@pytest.mark.parametrize("kind", ["masked", "nan"])
def test_what_nobody_knows_has_no_original(posterior, kind):
    x = posterior.table.dense(slice(0, 2))
    hidden = np.broadcast_to(~HALF, x.shape)
    x = np.ma.array(x, mask=hidden) if kind == "masked" else np.where(hidden, np.nan, x)
    for images in (x, x[0]):
        ax = plot.completions(posterior, images)
        assert "original" not in texts(ax)
        assert ax.images[0].get_array().mask.ravel().tolist() == (~HALF).tolist()


@pytest.mark.parametrize("kind", ["masked", "nan"])
def test_nothing_need_be_shown(posterior, kind):
    x = np.ma.masked_all((2, 12), np.uint8) if kind == "masked" else np.full((2, 12), np.nan)
    ax = plot.completions(posterior, x, mode=True, samples=2)
    assert ax.get_title(loc="left") == "2 images with 100% of their pixels hidden"
    np.testing.assert_allclose(ax.images[2].get_array().ravel(), predict_proba(posterior, x)[0])


def test_hidden_values_need_not_be_pixels(posterior):
    ax = plot.completions(posterior, np.where(HALF, 1, -5)[None], HALF, proba=np.where(HALF, 1, 0.5))
    assert "original" not in texts(ax)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"x": np.zeros((2, 5))}, "x"),
        ({"x": np.full((2, 12), 7)}, "x"),
        ({"x": np.full((2, 12), 7), "proba": np.full((2, 12), 0.5)}, "x"),
        ({"observed": HALF[:5]}, "observed"),
        ({"observed": HALF.astype(int)}, "observed"),
        ({"proba": np.full((3, 12), 0.5)}, "proba"),
        ({"proba": np.full((2, 12), 1.5)}, "proba"),
        ({"proba": np.full((2, 12), np.nan)}, "proba"),
        ({"proba": np.full((2, 12), 0.5)}, "proba"),
        ({"samples": np.zeros((2, 12))}, "samples"),
        ({"samples": np.ones((4, 2, 12))}, "samples"),
        ({"ax": 3}, "ax"),
    ],
)
def test_completions_refuses_bad_arguments(posterior, change, named):
    arguments = {"x": np.zeros((2, 12)), "observed": HALF} | change
    with pytest.raises(InputError, match=f"^{named} must"):
        plot.completions(posterior, **arguments)
    assert not plt.get_fignums()


# trace


def test_trace_shows_every_sweep_of_every_chain(posterior):
    panels = plot.trace(posterior)
    assert len(panels) == 2
    for panel, name in zip(panels, ("log_joint", "n_clusters"), strict=True):
        assert [line.get_label() for line in panel.lines] == ["chain 0", "chain 1"]
        for line, values in zip(panel.lines, posterior.trace[name], strict=True):
            np.testing.assert_array_equal(line.get_xdata(), np.arange(1, 7))
            np.testing.assert_array_equal(line.get_ydata(), values)
    assert [text.get_text() for text in panels[0].get_legend().texts] == ["chain 0", "1"]


def test_chains_look_the_same_in_both_panels():
    panels = plot.trace(a_posterior(chains=9, sweeps=2))
    expected = [chain_style(chain)["color"] for chain in range(9)]
    assert [[line.get_color() for line in panel.lines] for panel in panels] == [expected, expected]
    assert panels[1].lines[0].get_linestyle() == "-" != panels[1].lines[7].get_linestyle()


def test_28_chains_differ():
    assert len({str(chain_style(chain)) for chain in range(28)}) == 28


def test_legend_names_the_lines_in_any_number_of_rows():
    panels = plot.trace(a_posterior(chains=20, sweeps=2))
    legend = panels[0].get_legend()
    names = [text.get_text() for text in legend.texts]
    named = dict(zip(names, [line.get_color() for line in legend.get_lines()], strict=True))
    assert named == {str(ix) if ix else "chain 0": chain_style(ix)["color"] for ix in range(20)}


def test_dozens_of_chains_are_counted_not_named():
    panels = plot.trace(a_posterior(chains=25, sweeps=2))
    assert panels[0].get_legend() is None
    assert panels[0].get_title(loc="right") == "25 chains"


def traced(values, burn_in):
    posterior = a_posterior(chains=1, sweeps=2)
    posterior.trace = {"log_joint": values[None], "n_clusters": 5 + np.arange(len(values))[None] % 3}
    posterior.plan = Plan.checked(Prior(), 1, len(values), burn_in, None, "one", 0)
    return posterior


def test_an_early_climb_does_not_squash_the_rest():
    values = np.r_[-2_500_000.0, -2_350_000, np.linspace(-2_330_900, -2_330_000, 98)]
    panel = plot.trace(traced(values, 50))[0]
    low, high = panel.get_ylim()
    assert -2_335_000 < low < -2_330_460 and -2_330_000 < high < -2_329_000
    assert texts(panel) == ["burn-in · from \N{MINUS SIGN}2,500,000"]


def test_all_is_shown_where_nothing_lies_far_outside():
    panel = plot.trace(traced(np.linspace(-10.0, -9.0, 20), 10))[0]
    low, high = panel.get_ylim()
    assert low < -10 and high > -9
    assert texts(panel) == ["burn-in"]


@pytest.mark.parametrize("burn_in", [0, 4])
def test_burn_in_is_shaded(burn_in):
    for panel in plot.trace(traced(np.arange(10.0), burn_in)):
        ends = [patch.get_x() + patch.get_width() for patch in panel.patches]
        assert ends == ([burn_in + 0.5] if burn_in else [])


def test_ticks_are_written_with_separators_and_clusters_as_integers():
    log_joint, n_clusters = plot.trace(traced(np.linspace(-12_345_000.0, -12_340_000, 20), 0))
    assert log_joint.yaxis.get_major_formatter()(-12_343_000, 0) == "\N{MINUS SIGN}12,343,000"
    ticks = n_clusters.get_yticks()
    assert (ticks == ticks.round()).all()


@pytest.mark.parametrize("sweeps", [1, 3])
def test_constant_and_short_chains_are_fine(sweeps):
    posterior = traced(np.full(sweeps, -3.0), 0)
    posterior.trace["n_clusters"] = np.ones((1, sweeps), int)
    log_joint, n_clusters = plot.trace(posterior)
    assert log_joint.get_ylim()[0] < -3 < log_joint.get_ylim()[1]
    ticks = n_clusters.get_yticks()
    assert 1 in ticks and (ticks == ticks.round()).all()


@pytest.mark.parametrize(("sweeps", "ticks"), [(100, [0, 20, 40, 60, 80, 100]), (6, [1, 2, 3, 4, 5, 6])])
def test_ticks_of_sweeps_are_round(sweeps, ticks):
    panel = plot.trace(traced(np.arange(float(sweeps)), 0))[1]
    low, high = panel.get_xlim()
    assert [tick for tick in panel.get_xticks() if low <= tick <= high] == ticks


def test_panels_say_what_they_are(posterior):
    assert repr(plot.trace(posterior)).startswith("<2 panels: log joint (nats)")


def test_trace_draws_on_a_pair_of_axes(posterior):
    _, pair = plt.subplots(2)
    panels = plot.trace(posterior, ax=pair)
    assert list(panels) == list(pair)
    assert len(plt.get_fignums()) == 1


def test_trace_divides_one_axes(posterior, ax):
    panels = plot.trace(posterior, ax=ax)
    assert list(panels) == ax.child_axes
    assert panels[0].get_position().y0 > panels[1].get_position().y1


@pytest.mark.parametrize("ax", ["ab", 1, [1, 2], [1, 2, 3]])
def test_trace_refuses_other_axes(posterior, ax):
    with pytest.raises(InputError, match=r"^ax"):
        plot.trace(posterior, ax=ax)


# all of them

DRAW = {
    "clusters": lambda posterior, ax: plot.clusters(posterior, ax=ax),
    "completions": lambda posterior, ax: plot.completions(posterior, posterior.table.dense()[0], HALF, ax=ax),
    "trace": lambda posterior, ax: plot.trace(posterior, ax=ax)[0],
}


@pytest.mark.parametrize("name", sorted(DRAW))
def test_given_axes_are_used_and_pyplot_is_left_alone(posterior, name):
    figure = matplotlib.figure.Figure()
    ax, other = figure.subplots(1, 2)
    bystander, current = plt.subplots()
    drawn = DRAW[name](posterior, ax)
    assert drawn.figure is figure
    assert drawn is ax or drawn in ax.child_axes
    assert not other.images and not other.lines and not other.texts
    assert plt.get_fignums() == [bystander.number] and plt.gca() is current
    figure.canvas.draw()


@pytest.mark.parametrize("name", sorted(DRAW))
def test_without_axes_one_figure_is_made(posterior, name):
    drawn = DRAW[name](posterior, None)
    assert plt.get_fignums() == [drawn.figure.number]


@pytest.mark.parametrize("function", [plot.clusters, plot.completions, plot.trace])
def test_anything_but_a_posterior_is_refused(function):
    arguments = [np.zeros(12)] if function is plot.completions else []
    with pytest.raises(InputTypeError, match=r"^posterior must be a dpmix.Posterior; got ndarray"):
        function(np.zeros((2, 12)), *arguments)


@pytest.mark.parametrize("name", sorted(DRAW))
def test_polar_axes_are_refused(posterior, name):
    figure = matplotlib.figure.Figure()
    with pytest.raises(InputError, match=r"^ax must have plain x and y axes; got a polar projection"):
        DRAW[name](posterior, figure.add_subplot(projection="polar"))


# hyperparameters


def test_hyperparameters_show_mean_and_strength(posterior, ax):
    rng = np.random.default_rng(0)
    posterior = a_posterior()
    posterior.a, posterior.b = rng.gamma(1.0, size=(2, *posterior.a.shape))
    assert plot.hyperparameters(posterior, ax=ax) is ax
    mean, strength, scale, other = (np.asarray(image.get_array()) for image in ax.images)
    a, b = posterior.a, posterior.b
    np.testing.assert_allclose(mean, (a / (a + b)).mean(axis=(0, 1)).reshape(SHAPE))
    log = np.log(a + b).mean(axis=(0, 1))
    np.testing.assert_allclose(strength.ravel(), (log - log.min()) / (log.max() - log.min()))
    assert scale.shape == other.shape == (1, 256)
    ends = [f"{np.exp(end):.2g} images" for end in (log.min(), log.max())]
    assert texts(ax) == ["mean a / (a + b)", "0, never on", "1, always on", "strength a + b", *ends]
    assert ax.get_title(loc="left") == "Prior of 12 pixels · all chains"
    assert "Strength: so many members weigh as much" in " ".join(ax.get_xlabel().split())
    one = plot.hyperparameters(posterior, chain=-1)
    np.testing.assert_allclose(one.images[0].get_array(), (a / (a + b))[1].mean(axis=0).reshape(SHAPE))
    assert one.get_title(loc="left").endswith("chain 1")


def test_hyperparameters_that_are_all_the_same(posterior):
    ax = plot.hyperparameters(posterior)
    np.testing.assert_allclose(ax.images[0].get_array(), 0.5 / 1.2)
    assert (ax.images[1].get_array() == 0.5).all()


@pytest.mark.parametrize(
    ("change", "named"), [({"chain": 2}, "chain"), ({"chain": 0.5}, "chain"), ({"ax": 3}, "ax")]
)
def test_hyperparameters_refuses_bad_arguments(posterior, change, named):
    with pytest.raises(InputError, match=f"^{named} must"):
        plot.hyperparameters(posterior, **change)
    assert not plt.get_fignums()


# completions by the best cluster and with samples asked for


def test_completions_ask_for_mode_and_samples(posterior):
    x = posterior.table.dense(slice(0, 2))
    ax = plot.completions(posterior, x, HALF, mode=True, samples=2)
    rows = ["original", "shown", "completed", "best cluster", "uncertainty", "sample 1", "sample 2"]
    assert texts(ax)[:7] == rows
    best = np.array([image.get_array().ravel() for image in ax.images[6:8]])
    np.testing.assert_array_equal(best, predict_mode(posterior, x, HALF))
    drawn = np.array([image.get_array().ravel() for image in ax.images[10:14]])
    np.testing.assert_array_equal(drawn, sample_predictive(posterior, x, HALF, size=2, seed=0).reshape(4, 12))
    assert "sample 1" not in texts(plot.completions(posterior, x, HALF, mode=False, samples=0))


@pytest.mark.parametrize(
    ("change", "named"), [({"mode": np.ones((3, 12))}, "mode"), ({"samples": -1}, "samples")]
)
def test_completions_refuse_bad_modes(posterior, change, named):
    with pytest.raises(InputError, match=f"^{named} must"):
        plot.completions(posterior, np.zeros((2, 12)), HALF, **change)
    assert not plt.get_fignums()
