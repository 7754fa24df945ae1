"""The learning rate of a training: the one that is given, or with ``"auto"`` one that a few short tries find.

A *try* trains a copy of the estimator on some of the images, for few mini-batches, and looks at its error on others
that are set aside: of machines that of reconstructions, of networks their loss. Tries climb: from the usual rate up
by half a decade as long as that takes a fifth of the error away; where it does not, or training diverges, down in
the same way. What takes less away is chance, and where learnt weights to start from are good enough, any smaller rate
would be as good. All tries start at the same weights and see the same images in the same order.

What is best in a short training is too much for a long one, which has to come to rest: the error of gradient
descent with a constant rate is least, for T steps, at a rate in proportion to 1 / sqrt(T) (Nemirovski et al. 2009,
"Robust stochastic approximation approach to stochastic programming", section 2.2). So what the tries find is
divided by the square root of how many times longer the training is, but by no more than half a decade, and not to
less than the usual rate, which long trainings stand.
"""

import copy
import math

import numpy as np

from dpmix.base.checks import check_positive
from dpmix.base.errors import InputError
from dpmix.base.text import shown
from dpmix.features.epochs import Diverged, split_rows

__all__ = ["AUTO", "check_rate", "settle_rate"]

AUTO = "auto"
_MOST_ROWS, _LEAST_ROWS = 10_000, 10
_SHARE_ASIDE = 0.1
_N_STEPS = 400  # mini-batches of a try, unless the training itself has fewer
_FACTOR = math.sqrt(10)
_WORTH = 0.2  # share of the error that a step has to take away
_MOST_TRIES = 10
_DIGITS = 2  # significant ones of what is found; all others would be chance
_LENGTHS = ("n_iter", "n_iter_output", "pretrain")
_WITHOUT = {"verbose": False, "early_stopping": False, "plateau": None}


def check_rate(name, value):
    """Check a learning rate: a positive number, or "auto"."""
    if isinstance(value, str):
        if value != AUTO:
            raise InputError(f'{name} must be a positive number or "auto"; got {shown(value)}')
        return value
    return check_positive(name, value)


def settle_rate(estimator, train, n, seed, interruption):
    """Set ``learning_rate_`` of `estimator`, whose parameters have been checked.

    Parameters
    ----------
    estimator : object
        With ``learning_rate``, ``n_iter`` and ``batch_size``; with ``_usual_rate``, where tries begin; and with
        ``_figure``, the name in a history of the error on images set aside.
    train : callable (trial, kept, aside, seed)
        Trains the copy `trial` at its ``learning_rate_`` on the rows `kept`, watched by the rows `aside`, with random
        numbers from the `numpy.random.SeedSequence` `seed`, and returns the history.
    n : int
        Rows to train on.
    seed : numpy.random.SeedSequence
    interruption : dpmix.features.interruption.Interruption
        Ctrl-C in a try ends the training, of which this is a part.
    """
    if estimator.learning_rate != AUTO:
        estimator.learning_rate_ = float(estimator.learning_rate)
        return
    estimator.learning_rate_ = estimator._usual_rate
    with interruption.held():
        estimator.learning_rate_ = _found_rate(estimator, train, n, seed)


def _found_rate(estimator, train, n, seed):
    if not estimator.n_iter:
        return estimator._usual_rate
    rows_seed, *words = seed.generate_state(2)
    kept, aside = _some_rows(n, np.random.default_rng(rows_seed))
    trial = _short_copy(estimator, len(kept))

    def error(rate):
        trial.learning_rate_ = rate
        try:
            history = train(trial, kept, aside, np.random.SeedSequence(words))
        except Diverged:
            return math.inf
        value = history[trial._figure][-1]
        return value if math.isfinite(value) else math.inf

    longer = _n_steps(estimator, n) / _n_steps(trial, len(kept))
    best = _climb(error, estimator._usual_rate)
    calm = best / min(max(math.sqrt(longer), 1.0), _FACTOR)
    return float(f"{max(calm, min(best, estimator._usual_rate)):.{_DIGITS}g}")


def _climb(error, start):
    """The best rate on the way from `start` up, or else down, in steps of one factor."""
    best, least = start, error(start)
    for factor in (_FACTOR, 1 / _FACTOR):
        for _ in range(_MOST_TRIES):
            value = error(best * factor)
            no_way_up = factor > 1 and value == math.inf  # only down leads out of divergence
            if no_way_up or value > (1 - _WORTH) * least:
                break
            best, least = best * factor, value
        if best > start:
            break
    return best if math.isfinite(least) else start


def _some_rows(n, rng):
    """Rows to try on, and rows to judge by; of very few the same."""
    if n < _LEAST_ROWS:
        return np.arange(n), np.arange(n)
    chosen = rng.permutation(n)[:_MOST_ROWS]
    kept, aside = split_rows(len(chosen), _SHARE_ASIDE, rng)
    return np.sort(chosen[kept]), np.sort(chosen[aside])


def _short_copy(estimator, n):
    """A copy whose training on `n` rows is short, silent and never stopped early."""
    trial = copy.copy(estimator)
    few = -(-_N_STEPS // -(-n // estimator.batch_size))
    lengths = {name: min(getattr(trial, name), few) for name in _LENGTHS if hasattr(trial, name)}
    for name, value in (lengths | _WITHOUT).items():
        setattr(trial, name, value)
    return trial


def _n_steps(estimator, n):
    return estimator.n_iter * -(-n // estimator.batch_size)
