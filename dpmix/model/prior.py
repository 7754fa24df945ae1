"""The prior of the mixture: concentration of the Dirichlet process and pseudo-counts of the pixels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Real, Table, Whole
from dpmix.base.checks import check_positive
from dpmix.base.errors import InputError, InputTypeError
from dpmix.model.shares import column_shares

# As in dpmix.kernels.hyperparameters, which would load numba. Beyond, the log joint loses digits that matter.
LEAST, MOST = 1e-6, 1e6

__all__ = ["Gamma", "Prior"]


@dataclass(frozen=True)
class Gamma:
    """Gamma distribution with density proportional to ``x ** (shape - 1) * exp(-rate * x)``.

    Parameters
    ----------
    shape, rate : float
        Both greater than 0; the mean is ``shape / rate``.

    Raises
    ------
    InputError
        A shape, rate or mean that is not finite and greater than 0.

    Examples
    --------
    >>> Gamma(2, 4).mean
    0.5
    """

    shape: float
    rate: float

    def __post_init__(self):
        object.__setattr__(self, "shape", check_positive("shape", self.shape))
        object.__setattr__(self, "rate", check_positive("rate", self.rate))
        if not 0 < self.mean < math.inf:
            raise InputError(
                "shape / rate, the mean of a Gamma, must be finite and greater than 0; "
                f"got shape={self.shape:g}, rate={self.rate:g}"
            )

    @property
    def mean(self) -> float:
        """Expected value."""
        return self.shape / self.rate


@dataclass(frozen=True)
class Prior:
    """Prior of a Dirichlet process mixture of beta-Bernoulli pixels.

    A number fixes a hyperparameter; a `Gamma` distribution learns it with the clusters. All of them
    lie between 1e-6 and 1e6: a Gamma stands for its restriction to that range. Chains start at its mean.
    `Prior.coarse` is for fewer and broader clusters, `Prior.fine` for more.

    Parameters
    ----------
    alpha : Gamma or float
        Concentration of the Dirichlet process; the larger, the more clusters are expected
        (about ``alpha * log(1 + n / alpha)`` among n images).
    a, b : Gamma, float or (d,) array of float
        Pseudo-counts of the Beta(a, b) prior of each pixel's probability to be on. With a Gamma, each
        pixel has its own, drawn independently.
    c : float
        Pseudo-count of each class where images have labels: a cluster's labels have a symmetric
        Dirichlet(c, ..., c) prior.

    Raises
    ------
    InputError
        A number outside of [1e-6, 1e6], or an array that is not a row of such numbers.

    Examples
    --------
    >>> Prior(alpha=2, a=0.5, b=0.5)
    Prior(alpha=2.0, a=0.5, b=0.5, c=1.0)
    >>> Prior().alpha
    Gamma(shape=1.0, rate=1.0)
    """

    alpha: Gamma | float = Gamma(1, 1)
    a: Gamma | float | np.ndarray = Gamma(1, 1)
    b: Gamma | float | np.ndarray = Gamma(1, 1)
    c: float = 1.0

    def __post_init__(self):
        if not isinstance(self.alpha, Gamma):
            object.__setattr__(self, "alpha", _check_range("alpha", check_positive("alpha", self.alpha)))
        object.__setattr__(self, "c", _check_range("c", check_positive("c", self.c)))
        for name in ("a", "b"):
            value = getattr(self, name)
            if not isinstance(value, Gamma):
                object.__setattr__(self, name, _check_pseudo_counts(name, value))

    def __eq__(self, other):
        return self._key() == other._key() if isinstance(other, Prior) else NotImplemented

    def __hash__(self):
        return hash(self._key())

    def _key(self):
        """The hyperparameters as a tuple that compares by value, arrays included."""
        values = (self.alpha, self.a, self.b, self.c)
        return tuple(tuple(value.tolist()) if isinstance(value, np.ndarray) else value for value in values)

    @classmethod
    def coarse(cls, x: Table, observed: ArrayLike | None = None, firmness: Real = 3.0) -> Self:
        """A prior for fewer and broader clusters than the default finds.

        Nothing is learned: alpha is 0.1, and in a new cluster each pixel is expected to be on as often as it is in
        `x`, so firmly that the smaller of its pseudo-counts is `firmness`. A cluster has to differ from that in many
        images before it pays. Images are predicted somewhat worse for it; see docs/fewer_clusters.md.

        Parameters
        ----------
        x, observed
            The images that are to be clustered, as `dpmix.sample` takes them.
        firmness : float
            The larger, the fewer clusters.

        Returns
        -------
        Prior

        Raises
        ------
        InputError, InputTypeError
            What is no table of zeros and ones, or a bad `firmness`.

        Examples
        --------
        >>> prior = Prior.coarse([[1, 0], [1, 1], [1, 0], [0, 0]])
        >>> prior.alpha, prior.a.round(1), prior.b.round(1)
        (0.1, array([7., 3.]), array([3., 7.]))
        """
        share, firmness = column_shares(x, observed), check_positive("firmness", firmness)
        odds = share / (1 - share)
        a, b = (np.clip(firmness * np.maximum(1, each), LEAST, MOST) for each in (odds, 1 / odds))
        return cls(0.1, a, b)

    @classmethod
    def fine(cls) -> Self:
        """A prior for more clusters than the default finds.

        The default, but for alpha ~ Gamma(20, 1), which expects about twenty times as many clusters.

        Returns
        -------
        Prior

        Examples
        --------
        >>> Prior.fine().alpha
        Gamma(shape=20.0, rate=1.0)
        """
        return cls(alpha=Gamma(20, 1))

    @property
    def learns_pixels(self) -> bool:
        """Whether any pseudo-counts of pixels are learned, `a` or `b` or both."""
        return isinstance(self.a, Gamma) or isinstance(self.b, Gamma)

    def start_alpha(self) -> float:
        """The concentration with which a chain starts.

        Returns
        -------
        float
            The number given, or the prior's mean.
        """
        return _start(self.alpha)

    def pseudo_counts(self, d: Whole) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The pseudo-counts with which a chain starts.

        Parameters
        ----------
        d : int
            Number of pixels.

        Returns
        -------
        a, b : (d,) float64

        Raises
        ------
        InputError
            `a` or `b` is an array for another number of pixels.
        """
        spread = []
        for name in ("a", "b"):
            value = _start(getattr(self, name))
            if np.ndim(value) and len(value) != d:
                raise InputError(
                    f"{name} must be one number or one for each of the {d} pixels; got {len(value)}"
                )
            spread.append(np.ascontiguousarray(np.broadcast_to(np.asarray(value, np.float64), (d,))))
        return tuple(spread)

    def to_json(self) -> dict[str, Any]:
        """The prior as `from_json` reads it, the same bit for bit.

        Returns
        -------
        dict
            What JSON can hold.
        """
        return {name: _encoded(getattr(self, name)) for name in ("alpha", "a", "b", "c")}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The prior whose `to_json` is `fields`.

        Parameters
        ----------
        fields : dict

        Returns
        -------
        Prior

        Raises
        ------
        InputError, InputTypeError
            A number that is not positive and finite.
        """
        return cls(**{name: _decoded(fields[name]) for name in ("alpha", "a", "b", "c")})


def _start(value):
    return min(max(value.mean, LEAST), MOST) if isinstance(value, Gamma) else value


def _encoded(value):
    if isinstance(value, Gamma):
        return {"gamma": [value.shape, value.rate]}
    return value.tolist() if isinstance(value, np.ndarray) else value


def _decoded(value):
    if isinstance(value, dict):
        return Gamma(*value["gamma"])
    return np.array(value) if isinstance(value, list) else value


def _check_pseudo_counts(name, value):
    try:
        values = np.array(value)
    except ValueError as error:
        raise InputError(
            f"{name} must be one number or a row of numbers; got rows that differ in length"
        ) from error
    if values.ndim == 0:
        return _check_range(
            name, check_positive(name, value.item() if isinstance(value, np.ndarray) else value)
        )
    if values.dtype.kind not in "iuf":
        raise InputTypeError(f"{name} must be a number or an array of numbers; got dtype {values.dtype}")
    values = values.astype(np.float64)
    if values.ndim != 1:
        raise InputError(
            f"{name} must be one number or a row with one for each pixel; got shape {values.shape}"
        )
    if not values.size:
        raise InputError(f"{name} must be one number or a row with one for each pixel; got an empty array")
    wrong = ~(np.isfinite(values) & (values > 0))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise InputError(f"{name} must be finite and greater than 0; found {values[at]:g} at pixel {at}")
    _check_range(name, float(values.min()))
    _check_range(name, float(values.max()))
    values.flags.writeable = False
    return values


def _check_range(name, value):
    if not LEAST <= value <= MOST:
        raise InputError(f"{name} must lie between {LEAST:g} and {MOST:g}; got {value}")
    return value
