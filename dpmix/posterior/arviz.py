"""A posterior as ArviZ wants it: an xarray.DataTree."""

import numpy as np

from dpmix.base.checks import check_bool
from dpmix.base.errors import InputError
from dpmix.base.wording import Wording
from dpmix.posterior.agreement import entropies

__all__ = ["to_arviz"]

_ELSEWHERE = ("log_joint", "n_clusters", "alpha")  # of the trace: by another name or in another group


def to_arviz(posterior, labels=False):
    """Return `posterior`, which holds a draw, as an xarray.DataTree; see `Posterior.to_arviz`."""
    labels = check_bool("labels", labels)
    if posterior.in_burn_in:
        raise InputError(
            "posterior must hold draws for to_arviz; its chains are in their burn-in",
            Wording("run more sweeps with {resuming}"),
        )
    try:
        import arviz_base
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"to_arviz needs the packages of ArviZ ({error}); install them: pip install 'dpmix-toolkit[arviz]'",
            name=error.name,
        ) from error
    groups = _groups(posterior, labels)
    settings = {name: getattr(posterior.plan, name) for name in ("seed", "sweeps", "burn_in", "thin", "init")}
    pixels, images = None if posterior.columns is None else posterior.columns.names, posterior.names
    about = {"inference_library": "dpmix", "inference_library_version": posterior.version, **settings}
    return arviz_base.from_dict(
        groups,
        dims={"a": ["pixel"], "b": ["pixel"], "labels": ["image"]},
        coords={
            "pixel": _coordinate(pixels, posterior.table.d),
            "image": _coordinate(images, posterior.table.n),
        },
        attrs=dict.fromkeys(["/", *groups], about),
    )


def _coordinate(names, size):
    """Coordinates of a dimension: names where there are any, all texts or all numbers, else places."""
    if names is None:
        return np.arange(size)
    whole = all(isinstance(name, int) for name in names)
    return np.array(names if whole else list(map(str, names)))


def _groups(posterior, labels):
    """Variables by group: what the draws are about, how the sampler did, what did not vary."""
    draws = {
        "n_clusters": posterior.n_clusters,
        "alpha": posterior.alpha,
        "entropy": entropies(posterior.labels),
    }
    constants = {}
    for name in ("a", "b"):
        values = getattr(posterior, name)
        if (values == values[0, 0]).all():
            constants[name] = values[0, 0]
        else:
            draws[name] = values
    if labels:
        draws["labels"] = posterior.labels
    sweeps = posterior.draw_sweeps
    others = {name: values[:, sweeps] for name, values in posterior.trace.items() if name not in _ELSEWHERE}
    groups = {"posterior": draws, "sample_stats": {"lp": posterior.log_joint, **others}}
    return {**groups, "constant_data": constants} if constants else groups
