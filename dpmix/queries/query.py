"""Questions to a posterior: hidden pixels of images, and how probable images are.

Images may be ones that were never seen, and any of their pixels may be unobserved. `dpmix.queries.mixture`
defines the mixture that answers; nothing is simulated except by `sample_predictive`.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dpmix.base.annotations import Seed, Table, Whole
from dpmix.base.checks import check_count, check_seed
from dpmix.base.memory import check_memory
from dpmix.posterior.posterior import Posterior
from dpmix.queries.evidence import Evidence, as_slice
from dpmix.queries.mixture import chunks, draw_blocks
from dpmix.queries.passes import add_means, draw_pixels, log_evidence, log_evidence_given, take_best
from dpmix.queries.query_input import check_n_classes, check_query, column_names
from dpmix.queries.sparse_input import by_blocks

__all__ = [
    "log_predictive",
    "predict_labels",
    "predict_mode",
    "predict_proba",
    "responsibilities",
    "sample_predictive",
]


def predict_proba(
    posterior: Posterior,
    x: Table,
    observed: ArrayLike | None = None,
    draws: Whole | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64] | Any:
    """Probability that each pixel is on, given the observed pixels of its image.

    The exact posterior predictive: a weighted mean over all clusters of all draws, new ones included.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x : Images, or (m, d) or (d,) array of 0/1 or bool, or a frame or sparse matrix
        One image or many. Masked entries of a `numpy.ma.MaskedArray`, NaN and null are not observed. A frame
        must have the columns that were fitted, in their order and with their values.
    observed : (d,) or (m, d) array of bool, optional
        True where a pixel is observed, for all images or for each; pixels that `x` itself leaves
        out stay unobserved. Values of unobserved pixels are not looked at. By default every pixel
        that `x` does not leave out is observed.
    draws : int, optional
        Use about so many draws, spread evenly over chains and sweeps, instead of all.
    labels : (m,) array of int, or int for one image, optional
        Known label of each image, -1 where it is not known: what is asked for is then the rest of
        an image that shows this, such as a 3. Needs a posterior of images with labels.

    Returns
    -------
    proba : (m, d) float64, or (d,) for one image, or a frame of the kind that came
        Observed pixels come back as they are, exactly 0 or 1.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, or images, masks or labels that do not fit it.

    Notes
    -----
    Draws are averaged as densities: a draw under which the observed pixels are more probable has
    more to say about the hidden ones. Large queries leave out what is negligible; every probability
    is right to 1e-6.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> half = np.array([True, True, True, False, False, False])
    >>> dpmix.predict_proba(posterior, x[0], observed=half) > 0.5
    array([ True,  True,  True, False, False, False])
    """
    return _fill_hidden(add_means, posterior, check_query(posterior, x, observed, labels, draws))


def sample_predictive(
    posterior: Posterior,
    x: Table,
    observed: ArrayLike | None = None,
    size: Whole = 1,
    seed: Seed = None,
    draws: Whole | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.uint8]:
    """Draw whole images that agree with the observed pixels.

    Each is one coherent image: its hidden pixels are drawn together, from one cluster of one draw
    that is picked as the observed pixels say.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x, observed
        As in `predict_proba`.
    size : int
        Number of samples of each image.
    seed : int or numpy.random.Generator, optional
        The same seed gives the same samples; None takes one from the operating system.
    draws, labels
        As in `predict_proba`.

    Returns
    -------
    samples : (size, m, d) uint8, or (size, d) for one image
        Observed pixels come back as they are.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`; a `size` below 1 or a bad `seed`.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.sample_predictive(posterior, x[0], observed=x[0] == 1, size=100, seed=0).shape
    (100, 6)
    """
    query, size = check_query(posterior, x, observed, labels, draws), check_count("size", size)
    check_memory(size * query.on.size, "size", size, "ask for fewer samples, or of fewer images at a time")
    generator = np.random.default_rng(check_seed(seed))
    samples = np.zeros((size, *query.on.shape), np.uint8)
    hidden = np.flatnonzero(~query.observed.all(axis=0))
    if len(hidden):
        draw_pixels(posterior, _evidence(posterior, query), query.draws, hidden, generator, samples)
    np.copyto(samples, query.on, where=query.observed)
    return query.answer(samples, axis=1)


@by_blocks
def log_predictive(
    posterior: Posterior,
    x: Table,
    observed: ArrayLike | None = None,
    given: ArrayLike | None = None,
    draws: Whole | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64] | Any:
    """Log probability of the observed pixels of each image, or of these given others.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x, observed
        As in `predict_proba`.
    given : (d,) or (m, d) array of bool, optional
        True for the pixels to condition on: the result is then the log probability of the observed
        pixels given these. It makes no difference whether `observed` includes them; pixels that `x`
        leaves out are not given. By default nothing is given.
    draws : int, optional
        As in `predict_proba`.
    labels : (m,) array of int, or int for one image, optional
        Label of each image, -1 where it is not observed: the result is then the log probability of
        the observed pixels together with the label.

    Returns
    -------
    log_predictive : (m,) float64, or a float for one image, or a column of the library of a frame that came
        Nats, right to 1e-6; the logarithm of the mean probability over all draws of all chains. An
        image without observed pixels and label has 0.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> left = np.array([True, True, True, False, False, False])
    >>> whole = dpmix.log_predictive(posterior, x[0])
    >>> right = dpmix.log_predictive(posterior, x[0], ~left, given=left)
    >>> bool(np.isclose(whole, dpmix.log_predictive(posterior, x[0], left) + right))
    True
    """
    query = check_query(posterior, x, observed, labels, draws, given)
    if query.given is None:
        found = log_evidence(posterior, _evidence(posterior, query), query.draws)
    else:
        rest = _evidence(posterior, query._replace(observed=query.observed & ~query.given))
        found = log_evidence_given(posterior, Evidence(query.on, query.given), rest, query.draws)
    found = np.minimum(found, 0.0)  # rounding may leave a probability of 1 a hair above
    return query.answer(found, names="log_predictive")


@by_blocks
def predict_labels(
    posterior: Posterior, x: Table, observed: ArrayLike | None = None, draws: Whole | None = None
) -> NDArray[np.float64] | Any:
    """Probability of each label, given the observed pixels of its image.

    Parameters
    ----------
    posterior : dpmix.Posterior
        Of images with labels, some of which may be unobserved: ``dpmix.sample(x, labels=y)``.
    x, observed, draws
        As in `predict_proba`.

    Returns
    -------
    proba : (m, n_classes) float64, or (n_classes,) for one image, or a frame where one came
        Rows sum to 1.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`; a posterior of images without labels.

    Notes
    -----
    As exact as `predict_proba`: the label is one more column of the table, never observed in `x`.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> y = np.r_[np.full(19, -1), 0, 1, np.full(19, -1)]
    >>> posterior = dpmix.sample(x, labels=y, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.predict_labels(posterior, x[0]).round(1)
    array([0.7, 0.3])
    """
    query = check_query(posterior, x, observed, draws=draws)
    proba = np.zeros((len(query.on), check_n_classes(posterior)))
    evidence = _evidence(posterior, query)
    add_means(posterior, evidence, query.draws, lambda block: (block, block.class_proba), proba)
    proba /= proba.sum(axis=1, keepdims=True)
    return query.answer(proba, names=posterior.label_names or tuple(map(str, range(proba.shape[1]))))


def predict_mode(
    posterior: Posterior,
    x: Table,
    observed: ArrayLike | None = None,
    draws: Whole | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64] | Any:
    """Complete images from one cluster each: the one, of all draws, that is most probably theirs.

    Where several clusters might have it, `predict_proba` blends them; this shows the best alone.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x, observed, draws, labels
        As in `predict_proba`.

    Returns
    -------
    proba : (m, d) float64, or (d,) for one image, or a frame where one came
        Probability of each pixel to be on in that cluster; observed pixels come back as they are.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> half = np.array([True, True, True, False, False, False])
    >>> dpmix.queries.predict_mode(posterior, x[0], observed=half) > 0.5
    array([ True,  True,  True, False, False, False])
    """
    return _fill_hidden(take_best, posterior, check_query(posterior, x, observed, labels, draws))


@by_blocks
def responsibilities(
    posterior: Posterior,
    x: Table,
    chain: Whole = 0,
    draw: Whole = -1,
    observed: ArrayLike | None = None,
    *,
    labels: ArrayLike | None = None,
) -> NDArray[np.float64] | Any:
    """Probability of each cluster of one draw to be that of each image.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x : Images, or (m, d) or (d,) array of 0/1 or bool
        As in `predict_proba`. Images are taken for new ones, those that were clustered, too.
    chain, draw : int
        Which draw, counted from the end where negative; by default the last one of the first chain.
    observed, labels
        As in `predict_proba`.

    Returns
    -------
    responsibilities : (m, k + 1) float64, or (k + 1,) for one image, or a frame where one came
        Rows sum to 1. Clusters are numbered as in ``posterior.labels[chain, draw]``; the last column
        is a cluster not opened yet.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`; no such chain or draw.

    Examples
    --------
    >>> import dpmix
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> found = dpmix.queries.responsibilities(posterior, x[0])
    >>> bool(found.argmax() == posterior.labels[0, -1, 0])
    True
    """
    query = check_query(posterior, x, observed, labels)
    parts = list(draw_blocks(posterior.draw(chain, draw)))
    evidence = _evidence(posterior, query)
    found = np.empty((evidence.m, sum(len(block.log_weight) for block in parts)))
    first = 0
    for block in parts:
        last, scorer = first + len(block.log_weight), evidence.against(block)
        for rows in chunks(evidence.m, posterior.table.d):
            found[rows, first:last] = scorer.exact(rows)
        first = last
    found -= found.max(axis=1, keepdims=True)
    np.exp(found, out=found)
    found /= found.sum(axis=1, keepdims=True)
    return query.answer(found, names=(*map(str, range(found.shape[1] - 1)), "new"))


def _fill_hidden(fill, posterior, query):
    """Images with what `fill`, a function of `dpmix.queries.passes`, finds for their hidden pixels."""
    proba = np.zeros(query.on.shape)
    hidden = as_slice(np.flatnonzero(~query.observed.all(axis=0)))
    found = proba[:, hidden]  # a copy, unless the hidden pixels are neighbours
    if found.size:
        evidence = _evidence(posterior, query)
        fill(posterior, evidence, query.draws, lambda block: (block, block.on_proba(hidden)), found)
        proba[:, hidden] = found
    np.copyto(proba, query.on, where=query.observed)
    return query.answer(proba, names=column_names(posterior))


def _evidence(posterior, query):
    return Evidence(query.on, query.observed, query.classes, posterior.table.n_classes)
