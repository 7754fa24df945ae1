"""A trained `BernoulliRBM` as plain values and arrays, training state included."""

import numpy as np

from dpmix.features.boltzmann.contrastive import Machine
from dpmix.features.storage import plain_parameters, take
from dpmix.features.streams import UniformStream

__all__ = ["machine_parts", "restore_machine"]


def machine_parts(rbm):
    """JSON values and arrays of the fitted `rbm`."""
    arrays = {name: value for name, value in vars(rbm._machine).items() if name != "stream"}
    arrays |= {
        "weights": rbm._weights(),
        "visible_bias": rbm.intercept_visible_,
        "hidden_bias": rbm.intercept_hidden_,
    }
    arrays |= {"machine_stream": rbm._machine.stream.state, "stream": rbm._stream.state}
    values = {"parameters": plain_parameters(rbm), "history": rbm.history_, "n_iter": rbm.n_iter_}
    return values, arrays


def restore_machine(rbm, values, arrays):
    """Make `rbm` what `machine_parts` was given; ValueError where the arrays do not fit each other."""
    d, h = arrays["weights"].shape
    shapes = {
        "weights": (d, h),
        "visible_bias": (d,),
        "hidden_bias": (h,),
        "weights_velocity": (d, h),
        "visible_velocity": (d,),
        "hidden_velocity": (h,),
        "chains": (-1, h),
        "visible_offset": (d,),
        "hidden_offset": (h,),
        "activity": (h,),
    }
    parts = {name: np.array(take(arrays, name, np.float32, shape)) for name, shape in shapes.items()}
    streams = [
        UniformStream.from_state(take(arrays, name, np.uint32, (4, 256)))
        for name in ("machine_stream", "stream")
    ]
    rbm._adopt(Machine(**parts, stream=streams[0]))
    rbm._stream = streams[1]
    rbm.history_ = {
        str(name): [float(number) for number in numbers] for name, numbers in values["history"].items()
    }
    rbm.n_iter_, rbm.n_features_in_ = int(values["n_iter"]), d
    return rbm
