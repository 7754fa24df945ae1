"""A trained `Autoencoder` as plain values and arrays."""

from dataclasses import asdict, is_dataclass

import numpy as np

from dpmix.datasets import noise as noises
from dpmix.features.networks.network import LayerSpec, Network
from dpmix.features.storage import plain_parameters, take

__all__ = ["autoencoder_parts", "restore_autoencoder"]

_NOISES = ("GaussianNoise", "MaskingNoise", "OccludingBlocks", "SaltAndPepper")


def autoencoder_parts(net):
    """JSON values and arrays of the fitted autoencoder `net`."""
    noise = net.corruption
    is_ours = is_dataclass(noise) and type(noise).__name__ in _NOISES
    values = {
        "parameters": plain_parameters(net, leave_out=("init", "corruption") if is_ours else ("init",)),
        "noise": [type(noise).__name__, asdict(noise)] if is_ours else None,
        "history": net.history_,
        "n_iter": net.n_iter_,
        "loss": net._network.loss,
        "layers": [list(spec) for spec in net._network.specs],
        "code_layer": net.code_layer_,
    }
    arrays = {
        "parameters": net._network.parameters,
        "code_thresholds": net.code_thresholds_,
        "code_levels": net.code_levels_,
    }
    return values, arrays


def restore_autoencoder(cls, values, arrays):
    """The autoencoder that `autoencoder_parts` was given; an error where parts do not fit each other."""
    network = Network([LayerSpec(*layer) for layer in values["layers"]], values["loss"])
    network.parameters[...] = take(arrays, "parameters", np.float32, network.parameters.shape)
    parameters = values[
        "parameters"
    ].items()  # JSON has lists only, where the constructor's defaults are tuples
    found = cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in parameters})
    if values["noise"] is not None:
        name, settings = values["noise"]
        if name not in _NOISES:
            raise ValueError(f"{name} is no noise of this version")
        found.corruption = getattr(noises, name)(**settings)
    found._adopt(network, int(values["code_layer"]))
    k = network.specs[found.code_layer_ - 1].n_out
    found.code_thresholds_ = take(arrays, "code_thresholds", np.float32, (k,))
    found.code_levels_ = take(arrays, "code_levels", np.float32, (2, k))
    found.history_ = {
        str(name): [float(number) for number in numbers] for name, numbers in values["history"].items()
    }
    found.n_iter_, found.n_features_in_ = int(values["n_iter"]), network.specs[0].n_in
    return found
