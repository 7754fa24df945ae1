"""A posterior as ArviZ wants it: an xarray.DataTree."""

import numpy as np

from dpmix.base.checks import check_bool
from dpmix.base.errors import InputError
from dpmix.base.memory import check_memory
from dpmix.base.wording import Wording
from dpmix.posterior.agreement import entropies_of
from dpmix.posterior.pointwise import log_likelihood as log_likelihood_of
from dpmix.posterior.pointwise import replicates

__all__ = ["to_arviz"]

_ELSEWHERE = ("log_joint", "n_clusters", "alpha")  # of the trace: by another name or in another group
_REPLICATES = 0x5245504C  # sets their stream of random numbers apart


def to_arviz(posterior, labels, log_likelihood, posterior_predictive):
    """Return `posterior`, which holds a draw, as an xarray.DataTree; see `Posterior.to_arviz`."""
    labels = check_bool("labels", labels)
    log_likelihood = check_bool("log_likelihood", log_likelihood)
    posterior_predictive = check_bool("posterior_predictive", posterior_predictive)
    _check_fits(posterior, log_likelihood, posterior_predictive)
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
    groups = _groups(posterior, labels) | _data_groups(posterior, log_likelihood, posterior_predictive)
    settings = {name: getattr(posterior.plan, name) for name in ("seed", "sweeps", "burn_in", "thin", "init")}
    pixels, images = None if posterior.columns is None else posterior.columns.names, posterior.names
    about = {"inference_library": "dpmix", "inference_library_version": posterior.version, **settings}
    return arviz_base.from_dict(
        groups,
        dims={
            "a": ["pixel"],
            "b": ["pixel"],
            "labels": ["image"],
            "x": ["image", "pixel"],
            "image_given_others": ["image"],
        },
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
        "entropy": entropies_of(posterior),
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


def _data_groups(posterior, log_likelihood, posterior_predictive):
    """What is asked for of the images, and these beside it."""
    groups = {}
    if log_likelihood:
        groups["log_likelihood"] = {"image_given_others": log_likelihood_of(posterior)}
    if posterior_predictive:
        generator = np.random.Generator(np.random.PCG64([posterior.plan.seed, _REPLICATES]))
        groups["posterior_predictive"] = {"x": replicates(posterior, generator)}
    if groups:
        table = posterior.table
        seen = table.observed().astype(bool)
        groups["observed_data"] = {
            "x": np.where(seen, table.dense(), np.nan) if table.masked else table.dense()
        }
    return groups


def _check_fits(posterior, log_likelihood, posterior_predictive):
    cells = posterior.alpha.size * posterior.table.n
    for name, asked, need in (
        ("log_likelihood", log_likelihood, 8 * cells),
        ("posterior_predictive", posterior_predictive, cells * posterior.table.d),
    ):
        if asked:
            check_memory(need, name, True, "keep fewer draws, or sample with a larger thin")
