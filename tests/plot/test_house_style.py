"""One style on any page: text that can be read in light and dark, on own axes, for few and for many clusters."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from dpmix import plot
from dpmix.features import BernoulliRBM, DeepBeliefNet
from dpmix.partitions import profile
from dpmix.plot import style
from support.looks import faults
from support.query_cases import posterior_of

STYLES = ("default", "dark_background", "ggplot", "Solarize_Light2")
PAGES = ("#102040", "0.5", "#ffe000")


def posterior_with(k, n, d, columns=None):
    """Draws of a table of `n` rows in `k` clusters of very different sizes."""
    rng = np.random.default_rng(k)
    labels = np.sort(np.r_[np.arange(k), (k * rng.random(n - k) ** 3).astype(int)])
    labels = np.argsort(np.argsort(-np.bincount(labels), kind="stable"))[labels]
    x = (rng.random((n, d)) < rng.beta(0.4, 0.4, (k, d))[labels]).astype(int)
    a = rng.gamma(2.0, size=d) + 0.1
    posterior = posterior_of(x, [(labels, 1.0, a, a[::-1])] * 4, chains=2)
    if columns is not None:
        table = posterior.table.from_input(x, columns=columns)
        posterior = type(posterior)(table, posterior.plan, posterior.records, "0")
    return posterior, labels, x


def of_images(k=7, n=60, d=16):
    """Pictures of clusters of images, by name."""
    posterior, labels, x = posterior_with(k, n, d)
    y, half = x[:, 0] + 2 * x[:, 1], np.arange(d) < d // 2
    points = np.random.default_rng(0).normal(size=(n, 2)) + labels[:, None] % 7
    return {
        "clusters": lambda ax: plot.clusters(posterior, ax=ax),
        "shrunk": lambda ax: plot.clusters(posterior, shrink=True, most=30, ax=ax),
        "completions": lambda ax: plot.completions(posterior, x[:5], half, mode=True, samples=1, ax=ax),
        "contingency": lambda ax: plot.contingency(labels, y, ax=ax),
        "embedding": lambda ax: plot.embedding(points, labels, ax=ax),
        "gallery": lambda ax: plot.gallery(posterior, labels, most=60, ax=ax),
        "hyperparameters": lambda ax: plot.hyperparameters(posterior, ax=ax),
        "similarity": lambda ax: plot.similarity(posterior, labels, ax=ax),
        "trace": lambda ax: plot.trace(posterior, ax=ax),
    }


def of_table(k=4, n=60, d=5, columns=True):
    """Pictures of clusters of a table, by name."""
    posterior, labels, x = posterior_with(k, n, d, [f"question {j}" for j in range(d)] if columns else None)
    half = np.arange(d) < d // 2
    return {
        "table clusters": lambda ax: plot.clusters(posterior, ax=ax),
        "table completions": lambda ax: plot.completions(posterior, x[:3], half, samples=1, ax=ax),
        "table gallery": lambda ax: plot.gallery(posterior, labels, ax=ax),
        "table hyperparameters": lambda ax: plot.hyperparameters(posterior, ax=ax),
        "profiles": lambda ax: plot.profiles(profile(posterior, labels), ax=ax),
    }


def of_models():
    """Pictures of extractors and of what they are for, by name."""
    rng = np.random.default_rng(8)
    x = (rng.random((40, 16)) < rng.random(16)).astype(np.uint8)
    layer = BernoulliRBM(n_iter=3, batch_size=10)
    net = DeepBeliefNet((7, 5), rbm=layer, random_state=0).fit(x[:30], validation=x[30:])
    true, found = rng.integers(0, 10, (2, 300))
    return {
        "bias_images": lambda ax: plot.bias_images(net, x, ax=ax),
        "confusion": lambda ax: plot.confusion(np.r_[true, true], np.r_[true, found], data="test", ax=ax),
        "fantasies": lambda ax: plot.fantasies(net, 9, 1, ax=ax),
        "image_grid": lambda ax: plot.image_grid(x[:9], names=range(9), ax=ax),
        "image_rows": lambda ax: plot.image_rows([("true", x[:3]), ("noisy", x[3:6])], ax=ax),
        "reconstructions": lambda ax: plot.reconstructions(net, x[:3], ax=ax),
        "training_curves": lambda ax: plot.training_curves(net, ax=ax),
        "unit_effects": lambda ax: plot.unit_effects(net, ax=ax),
        "weights": lambda ax: plot.weights(net, ax=ax),
    }


@pytest.fixture(scope="module")
def every():
    return of_images() | of_table() | of_models()


def wrong(pictures, ax=None, inside=True):
    """Faults of each picture that has some, with its name."""
    found = {}
    for name, draw in pictures.items():
        place = ax() if ax else None
        figure = np.ravel(draw(place))[0].figure
        found |= {name: those} if (those := faults(figure, inside)) else {}
        plt.close(figure)
    return found


FEW = ("clusters", "contingency", "gallery", "trace", "table completions")


def test_a_dark_picture_can_be_read():
    some = of_images() | of_table()
    with plt.style.context("dark_background"):
        assert wrong({name: some[name] for name in FEW}) == {}
        figure = plot.image_grid(np.eye(4)).figure
    assert figure.get_facecolor()[:3] == to_rgb("black")


@pytest.mark.slow
def test_every_plot_is_looked_at(every):
    assert {*every} >= {*plot.__all__} - {"house_style"}


@pytest.mark.slow
@pytest.mark.parametrize("name", STYLES)
def test_every_style_can_be_read(every, name):
    with plt.style.context(name):
        assert wrong(every) == {}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_own_axes_of_any_colour_can_be_read(every, page):
    def own():
        return plt.subplots(figsize=(12, 12), facecolor=page, subplot_kw={"facecolor": "#7a1f1f"})[1]

    assert wrong(every, own) == {}


@pytest.mark.parametrize("name", ["hyperparameters", "similarity", "clusters"])
def test_small_axes_have_no_words_over_each_other(name):
    figure, axes = plt.subplots(2, 2, figsize=(9, 7))
    of_images()[name](axes[0, 1])
    assert [fault for fault in faults(figure) if fault.startswith("one over the other")] == []


@pytest.mark.slow
@pytest.mark.parametrize("k", [1, 7, 40, 103, 425])
def test_any_number_of_clusters_can_be_read(k):
    assert wrong(of_images(k, max(2 * k, 60))) == {}


@pytest.mark.slow
@pytest.mark.parametrize(("k", "d", "columns"), [(3, 5, True), (12, 100, True), (30, 40, False)])
def test_any_table_can_be_read(k, d, columns):
    assert wrong(of_table(k, 200, d, columns)) == {}


def test_faults_are_found():
    figure, ax = plt.subplots(figsize=(4, 3))
    ax.set_axis_off()
    ax.text(0.2, 0.5, "pale words", color="0.8")
    ax.text(0.2, 0.2, "one word")
    ax.text(0.22, 0.2, "another word")
    ax.text(0.9, 0.8, "a long word at the edge")
    ax.text(0.1, 0.9, "tiny", size=3)
    expected = [
        "hard to read: pale words",
        "cut off: a long word at the edge",
        "too small: tiny",
        "one over the other: another word and one word",
    ]
    assert sorted(faults(figure)) == sorted(expected)


# Colours


def linear(colour):
    part = np.array(to_rgb(colour))
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


# What red, green and blue become for who lacks one kind of cone, in linear light: Machado et al. (2009), severity 1.
VISION = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(light):
    """CIE L*a*b* of linear light."""
    x, y, z = np.cbrt(XYZ @ light.clip(0, 1) / (0.9505, 1, 1.089) + 1e-6)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def nearest(colours, vision):
    """The least distance of two colours in L*a*b*; 2.3 is just noticeable side by side."""
    seen = [lab(np.array(VISION[vision]) @ linear(colour)) for colour in colours]
    return min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2))


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("ground", ["white", "black"])
def test_lines_are_told_apart_by_everybody(ground, vision):
    assert nearest(style.line_colours(ground), vision) > 15
    tab10 = [f"C{ix}" for ix in range(10)]
    assert nearest(tab10, "deuteranopia") < 8  # what a test of this kind must find


@pytest.mark.parametrize(("ground", "least"), [("white", 3), ("#eaeaf2", 2.5), ("black", 4), ("#222222", 4)])
def test_lines_stand_out_from_the_page(ground, least):
    assert min(style.contrast(colour, ground) for colour in style.line_colours(ground)) > least


def test_text_of_a_style_is_kept_where_it_can_be_read():
    with plt.rc_context({"text.color": "#004488"}):
        assert style.page_of("white").ink == "#004488"
        assert style.contrast(style.page_of("#003366").ink, "#003366") > 7


def test_pages_are_those_behind_the_axes():
    figure = plt.figure(facecolor="#102040")
    left, right = figure.subfigures(1, 2)
    right.set_facecolor("#fff8e0")
    outer = right.subplots(subplot_kw={"facecolor": "#400000"})
    assert style.page_behind(left.subplots()).ground == "#102040"
    assert style.page_behind(outer).ground == "#fff8e0"
    assert (
        style.page_within(outer).ground
        == style.page_behind(outer.inset_axes([0, 0, 1, 1])).ground
        == "#400000"
    )
    with plt.style.context("dark_background"):
        assert style.page_behind(plt.figure(facecolor="none").subplots()).ground == "#000000"


@pytest.mark.parametrize("name", ["default", "dark_background"])
def test_house_style_is_for_own_axes(name):
    with plt.style.context(name):
        before = plt.rcParams.copy()
        with plot.house_style():
            figure, ax = plt.subplots(figsize=(5, 3), layout="constrained")
            for ix in range(9):
                ax.plot([0, ix], label=f"model {ix}")
            ax.set(title="ROC", xlabel="false", ylabel="true")
            ax.legend(loc="upper left", bbox_to_anchor=(0, 1), ncols=3)
            looks = {(line.get_color(), str(line.get_linestyle())) for line in ax.lines}
            assert faults(figure) == []
        assert plt.rcParams == before
    assert len(looks) == 9 and {colour for colour, _ in looks} <= {
        *style.line_colours(figure.get_facecolor())
    }


def test_titles_stand_where_there_was_a_blank_strip():
    x = np.eye(4)
    assert plot.image_grid(x).get_title(loc="left") == "4 images"
    assert plot.image_rows([("true", x), ("a\nb", x)]).get_title(loc="left") == "4 images: true and a b"
    assert (
        plot.image_rows([(f"{ix}" * 30, x) for ix in range(3)]).get_title(loc="left") == "4 images in 3 rows"
    )
    plain, titled = plot.image_grid(x, title=""), plot.image_grid(x, title="four")
    assert not plain.get_title(loc="left")
    assert plain.figure.get_figheight() < titled.figure.get_figheight()
