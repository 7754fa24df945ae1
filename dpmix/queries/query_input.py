"""What queries take: a posterior, images that fit it, masks and labels; checked before any work."""

import numpy as np

from dpmix.base.arrays import check_binary, check_mask, check_numbers, known_entries
from dpmix.base.checks import check_count
from dpmix.base.errors import InputError, InputTypeError
from dpmix.base.wording import Wording
from dpmix.posterior.posterior import Posterior

__all__ = ["check_classes", "check_draws", "check_images", "check_labels", "check_query"]


def check_draws(draws):
    """Return `draws`, None or a count."""
    return None if draws is None else check_count("draws", draws)


def check_query(posterior, x, observed, labels):
    """Images, mask, labels and whether there is one image only; `on` is 0 where nothing is observed."""
    values, known, single = check_images(posterior, x)
    seen = check_mask("observed", observed, known, single)
    labels = check_labels(posterior, labels, len(values), single)
    return check_binary(values, "x", seen), seen, labels, single


def check_labels(posterior, labels, m, single):
    """The labels that are given, (m,) int64, or None."""
    if labels is None:
        return None
    n_classes = check_classes(posterior)
    labels = check_numbers(labels, "labels")
    if labels.dtype.kind not in "iu":
        raise InputTypeError(f"labels must be integers, -1 where not known; got dtype {labels.dtype}")
    if labels.shape != (m,) and not (single and labels.shape == ()):
        wanted = "one integer" if single else f"one label for each of the {m} images"
        raise InputError(f"labels must be {wanted}; got shape {labels.shape}")
    labels = labels.astype(np.int64).reshape(m)
    if labels.min() < -1 or labels.max() >= n_classes:
        wrong = labels[(labels < -1) | (labels >= n_classes)][0]
        raise InputError(
            f"labels must lie between 0 and {n_classes - 1}, the labels the posterior has seen, "
            f"or be -1 where not known; found {wrong}"
        )
    return labels


def check_classes(posterior):
    """Number of classes of the label column, which there must be."""
    if not posterior.table.n_classes:
        raise InputError(
            "posterior must be one of images with labels; it has none",
            Wording("{learn_labels}"),
        )
    return posterior.table.n_classes


def check_images(posterior, x):
    """Values (m, d) of any dtype, where they are known (m, d), and whether there is one image only."""
    if not isinstance(posterior, Posterior):
        raise InputTypeError(
            f"posterior must be a dpmix.Posterior; got {type(posterior).__name__}; "
            "dpmix.load reads one from a run folder"
        )
    if posterior.labels.shape[1] == 0:
        raise InputError(
            "posterior must hold at least one draw; got none, a chain is still in its burn-in",
            Wording("run more sweeps with {resuming}"),
        )
    x = x.x if hasattr(x, "x") and hasattr(x, "y") else x
    values, d = check_numbers(x), posterior.table.d
    if values.ndim not in (1, 2) or values.shape[-1] != d:
        shape = " x ".join(map(str, posterior.shape))
        raise InputError(
            f"x must be one image ({d},) or many (m, {d}), as images of posterior are {shape}; "
            f"got shape {values.shape}; flatten images to rows, as in x.reshape(-1, {d})"
        )
    if values.size == 0:
        raise InputError(f"x must hold at least one image; got shape {values.shape}")
    known = known_entries(x, values)
    return values.reshape(-1, d), known.reshape(-1, d), values.ndim == 1
