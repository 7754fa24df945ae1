"""Questions to a posterior: hidden pixels of images, and how probable images are.

Images may be ones that were never seen, and any of their pixels may be unobserved. `dpmix.predictive`
defines the mixture that answers; nothing is simulated except by `sample_predictive`.
"""

import numpy as np

from dpmix.data import check_binary, check_numbers
from dpmix.errors import InputError, InputTypeError
from dpmix.posterior import Posterior
from dpmix.predictive import Evidence, RunningSum, blocks, chunks
from dpmix.validate import check_count, check_seed

__all__ = ["log_predictive", "predict_proba", "sample_predictive"]


def predict_proba(posterior, x, observed=None, draws=None):
    """Probability that each pixel is on, given the observed pixels of its image.

    The probabilities are exact: a weighted mean over all clusters of all draws and a new cluster.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x : Images, or (m, d) or (d,) array of 0/1 or bool
        One image or many. Masked entries of a `numpy.ma.MaskedArray` and NaN are not observed.
    observed : (d,) or (m, d) array of bool, optional
        True where a pixel is observed, for all images or for each; pixels that `x` itself leaves
        out stay unobserved. Values of unobserved pixels are not looked at. By default every pixel
        that `x` does not leave out is observed.
    draws : int, optional
        Use about so many draws, spread evenly over chains and sweeps, instead of all.

    Returns
    -------
    proba : (m, d) float64, or (d,) for one image
        Observed pixels come back as they are, exactly 0 or 1.

    Raises
    ------
    InputError, InputTypeError
        A posterior without draws, or images or masks that do not fit it.

    Notes
    -----
    Draws are averaged as densities: a draw under which the observed pixels are more probable has
    more to say about the hidden ones.

    Examples
    --------
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> half = np.array([True, True, True, False, False, False])
    >>> dpmix.predict_proba(posterior, x[0], observed=half).round(1)
    array([1., 1., 1., 0., 0., 0.])
    """
    on, seen, single = _check_query(posterior, x, observed)
    draws = _check_draws(draws)
    proba = np.zeros(on.shape)
    hidden = np.flatnonzero(~seen.all(axis=0))
    if len(hidden):
        _add_proba(posterior, Evidence(on, seen), hidden, draws, proba)
    np.copyto(proba, on, where=seen)
    return proba[0] if single else proba


def sample_predictive(posterior, x, observed=None, size=1, seed=None, draws=None):
    """Draw whole images that agree with the observed pixels.

    Each is one coherent image: its hidden pixels are drawn together, from one cluster of one draw
    that is picked as the observed pixels say.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x, observed, draws
        As in `predict_proba`.
    size : int
        Number of samples of each image.
    seed : int, optional
        The same seed gives the same samples; None takes one from the operating system.

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
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> dpmix.sample_predictive(posterior, x[0], observed=x[0] == 1, size=100, seed=0).shape
    (100, 6)
    """
    on, seen, single = _check_query(posterior, x, observed)
    draws, size = _check_draws(draws), check_count("size", size)
    generator = np.random.default_rng(check_seed(seed))
    samples = np.zeros((size, *on.shape), np.uint8)
    hidden = np.flatnonzero(~seen.all(axis=0))
    if len(hidden):
        _draw_pixels(posterior, Evidence(on, seen), hidden, draws, generator, samples)
    np.copyto(samples, on, where=seen)
    return samples[:, 0] if single else samples


def log_predictive(posterior, x, observed=None, given=None, draws=None):
    """Log probability of the observed pixels of each image, or of these given others.

    Parameters
    ----------
    posterior : dpmix.Posterior
    x, observed, draws
        As in `predict_proba`.
    given : (d,) or (m, d) array of bool, optional
        True for the pixels to condition on: the result is then the log probability of the observed
        pixels given these. It makes no difference whether `observed` includes them; pixels that `x`
        leaves out are not given. By default nothing is given.

    Returns
    -------
    log_predictive : (m,) float64, or a float for one image
        Nats; the logarithm of the mean probability over all draws of all chains. An image without
        observed pixels has 0.

    Raises
    ------
    InputError, InputTypeError
        As in `predict_proba`.

    Examples
    --------
    >>> x = np.repeat([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]], 20, axis=0)
    >>> posterior = dpmix.sample(x, chains=1, sweeps=20, init="random:2", seed=0, progress=False)
    >>> left = np.array([True, True, True, False, False, False])
    >>> whole = dpmix.log_predictive(posterior, x[0])
    >>> right = dpmix.log_predictive(posterior, x[0], ~left, given=left)
    >>> bool(np.isclose(whole, dpmix.log_predictive(posterior, x[0], left) + right))
    True
    """
    values, known, single = _check_images(posterior, x)
    draws = _check_draws(draws)
    masks = [_check_mask("observed", observed, known, single)]
    if given is not None:
        masks.append(_check_mask("given", given, known, single))
        masks[0] = masks[0] | masks[1]
    on = check_binary(values, "x", masks[0])
    joint, *condition = _log_evidence(posterior, [Evidence(on, mask) for mask in masks], draws)
    result = joint - condition[0] if condition else joint
    result = np.minimum(result, 0.0)  # rounding may leave a probability of 1 a hair above
    return float(result[0]) if single else result


def _log_evidence(posterior, evidences, draws):
    """Log probability of each of `evidences`, all about the same images: a list of (m,) float64."""
    m, pieces = evidences[0].m, chunks(evidences[0].m, posterior.table.d)
    sums = [RunningSum(m) for _ in evidences]
    for block in blocks(posterior, draws):
        for evidence, running in zip(evidences, sums, strict=True):
            for rows in pieces:
                running.add(rows, evidence.scores(rows, block))
    return [running.log() for running in sums]


def _add_proba(posterior, evidence, hidden, draws, out):
    """Fill columns `hidden` of `out` (m, d) with probabilities, in place."""
    running = RunningSum(evidence.m)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        on_proba = block.on_proba[:, hidden]
        for rows in pieces:
            weights = evidence.scores(rows, block)
            factor, _ = running.add(rows, weights)
            part = out[rows]
            part[:, hidden] = part[:, hidden] * factor[:, None] + weights @ on_proba
    out /= running.total[:, None]
    np.minimum(out, 1.0, out=out)


def _draw_pixels(posterior, evidence, hidden, draws, generator, out):
    """Fill columns `hidden` of `out` (size, m, d) with samples, in place.

    One pass over the clusters: a block takes each sample over from the earlier ones with the
    block's share of the weight so far, which leaves every cluster with its own share in the end.
    """
    running = RunningSum(evidence.m)
    pieces = chunks(evidence.m, posterior.table.d)
    for block in blocks(posterior, draws):
        on_proba = block.on_proba[:, hidden]
        for rows in pieces:
            weights = evidence.scores(rows, block)
            _, added = running.add(rows, weights)
            targets = generator.random((len(out), len(weights))) * running.total[rows]
            image, sample = np.nonzero((targets < added).T)
            picks = _pick(weights, image, targets[sample, image] / added[image])
            for first in range(0, len(picks), len(weights)):
                batch = slice(first, first + len(weights))
                wanted = on_proba[picks[batch]]
                pixels = generator.random(wanted.shape) < wanted
                out[sample[batch, None], rows.start + image[batch, None], hidden] = pixels


def _pick(weights, image, uniforms):
    """Draw a column of row `image` of `weights` for each of `uniforms` in [0, 1); never one of weight 0.

    `image` is in increasing order. `weights` is replaced by its cumulative sums.
    """
    np.cumsum(weights, axis=1, out=weights)
    picks = np.empty(len(image), np.intp)
    bounds = np.searchsorted(image, np.arange(len(weights) + 1))
    for i in np.unique(image):
        mine, total = slice(bounds[i], bounds[i + 1]), weights[i, -1]
        targets = np.minimum(uniforms[mine] * total, np.nextafter(total, 0))  # denormals may round up
        picks[mine] = np.searchsorted(weights[i], targets, side="right")
    return picks


def _check_draws(draws):
    return None if draws is None else check_count("draws", draws)


def _check_query(posterior, x, observed):
    """Images, mask and whether there is one image only; `on` is 0 where nothing is observed."""
    values, known, single = _check_images(posterior, x)
    seen = _check_mask("observed", observed, known, single)
    return check_binary(values, "x", seen), seen, single


def _check_images(posterior, x):
    """Values (m, d) of any dtype, where they are known (m, d), and whether there is one image only."""
    if not isinstance(posterior, Posterior):
        raise InputTypeError(f"posterior must be a dpmix.Posterior; got {type(posterior).__name__}; "
                             "dpmix.load reads one from a run folder")
    if posterior.labels.shape[1] == 0:
        raise InputError("posterior must hold at least one draw; got none, a chain is still in its burn-in; "
                         "run more sweeps with dpmix.resume")
    x = x.x if hasattr(x, "x") and hasattr(x, "y") else x
    values, d = check_numbers(x), posterior.table.d
    if values.ndim not in (1, 2) or values.shape[-1] != d:
        shape = " x ".join(map(str, posterior.shape))
        raise InputError(f"x must be one image ({d},) or many (m, {d}), as images of posterior are {shape}; "
                         f"got shape {values.shape}; flatten images to rows, as in x.reshape(-1, {d})")
    if values.size == 0:
        raise InputError(f"x must hold at least one image; got shape {values.shape}")
    known = ~np.ma.getmaskarray(x) if np.ma.isMaskedArray(x) else np.ones(values.shape, bool)
    if values.dtype.kind == "f":
        known &= ~np.isnan(values)
    return values.reshape(-1, d), known.reshape(-1, d), values.ndim == 1


def _check_mask(name, mask, known, single):
    """Where pixels are both known and marked by the mask called `name`, (m, d) bool."""
    if mask is None:
        return known
    mask = check_numbers(mask, name)
    if mask.dtype.kind != "b":
        raise InputTypeError(f"{name} must hold True where a pixel is {name} and False elsewhere; "
                             f"got dtype {mask.dtype}; convert it, as in {name}.astype(bool)")
    m, d = known.shape
    if mask.shape != (d,) and (single or mask.shape != (m, d)):
        allowed = f"({d},)" if single else f"({d},) for all images or ({m}, {d}) for each"
        raise InputError(f"{name} must have shape {allowed}; got {mask.shape}; flatten a mask in the "
                         f"form of a picture with {name}.ravel()")
    return known & mask
