"""The layers of an autoencoder: their form, where they start from, and their training one by one.

The *encoder* leads from the input to the code layer, the *decoder* from there to the output. In a
mirrored network the decoder has the encoder's sizes and activations in reverse order; only such a
one can be tied, unrolled from an extractor or trained layer by layer.
"""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from dpmix.base.checks import check_choice, check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.features.checks import check_sizes
from dpmix.features.networks.network import LayerSpec, Network
from dpmix.features.networks.training import train

__all__ = ["Form", "check_activations", "encoder_layers", "given_form", "pretrain", "starting_form"]

HIDDEN = ("relu", "sigmoid", "tanh", "linear")


class Form(NamedTuple):
    """Form of an autoencoder.

    Attributes
    ----------
    specs : list of LayerSpec
    code : int
        Number of layers of the encoder.
    mirrored : bool
        Whether the decoder has the encoder's form, reversed.
    """

    specs: list
    code: int
    mirrored: bool


def starting_form(net, x, rng, interruption):
    """The `Form` of an `Autoencoder` for `x`, and a function that sets what is not to start at random."""
    if net.init is None:
        sizes = check_sizes("hidden_layer_sizes", net.hidden_layer_sizes)
        form = given_form(sizes, net.activation, net.code_layer, net.output_activation, net.tied, x.shape[1])
        layers, biases = [], None
    else:
        layers, extractor = encoder_layers(net.init, x, rng, interruption)
        form = _unrolled_form(layers, net.output_activation, net.tied, x.shape[1])
        biases = _decoder_biases(extractor)
    if net.pretrain and not form.mirrored:
        raise InputError(
            "pretrain needs hidden_layer_sizes, and activations, that are the same from both ends, with "
            f"the code in the middle; got {net.hidden_layer_sizes}; use pretrain=0"
        )
    if net.sparsity_target is not None and form.specs[form.code - 1].activation != "sigmoid":
        raise InputError('sparsity_target needs sigmoid code units; use activation="sigmoid" or None')

    def start(network):
        down = network.layers[: len(layers) - 1 : -1]
        for (weights, bias, _), up, mirror in zip(layers, network.layers, down, strict=False):
            up.weights[...], up.bias[...] = weights, bias
            mirror.weights[...] = weights.T
        for bias, layer in zip(biases or [], network.layers[form.code :], strict=False):
            layer.bias[...] = bias

    return form, start


def given_form(sizes, activation, code_layer, output_activation, tied, d):
    """The form that the parameters of `dpmix.features.Autoencoder` describe, for `d` inputs."""
    if not sizes:
        raise InputError("hidden_layer_sizes must name at least one layer; got none")
    activations = check_activations(activation, len(sizes))
    code = (
        _default_code(sizes) if code_layer is None else check_count("code_layer", code_layer, 1, len(sizes))
    )
    mirrored = code == (len(sizes) + 1) / 2 and sizes == sizes[::-1]
    if tied and not mirrored:
        raise InputError(
            "tied=True needs an odd number of hidden_layer_sizes, the same from both ends, with the code in "
            f"the middle, such as (256, 64, 256); got {sizes} with code_layer={code}"
        )
    ends = [d, *sizes, d]
    specs = [
        LayerSpec(ends[ix], ends[ix + 1], name, 2 * code - 1 - ix if tied and ix >= code else None)
        for ix, name in enumerate([*activations, output_activation])
    ]
    return Form(specs, code, mirrored and activations == activations[::-1])


def _unrolled_form(layers, output_activation, tied, d):
    """The form of encoder `layers`, as `encoder_layers` gives them, with their mirror image as decoder."""
    if not layers:
        raise InputError("init must hold at least one layer; got none")
    sizes = tuple(len(bias) for _, bias, _ in layers)
    activations = [activation for _, _, activation in layers]
    return given_form(
        sizes + sizes[-2::-1], activations + activations[-2::-1], len(sizes), output_activation, tied, d
    )


def _default_code(sizes):
    """The middle layer of sizes that are the same from both ends, else the first of the smallest."""
    if len(sizes) % 2 and sizes == sizes[::-1]:
        return (len(sizes) + 1) // 2
    return sizes.index(min(sizes)) + 1


def check_activations(activation, n_layers):
    """Return the activation of each of so many hidden layers, given one name for all or a sequence."""
    names = [activation] * n_layers if isinstance(activation, str) else activation
    if not isinstance(names, (list, tuple)) or len(names) != n_layers:
        raise InputError(
            f"activation must be one name, or one for each of {n_layers} hidden layers; got {activation!r}"
        )
    return [check_choice("activation", name, HIDDEN) for name in names]


def encoder_layers(init, x, rng, interruption):
    """Encoder layers (weights, bias, activation) of `init`, and the extractor that has them, or None.

    Parameters
    ----------
    init : extractor or list of tuple
        One that is not fitted is copied and fitted on `x`.
    x : numpy.ndarray (n, d)
    rng : numpy.random.Generator
        Gives the copy its seed where it has none.
    interruption : dpmix.features.interruption.Interruption
        Follows the training of the copy.
    """
    extractor = getattr(init, "estimator", init)  # of a FrozenEstimator
    if isinstance(extractor, (list, tuple)):
        return _check_layers(extractor, x.shape[1]), None
    if not hasattr(extractor, "encoder_layers"):
        raise InputTypeError(
            "init must be an extractor with encoder_layers(), such as DeepBeliefNet, or a list of "
            f"(weights, bias, activation); got {init!r}"
        )
    try:
        layers = extractor.encoder_layers()
    except NotFittedError:
        extractor = clone(extractor)
        if extractor.random_state is None:
            extractor.set_params(random_state=int(rng.integers(2**31)))
        layers = extractor.fit(x).encoder_layers()
        interruption.follow(extractor)
    return _check_layers(layers, x.shape[1]), extractor


def _decoder_biases(extractor):
    """Biases of the way down, from the code, of a fitted Boltzmann machine or a stack of them, else None."""
    machines = getattr(extractor, "rbms_", [extractor])
    if all(hasattr(machine, "intercept_visible_") for machine in machines):
        return [machine.intercept_visible_ for machine in reversed(machines)]
    return None


def _check_layers(layers, d):
    checked = []
    for ix, layer in enumerate(layers):
        try:
            weights, bias, activation = layer
            weights, bias = np.asarray(weights, np.float32), np.asarray(bias, np.float32)
        except (TypeError, ValueError) as error:
            raise InputTypeError(f"init[{ix}] must be (weights, bias, activation); got {layer!r}") from error
        check_choice(f"activation of init[{ix}]", activation, HIDDEN)
        if weights.ndim != 2 or weights.shape[0] != d or bias.shape != weights.shape[1:]:
            raise InputError(
                f"init[{ix}] must have weights ({d}, k) and a bias (k,), to fit what is below; "
                f"got {weights.shape} and {bias.shape}"
            )
        if not (np.isfinite(weights).all() and np.isfinite(bias).all()):
            raise InputError(f"init[{ix}] must hold finite numbers")
        checked.append((weights, bias, activation))
        d = len(bias)
    return checked


def pretrain(network, form, x, plan, new_optimizer, rng, stream, interruption):
    """Train each encoder layer of `network`, with the decoder layer that mirrors it, from the bottom.

    Layer by layer, an autoencoder with this one hidden layer learns to reproduce the clean codes of the
    layer below (Bengio et al. 2007); noise is put on the lowest one's input only, and all but the
    lowest have squared error as loss.

    Parameters
    ----------
    network : dpmix.features.networks.network.Network
        Mirrored, initialised; trained in place.
    form : Form
    x : numpy.ndarray (n, d)
    plan : dpmix.features.networks.training.Plan
        For the lowest layer.
    new_optimizer : callable
        Makes an optimiser for a network.
    rng, stream, interruption
        Those of `dpmix.features.networks.training.train`.
    """
    for ix in range(form.code):
        mirror = 2 * form.code - 1 - ix
        specs = [form.specs[ix], form.specs[mirror]]
        tied = specs[1].tied_to is not None
        shallow = Network(
            [specs[0], specs[1]._replace(tied_to=0 if tied else None)],
            network.loss if ix == 0 else "squared_error",
        )
        pairs = list(zip(shallow.layers, (network.layers[ix], network.layers[mirror]), strict=True))
        for own, whole in pairs:
            own.weights[...], own.bias[...] = whole.weights, whole.bias
        plan = plan._replace(title=plan.title and f"layer {ix + 1}")
        train(shallow, new_optimizer(shallow), x, x, plan, rng, stream, interruption=interruption)
        for own, whole in pairs:
            whole.weights[...], whole.bias[...] = own.weights, own.bias
        if interruption.happened:
            return
        x = shallow.predict(x, stop=1)
        plan = plan._replace(corrupt=None)
