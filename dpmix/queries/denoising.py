"""Clean images from noisy ones: the posterior predictive of the mixture, given how often pixels flip.

The noise flips each pixel by itself: one that is on is shown off with probability `rate_off`, one that
is off is shown on with probability `rate_on`. A clean pixel of cluster k is on with probability p_k (see
`dpmix.queries.mixture`), so a noisy one is on with probability

    q_k = p_k (1 - rate_off) + (1 - p_k) rate_on,

independently of the others, given the cluster. Noisy images are therefore scored against clusters as
clean ones are, with q for p, and by Bayes' rule a pixel of cluster k that is seen on is on with
probability p_k (1 - rate_off) / q_k, one that is seen off with p_k rate_off / (1 - q_k). The mean over
all clusters of all draws, each with the weight that the whole noisy image gives it, is exact.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Table, Whole
from dpmix.base.arrays import check_numbers
from dpmix.base.checks import check_real
from dpmix.base.errors import InputError
from dpmix.posterior.posterior import Posterior
from dpmix.queries.evidence import Evidence
from dpmix.queries.mixture import Block
from dpmix.queries.passes import add_means
from dpmix.queries.query_input import check_query, column_names

__all__ = ["denoise"]


def denoise(
    posterior: Posterior,
    x: Table,
    rate_off: ArrayLike,
    rate_on: ArrayLike,
    observed: ArrayLike | None = None,
    draws: Whole | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64] | Any:
    """Probability that each pixel of the clean image is on, given a noisy one.

    Parameters
    ----------
    posterior : dpmix.Posterior
        Of clean images.
    x : Images, or (m, d) or (d,) array of 0/1 or bool
        One noisy image or many. Masked entries of a `numpy.ma.MaskedArray` and NaN are not observed.
    rate_off : float or (d,) array of float
        P(seen off | on) of all pixels or of each, in [0, 1).
    rate_on : float or (d,) array of float
        P(seen on | off), in [0, 1). Both rates of masking noise and of salt and pepper are in the
        ``flip_rates`` of `dpmix.datasets.MaskingNoise` and `dpmix.datasets.SaltAndPepper`.
    observed, draws, labels
        As in `dpmix.predict_proba`; labels are taken to be free of noise.

    Returns
    -------
    proba : (m, d) float64, or (d,) for one image, or a frame where one came
        Where the noise cannot have made what is seen, as everywhere with rates of 0, exactly 0 or 1.

    Raises
    ------
    InputError, InputTypeError
        As in `dpmix.predict_proba`; a rate that is not in [0, 1).

    Notes
    -----
    Draws are averaged as densities, as in `dpmix.predict_proba`, of which this is the generalisation:
    with rates of 0 both give the same. Every probability is right to 1e-6.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.denoise(posterior, [1, 0, 1, 0, 0, 1], rate_off=0.2, rate_on=0.2) > 0.5
    array([ True,  True,  True, False, False, False])
    """
    query, d = check_query(posterior, x, observed, labels, draws), posterior.table.d
    rate_off, rate_on = _check_rate("rate_off", rate_off, d), _check_rate("rate_on", rate_on, d)
    on, observed = query.on, query.observed
    evidence, complete = Evidence(on, observed, query.classes, posterior.table.n_classes), observed.all()

    def view(block):
        noisy, given_off, given_on = _through_noise(block, rate_off, rate_on)
        return noisy, (given_off, given_on, None if complete else block.on_proba(slice(None)))

    def mean(rows, weights, table):
        given_off, given_on, unobserved = table
        found = np.where(on[rows], weights @ given_on, weights @ given_off)
        return found if complete else np.where(observed[rows], found, weights @ unobserved)

    proba = np.zeros(on.shape)
    add_means(posterior, evidence, query.draws, view, proba, mean)
    certain = observed & np.where(on, rate_on == 0, rate_off == 0)
    np.copyto(proba, on, where=certain)
    return query.answer(proba, names=column_names(posterior))


def _check_rate(name, value, d):
    """Return `value`, a number in [0, 1) or one for each pixel, as a float or a (d,) float64 array."""
    if np.ndim(value) == 0:
        return check_real(name, value.item() if isinstance(value, np.ndarray) else value, low=0, below=1)
    values = check_numbers(value, name).astype(np.float64)
    if values.shape != (d,):
        raise InputError(
            f"{name} must be one number or one for each of the {d} pixels; got shape {values.shape}"
        )
    wrong = ~((values >= 0) & (values < 1))
    if wrong.any():
        at = int(wrong.argmax())
        raise InputError(
            f"{name} must be at least 0 and less than 1; found {values[at]:g} at pixel {at}; "
            "leave pixels that the noise always changes unobserved"
        )
    return values


def _through_noise(block, rate_off, rate_on):
    """`block` as noise shows it, and P(on | seen off) and P(on | seen on) in its clusters, (c, d) float64.

    With p = on / (on + off) of a block, the same formula with the new numbers gives q: their sum stays.
    """
    lost, kept = block.on * rate_off, block.on * (1 - rate_off)
    noisy = Block(
        block.log_weight, kept + block.off * rate_on, lost + block.off * (1 - rate_on), block.class_proba
    )
    return noisy, lost / noisy.off, kept / noisy.on
