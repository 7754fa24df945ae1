"""How probable images are under a trained machine: its log partition function log Z, exact or estimated.

Up to 20 units on one side all their states are summed. Beyond, annealed importance sampling (Neal
2001; Salakhutdinov and Murray 2008, "On the quantitative analysis of deep belief networks") moves
samples from the *base rates*, a machine without weights, through many temperatures to the machine.
It is unbiased for Z, so by Jensen's inequality log Z comes out too low on average, and log-likelihoods
too high. The reverse (Burda, Grosse and Salakhutdinov 2015, "Accurate and conservative estimates of
MRF log-likelihood using reverse annealing") moves samples of the machine back to the base rates and is
unbiased for 1 / Z: log Z comes out too high. Both together bracket the truth, as far as the samples
that the reverse starts from are samples of the machine.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import RandomState, Real, Table, Whole
from dpmix.base.checks import check_count, check_real
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.memory import check_memory
from dpmix.base.sklearn_manners import seed_sequence
from dpmix.base.text import shown
from dpmix.features.boltzmann.energy import softplus_sums
from dpmix.features.boltzmann.rbm import BernoulliRBM
from dpmix.features.checks import check_visible
from dpmix.features.streams import UniformStream

__all__ = [
    "LogPartition",
    "annealed_log_partition",
    "exact_log_partition",
    "log_likelihood",
    "reverse_annealed_log_partition",
]

MOST_EXACT = 20
_STATES = 1 << 10  # states summed at a time
_MOST_TEMPERATURES = 10_000_000
_MOST_CERTAIN = 0.005  # base rates are brought to [0.005, 0.995]: what is never on in `X` may be on here


class LogPartition(NamedTuple):
    """An estimate of log Z.

    Attributes
    ----------
    log_z : float
        Nats.
    standard_error : float
        Of `log_z`, from the spread of the weights; too small where few weights carry the mean.
    log_weights : numpy.ndarray (n_chains,)
        Their mean, as weights, estimates the ratio of Z to the base's (reverse: of the base's to Z).
    """

    log_z: float
    standard_error: float
    log_weights: np.ndarray


def exact_log_partition(rbm: BernoulliRBM) -> float:
    """log Z in nats by summing over all states of the smaller layer, of up to 20 units.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted.

    Returns
    -------
    float

    Raises
    ------
    InputError
        Both layers are larger than that.
    """
    weights, visible, hidden = _parameters(rbm)
    if min(weights.shape) > MOST_EXACT:
        d, h = weights.shape
        raise InputError(
            f"rbm must have at most {MOST_EXACT} hidden or visible units to be summed exactly; got {h} and "
            f"{d}; use annealed_log_partition and reverse_annealed_log_partition"
        )
    if weights.shape[0] < weights.shape[1]:
        weights, visible, hidden = weights.T, hidden, visible
    k = weights.shape[1]
    logs = np.empty(2**k)
    rows = np.ascontiguousarray(weights.T)
    for first in range(0, 2**k, _STATES):
        numbers = np.arange(first, min(first + _STATES, 2**k))
        states = (numbers[:, None] >> np.arange(k) & 1).astype(np.float32)
        logs[numbers] = softplus_sums(states @ rows + visible) + states @ hidden.astype(np.float64)
    return float(np.logaddexp.reduce(logs))


def log_likelihood(
    rbm: BernoulliRBM, X: Table, log_z: Real | LogPartition | None = None
) -> NDArray[np.float64]:
    """log P(x) (n,) in nats of each image of `X`.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted.
    X : array_like (n, d)
        Binary images.
    log_z : float or LogPartition, optional
        Exact by default, which takes a machine with a layer of up to 20 units.

    Returns
    -------
    log_likelihood : (n,) float64
        Nats.

    Raises
    ------
    InputError, InputTypeError
        `rbm` is no fitted BernoulliRBM, or too large for an exact `log_z`; bad images.
    """
    _parameters(rbm)
    log_z = exact_log_partition(rbm) if log_z is None else check_real("log_z", getattr(log_z, "log_z", log_z))
    return -rbm.free_energy(X) - log_z


def annealed_log_partition(
    rbm: BernoulliRBM,
    X: Table,
    n_chains: Whole = 100,
    n_temperatures: Whole | ArrayLike = 10_000,
    random_state: RandomState = None,
) -> LogPartition:
    """Estimate log Z by annealed importance sampling from the base rates to the machine.

    Parameters
    ----------
    rbm : BernoulliRBM
        Fitted.
    X : array_like (n, d)
        Images whose mean is the base rates: the training images.
    n_chains : int
        Independent chains; the estimate averages over them.
    n_temperatures : int or array_like
        Number of steps between base rates and machine, equally spaced, or the increasing inverse
        temperatures themselves from 0 to 1.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    LogPartition
        Too low on average: log-likelihoods computed with it are bounded from above, in expectation.

    Raises
    ------
    InputError, InputTypeError
        `rbm` is no fitted BernoulliRBM, `X` is not images like those it has learnt, or a number is bad.
    """
    path, betas, chains, stream = _prepare(rbm, X, n_chains, n_temperatures, random_state)
    v = np.tile(path.base, (chains, 1))
    stream.draw_units(v, v)
    return _anneal(path, betas, v, stream, +1)


def reverse_annealed_log_partition(
    rbm: BernoulliRBM,
    X: Table,
    n_chains: Whole = 100,
    n_temperatures: Whole | ArrayLike = 10_000,
    n_gibbs: Whole = 1000,
    random_state: RandomState = None,
) -> LogPartition:
    """Estimate log Z by annealed importance sampling from the machine back to the base rates.

    Chains start at images of `X`, drawn at random, and become samples of the machine by Gibbs sampling.

    Parameters
    ----------
    rbm, X, n_chains, n_temperatures
        As for `annealed_log_partition`.
    n_gibbs : int
        Steps of Gibbs sampling before the way back.
    random_state : int, numpy.random.Generator, numpy.random.RandomState or None

    Returns
    -------
    LogPartition
        Too high on average: log-likelihoods computed with it are bounded from below, in expectation,
        if the Gibbs sampling has reached the machine's distribution.

    Raises
    ------
    InputError, InputTypeError
        As for `annealed_log_partition`.
    """
    path, betas, chains, stream = _prepare(rbm, X, n_chains, n_temperatures, random_state)
    check_count("n_gibbs", n_gibbs, low=0)
    x = check_visible(rbm, X, reset=False)
    rng = np.random.default_rng(stream.state[0].tolist())
    v = x[rng.integers(len(x), size=chains)].astype(np.float32)
    stream.draw(v, v)
    for _ in range(n_gibbs):
        path.move(v, path.inputs(v), 1.0, stream)
    return _anneal(path, betas[::-1], v, stream, -1)


class _Path:
    """The distributions between base rates (beta 0) and machine (beta 1), and Gibbs steps within one.

    At beta the visible bias is (1 - beta) base + beta b; weights and hidden bias are multiplied by beta.
    """

    def __init__(self, rbm, mean, n_chains):
        self.weights, self.bias, self._hidden_bias = _parameters(rbm)
        rates = np.clip(mean, _MOST_CERTAIN, 1 - _MOST_CERTAIN)
        self.base = np.log(rates / (1 - rates)).astype(np.float32)
        h = self.weights.shape[1]
        self._shift = (self.bias - self.base).astype(np.float64)
        self._inputs, self._states = np.empty((n_chains, h), np.float32), np.empty((n_chains, h), np.float32)
        self._down = np.ascontiguousarray(self.weights.T)
        self.base_log_z = float(np.logaddexp(0, self.base.astype(np.float64)).sum() + h * np.log(2))

    def inputs(self, v):
        """Inputs of the hidden units at beta 1; the array is used again by the next call."""
        np.matmul(v, self.weights, out=self._inputs)
        self._inputs += self._hidden_bias
        return self._inputs

    def log_ratio(self, v, inputs, before, after):
        """log of the unnormalised probability of v at beta `after` less that at `before`, (n_chains,)."""
        out = (after - before) * (v @ self._shift)
        for beta, sign in ((after, 1.0), (before, -1.0)):
            np.multiply(inputs, np.float32(beta), out=self._states)
            softplus_sums(self._states, out, sign)
        return out

    def move(self, v, inputs, beta, stream):
        """One Gibbs step of the chains `v` in place at inverse temperature beta."""
        np.multiply(inputs, np.float32(beta), out=self._states)
        stream.draw_units(self._states, self._states)
        np.matmul(self._states, self._down, out=v)
        v *= np.float32(beta)
        v += self.base + np.float32(beta) * (self.bias - self.base)
        stream.draw_units(v, v)


def _anneal(path, betas, v, stream, direction):
    """Take chains `v`, samples at betas[0], to betas[-1]; direction is -1 for machine to base rates."""
    log_weights = np.zeros(len(v))
    for before, after in zip(betas[:-1], betas[1:], strict=True):
        inputs = path.inputs(v)
        log_weights += path.log_ratio(v, inputs, before, after)
        path.move(v, inputs, after, stream)
    top = log_weights.max()
    weights = np.exp(log_weights - top)
    error = weights.std(ddof=1) / weights.mean() / np.sqrt(len(weights)) if len(weights) > 1 else np.inf
    return LogPartition(
        float(path.base_log_z + direction * (top + np.log(weights.mean()))), float(error), log_weights
    )


def _prepare(rbm, X, n_chains, n_temperatures, random_state):
    """Check the arguments; return the path, the inverse temperatures, the number of chains and a stream."""
    chains = check_count("n_chains", n_chains)
    betas = _check_temperatures(n_temperatures)
    weights, _, _ = _parameters(rbm)
    check_memory(8 * chains * sum(weights.shape), "n_chains", chains)
    mean = check_visible(rbm, X, reset=False).mean(axis=0, dtype=np.float64)
    return _Path(rbm, mean, chains), betas, chains, UniformStream(seed_sequence(random_state))


def _check_temperatures(value):
    """The inverse temperatures (m + 1,) of m steps from 0 to 1."""
    if np.ndim(value) == 0:
        return np.linspace(0, 1, check_count("n_temperatures", value, most=_MOST_TEMPERATURES) + 1)
    betas = np.asarray(value)
    fits = betas.dtype.kind in "iuf" and betas.ndim == 1 and len(betas) >= 2
    if not fits or betas[0] != 0 or betas[-1] != 1 or not (np.diff(betas) > 0).all():
        raise InputError(
            "n_temperatures must be a number, or inverse temperatures that increase from 0 to 1; "
            f"got {shown(value)}"
        )
    return betas.astype(float)


def _parameters(rbm):
    """Weights (d, h), visible and hidden bias of a fitted machine."""
    if not isinstance(rbm, BernoulliRBM):
        raise InputTypeError(
            f"rbm must be a BernoulliRBM, such as one of rbms_ of a DeepBeliefNet; got {type(rbm).__name__}"
        )
    rbm._fitted()
    return rbm._weights(), rbm.intercept_visible_, rbm.intercept_hidden_
