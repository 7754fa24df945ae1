"""Plots of extractors and classifiers: what stands on the axes, and that nothing else is touched."""

import matplotlib.pyplot as plt
import numba
import numpy as np
import pytest

from dpmix import plot
from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets import Images
from dpmix.features import BernoulliRBM, DeepBeliefNet, NetworkClassifier
from dpmix.features.probes import bias_image, unit_images, weight_images
from support.axes import texts

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="interpreted kernels warn of overflow")

D, SIZES = 12, (7, 5)
SHAPE = (3, 4)


@pytest.fixture(scope="module")
def x():
    rng = np.random.default_rng(8)
    return (rng.random((40, D)) < rng.random(D)).astype(np.uint8)


@pytest.fixture(scope="module")
def net(x):
    layer = BernoulliRBM(n_iter=3, batch_size=10)
    return DeepBeliefNet(SIZES, rbm=layer, random_state=0).fit(x[:30], validation=x[30:])


def pictures(ax):
    return np.array([np.ma.filled(image.get_array(), np.nan) for image in ax.images])


# Rows.


def test_rows_of_images(x):
    rows = {"true": x[:5], "noisy": x[:5] / 2, "decoded": 1 - x[:5]}
    ax = plot.image_rows(rows, shape=SHAPE, title="three roads")
    expected = np.concatenate(list(rows.values())).reshape(15, *SHAPE)
    np.testing.assert_allclose(pictures(ax), expected)
    assert texts(ax) == list(rows)
    assert ax.get_title(loc="left") == "three roads"
    left = [image.get_extent()[0] for image in ax.images]
    assert left[:5] == left[5:10] == left[10:]
    top = [image.get_extent()[3] for image in ax.images]
    assert len({*top[:5]}) == 1 and top[0] < top[5] < top[10]


def test_long_rows_go_on_below(x):
    ax = plot.image_rows([("a", x[:7]), ("b", x[:7])], shape=SHAPE, per_row=3)
    assert texts(ax) == ["a", "a", "a", "b", "b", "b"]
    tops = [round(image.get_extent()[3], 6) for image in ax.images]
    assert len({*tops}) == 6
    assert tops[0] < tops[7] < tops[3]  # the second row of the first block stands above the second block


def test_what_is_not_known_is_not_white(x):
    masked = np.ma.array(x[:2], mask=x[:2] == 0)
    missing = np.where(x[:2] == 0, np.nan, x[:2])
    for values in (masked, missing):
        found = pictures(plot.image_rows([("seen", values)], shape=SHAPE)).reshape(2, D)
        assert (np.isnan(found) == (x[:2] == 0)).all()


def test_shape_of_images():
    x = np.eye(6, dtype=int)
    assert pictures(plot.image_grid(Images(x, shape=(2, 3)))).shape == (6, 2, 3)
    assert pictures(plot.image_grid(x.reshape(6, 3, 2))).shape == (6, 3, 2)
    assert pictures(plot.image_grid(np.eye(9))).shape == (9, 3, 3)
    assert pictures(plot.image_grid(np.ones(6))).shape == (1, 1, 6)
    assert pictures(plot.image_rows([("a", Images(x, shape=(2, 3))), ("b", x)])).shape == (12, 2, 3)


def test_reconstructions(net, x):
    ax = plot.reconstructions(net, x[:4], shape=SHAPE)
    expected = [x[:4], net.reconstruct(x[:4], 1), net.reconstruct(x[:4], 2)]
    np.testing.assert_allclose(pictures(ax), np.concatenate(expected).reshape(12, *SHAPE), atol=1e-6)
    loss = [np.sqrt(np.mean((back - x[:4]) ** 2)) for back in expected[1:]]
    assert texts(ax) == ["original", f"1 layer\nRMSE {loss[0]:.3f}", f"2 layers\nRMSE {loss[1]:.3f}"]
    assert len(plot.reconstructions(net, x[:4], 2).images) == 8
    assert len(plot.reconstructions(net.rbms_[0], x[:4]).images) == 8


# Grids.


def test_grid_with_names(x):
    ax = plot.image_grid(x[:5], names=range(5), shape=SHAPE, per_row=3)
    assert texts(ax) == list("01234")
    assert (pictures(ax).reshape(5, D) == x[:5]).all()
    for image, text in zip(ax.images, ax.texts, strict=True):
        left, right, bottom, _ = image.get_extent()
        assert left < text.get_position()[0] < right and text.get_position()[1] > bottom


def test_signed_grid_has_one_scale():
    values = np.array([[0.5, -2.0, 0, 0], [0, 0, 1, 0]])
    ax = plot.image_grid(values, signed=True, limit=2)
    *tiles, scale = ax.images
    assert all(tile.get_clim() == (-2, 2) for tile in tiles)
    assert (scale.get_array()[0, [0, -1]] == [-2, 2]).all()
    assert texts(ax) == ["\u22122", "+2"]
    colours = tiles[0].cmap(tiles[0].norm(values))
    blue, red = colours[0, 1], colours[1, 2]
    assert blue[2] > blue[0] and red[0] > red[2]


def test_a_few_strong_pixels_do_not_set_the_scale():
    values = np.random.default_rng(0).normal(size=(20, 100))
    values[0, 0] = 1000
    assert plot.image_grid(values, signed=True).images[0].get_clim()[1] < 5
    assert plot.image_grid(np.zeros((1, 4)), signed=True).images[0].get_clim()[1] == 1
    assert plot.image_grid([np.nan, 0.3, 0.3, -0.3], signed=True).images[0].get_clim()[1] == pytest.approx(
        0.3
    )


def test_images_of_the_biases(net, x):
    ax = plot.bias_images(net, x, shape=SHAPE)
    expected = [x.mean(axis=0), bias_image(net, 1), bias_image(net, 2)]
    np.testing.assert_allclose(pictures(ax).reshape(3, D), expected, atol=1e-6)
    assert texts(ax) == ["mean image", "layer 1 off", "layer 2 off"]
    assert texts(plot.bias_images(net.rbms_[0], x)) == ["mean image", "biases alone"]
    assert texts(plot.bias_images(net, x, 2)) == ["mean image", "layer 2 off"]


@pytest.mark.parametrize("layer", [1, 2])
def test_effects_of_units(net, layer):
    ax = plot.unit_effects(net, layer, [4, 0], shape=SHAPE)
    np.testing.assert_allclose(pictures_but_scale(ax), unit_images(net, layer, [4, 0]), atol=1e-6)
    assert texts(ax)[:2] == ["4", "0"]
    assert f"layer {layer}" in ax.get_title(loc="left")


def pictures_but_scale(ax):
    return np.array([image.get_array().ravel() for image in ax.images[:-1]])


def test_strongest_units_come_first(net):
    for ax, images in (
        (plot.weights(net, 2, 3), weight_images(net, 2)),
        (plot.unit_effects(net, 2, 3), unit_images(net, 2)),
    ):
        shown = [int(text) for text in texts(ax)[:3]]
        norms = np.linalg.norm(images, axis=1)
        assert shown == np.argsort(-norms)[:3].tolist()
        np.testing.assert_allclose(pictures_but_scale(ax), images[shown], atol=1e-6)
        assert "3 of 5" in ax.get_title(loc="left")


def test_weights_above_layer_1_say_how_they_are_combined(net):
    titles = [plot.weights(net, layer).get_title(loc="left") for layer in (1, 2)]
    assert titles[0].endswith("units of layer 1: weights")
    assert titles[1].endswith("units of layer 2: weights times those of layer 1")


def test_fantasies(net):
    ax = plot.fantasies(net, 5, 2, shape=SHAPE)
    assert pictures(ax).shape == (5, *SHAPE)
    assert "5 fantasies after 2 Gibbs steps" in ax.get_title(loc="left")
    assert plot.fantasies(net, 1, 1, shape=SHAPE).get_title(loc="left") == "1 fantasy after 1 Gibbs step"


# Curves.


def lines(panel):
    return {line.get_label(): (line.get_linestyle(), list(line.get_ydata())) for line in panel.lines}


def test_curves_of_layers(net):
    panels = plot.training_curves(net)
    assert [panel.get_title(loc="left") for panel in panels] == [
        "layer 1: squared error per pixel",
        "layer 2: squared error per unit below",
        "layer 1: pseudo-likelihood (nats per image)",
        "layer 2: pseudo-likelihood (nats per image)",
        "layer 1: free-energy gap (nats per image)",
        "layer 2: free-energy gap (nats per image)",
    ]
    history = net.rbms_[1].history_
    assert lines(panels[1]) == {
        "training": ("-", history["reconstruction_error"]),
        "validation": ("--", history["validation_error"]),
    }
    assert lines(panels[4])["training"] == ("-", net.rbms_[0].history_["free_energy_gap"])
    assert (panels[0].lines[0].get_xdata() == [1, 2, 3]).all()
    assert len(panels[0].get_legend().get_texts()) == 2
    assert [text.get_text() for text in panels[0].figure.texts] == ["DeepBeliefNet · 3 epochs"]


def test_curves_of_a_classifier(x):
    y = x[:, 0]
    network = NetworkClassifier(3, n_iter=4, random_state=0).fit(x, y, validation=(x, y))
    (panel,) = plot.training_curves(network)
    assert lines(panel) == {
        "training": ("-", network.history_["loss"]),
        "validation": ("--", network.history_["validation_loss"]),
    }


def test_curves_of_several_trainings(net):
    rates = {"learning_rate": [1, 1], "seconds": [3, 3]}
    one, two = {"loss": [3.0, 2.0], **rates}, {"loss": [4.0, 1.0], "own_figure": [5, 6]}
    panels = plot.training_curves({"plain": one, "denoising": two})
    assert [panel.get_title(loc="left") for panel in panels] == ["loss", "own figure"]
    assert lines(panels[0]) == {"plain": ("-", [3, 2]), "denoising": ("-", [4, 1])}
    assert len({line.get_color() for line in panels[0].lines}) == 2
    first, second = plot.training_curves({"net": net, "machine": net.rbms_[0]}, figures=["free_energy_gap"])
    assert list(lines(first)) == ["net", "machine"] and list(lines(second)) == ["net"]
    assert first.lines[0].get_color() == second.lines[0].get_color() != first.lines[1].get_color()


def test_curves_on_given_axes(ax):
    history = {"loss": [3, 2, 1], "own": [1, 2, 3]}
    assert plot.training_curves(history, figures=["loss"], ax=ax)[0] is ax
    panels = plot.training_curves(history, ax=ax)
    assert [panel.figure for panel in panels] == [ax.figure] * 2
    figure, pair = plt.subplots(1, 2)
    assert list(plot.training_curves(history, ax=pair)) == list(pair)
    with pytest.raises(InputError, match="one for each of 2 panels; got 1"):
        plot.training_curves(history, ax=[ax])


def test_histories_that_are_none():
    with pytest.raises(InputTypeError, match="history must be a fitted model"):
        plot.training_curves([1, 2])
    with pytest.raises(InputTypeError, match=r"history\['a'\]"):
        plot.training_curves({"a": {"loss": "low"}})
    with pytest.raises(InputError, match="monitor_size=0"):
        plot.training_curves({"seconds": [1, 2]})
    with pytest.raises(InputError, match="asked for"):
        plot.training_curves({"loss": [1, 2]}, figures=["error"])


# Confusion.


def test_confusion_counts():
    true = np.array([3, 3, 3, 7, 7, 9])
    found = np.array([3, 3, 7, 7, 7, 8])
    ax = plot.confusion(true, found)
    counts = np.array([[2, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]])
    assert len(ax.patches) == counts.size
    assert [text for text in texts(ax) if text.isdigit()][:4] == [str(n) for n in counts.ravel() if n]
    assert [text for text in texts(ax) if text.endswith("%") or text == "–"] == [
        "66.7%",
        "100.0%",
        "–",
        "0.0%",
    ]
    assert ax.get_title(loc="left") == "4 of 6 right, 66.67%"
    red, _, blue = np.moveaxis([patch.get_facecolor()[:3] for patch in ax.patches], 1, 0).reshape(3, 4, 4)
    assert red[1, 1] < red[0, 0] < red[0, 2]  # darker where more are right
    assert red[3, 2] < red[0, 1] and (red - blue > 0.2).tolist() == (counts * (1 - np.eye(4)) > 0).tolist()


def test_confusion_of_names(ax):
    assert plot.confusion(["cat", "dog", "dog"], ["cat", "dog", "cat"], title="pets", ax=ax) is ax
    assert {"cat", "dog", "50.0%", "true", "predicted", "recall"} <= {*texts(ax)}
    assert ax.get_title(loc="left") == "pets"


def test_confusion_says_of_what(ax):
    title = plot.confusion([0, 1], [0, 0], data="MNIST $, test", ax=ax).get_title(loc="left")
    assert title == r"MNIST \$, test · 1 of 2 right, 50.00%"
    long = plot.confusion([0, 1], [0, 0], data="/a" * 40 + "/test.npy", ax=ax).get_title(loc="left")
    assert long.startswith("…") and "/test.npy · 1 of 2" in long and len(long) < 65
    with pytest.raises(InputTypeError, match="data must be text"):
        plot.confusion([0], [0], data=3)


def test_all_right():
    ax = plot.confusion([True, False], [True, False])
    assert texts(ax)[:2] == ["1", "1"]


# All of them.


EVERY = {
    "rows": lambda net, x, ax: plot.image_rows([("a", x[:3])], ax=ax),
    "reconstructions": lambda net, x, ax: plot.reconstructions(net, x[:3], ax=ax),
    "grid": lambda net, x, ax: plot.image_grid(x[:3], names="abc", ax=ax),
    "signed": lambda net, x, ax: plot.image_grid(x[:3] - 0.5, signed=True, ax=ax),
    "biases": lambda net, x, ax: plot.bias_images(net, x, ax=ax),
    "units": lambda net, x, ax: plot.unit_effects(net, ax=ax),
    "weights": lambda net, x, ax: plot.weights(net, ax=ax),
    "fantasies": lambda net, x, ax: plot.fantasies(net, 3, 1, ax=ax),
    "confusion": lambda net, x, ax: plot.confusion(x[0], x[1], ax=ax),
}


@pytest.mark.parametrize("name", EVERY)
def test_axes_are_optional_and_returned(net, x, ax, name):
    before = x.copy()
    assert EVERY[name](net, x, ax) is ax
    ax.figure.canvas.draw()
    assert EVERY[name](net, x, None).figure is not ax.figure
    assert (x == before).all()
    with pytest.raises(InputTypeError, match="ax must be Matplotlib axes"):
        EVERY[name](net, x, "axes")


def test_bad_images(net, x):
    wrong = [
        (lambda: plot.image_grid(255 * x), "found 255; divide grey values"),
        (lambda: plot.image_grid(np.ones((2, 2, 2, 2))), r"got \(2, 2, 2, 2\)"),
        (lambda: plot.image_grid(np.ones((0, 4))), r"got \(0, 4\)"),
        (lambda: plot.image_grid(x, shape=(5, 5)), "height \\* width = 12"),
        (lambda: plot.image_grid(x[:3], names="ab"), "one for each of 3 images; got 2"),
        (lambda: plot.image_grid(np.zeros((3000, 4))), "at most 2,000 images"),
        (lambda: plot.image_grid(x, signed=True, limit=-1), "limit"),
        (lambda: plot.image_rows([]), "at least one pair"),
        (lambda: plot.image_rows([x]), r"rows\[0\] must be a pair"),
        (lambda: plot.image_rows([(1, x)]), r"heading of rows\[0\] must be text"),
        (lambda: plot.image_rows([("a", x), ("b", x[:2])]), r"rows\[0\] has 40, rows\[1\] has 2"),
        (lambda: plot.image_rows([("a", x), ("b", np.eye(4))]), "height \\* width = 4"),
        (lambda: plot.reconstructions(net, x, 3), "depths must be between 1 and 2; got 3"),
        (lambda: plot.reconstructions(net, x, []), "at least one number of layers"),
        (lambda: plot.reconstructions("net", x), r"model must have reconstruct\(\)"),
        (lambda: plot.unit_effects(net, 1, [7]), "units must be between 0 and 6"),
        (lambda: plot.weights(net, units=0), "units must be at least 1"),
        (lambda: plot.fantasies(net, 0), "n_samples"),
        (lambda: plot.confusion([1, 2], [1]), "each of the 2 images"),
        (lambda: plot.confusion([1.5], [1]), "y_true must hold integers"),
        (lambda: plot.confusion([1], ["a"]), "of the kind of y_true"),
        (lambda: plot.confusion([], np.array([], int)), "y_true"),
    ]
    for call, message in wrong:
        with pytest.raises(InputError, match=message):
            call()
    assert not plt.get_fignums()
