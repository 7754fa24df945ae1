"""The prior of the mixture: concentration of the Dirichlet process and pseudo-counts of the pixels."""

from dataclasses import dataclass

import numpy as np

from dpmix.errors import InputError, InputTypeError
from dpmix.validate import check_positive

__all__ = ["Prior"]


@dataclass(frozen=True)
class Prior:
    """Prior of a Dirichlet process mixture of beta-Bernoulli pixels.

    Parameters
    ----------
    alpha : float
        Concentration of the Dirichlet process; the larger, the more clusters are expected
        (about ``alpha * log(1 + n / alpha)`` among n images).
    a, b : float or (d,) array of float
        Pseudo-counts of the Beta(a, b) prior of each pixel's probability to be on.

    Raises
    ------
    InputError
        A value that is not finite and greater than 0.

    Examples
    --------
    >>> Prior(alpha=2, a=0.5, b=0.5)
    Prior(alpha=2.0, a=0.5, b=0.5)
    """

    alpha: float = 1.0
    a: float | np.ndarray = 1.0
    b: float | np.ndarray = 1.0

    def __post_init__(self):
        object.__setattr__(self, "alpha", check_positive("alpha", self.alpha))
        for name in ("a", "b"):
            object.__setattr__(self, name, _check_pseudo_counts(name, getattr(self, name)))

    def pseudo_counts(self, d):
        """The pseudo-counts `a` and `b` for `d` pixels, each (d,) float64."""
        spread = []
        for name in ("a", "b"):
            value = getattr(self, name)
            if np.ndim(value) and len(value) != d:
                raise InputError(f"{name} must be one number or one for each of the {d} pixels; got {len(value)}")
            spread.append(np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.float64), (d,))))
        return tuple(spread)

    def to_json(self):
        """The prior as a dict that JSON can hold; `from_json` gives the same prior, bit for bit."""
        return {name: _encoded(getattr(self, name)) for name in ("alpha", "a", "b")}

    @classmethod
    def from_json(cls, fields):
        """The prior whose `to_json` is `fields`."""
        return cls(**{name: _decoded(fields[name]) for name in ("alpha", "a", "b")})


def _encoded(value):
    return value.tolist() if isinstance(value, np.ndarray) else value


def _decoded(value):
    return np.array(value) if isinstance(value, list) else value


def _check_pseudo_counts(name, value):
    if np.ndim(value) == 0:
        return check_positive(name, value.item() if isinstance(value, np.ndarray) else value)
    values = np.array(value)
    if values.dtype.kind not in "iuf":
        raise InputTypeError(f"{name} must be a number or an array of numbers; got dtype {values.dtype}")
    values = values.astype(np.float64)
    if values.ndim != 1:
        raise InputError(f"{name} must be one number or a row with one for each pixel; got shape {values.shape}")
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"{name} must be finite and greater than 0; found {values[at]:g} at pixel {at}")
    values.flags.writeable = False
    return values
