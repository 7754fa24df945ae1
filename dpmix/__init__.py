"""Cluster binary images, or any table of zeros and ones, without saying how many clusters there are.

Five lines to a first result::

    import dpmix

    digits = dpmix.datasets.load_digits()  # or an array of 0 and 1, or a frame of yes and no
    posterior = dpmix.sample(digits[:600], seed=1)  # many ways to divide the rows into clusters
    print(posterior.summary())  # how many clusters, and whether to believe it
    dpmix.plot.clusters(posterior)  # look at them

Then ask: `predict_proba` fills in what is hidden of an image, `log_predictive` says how probable one is, and
`partitions.point_estimate` gives one partition that stands for all. In a shell, ``dpmix demo`` shows it all.

What most scripts need stands here; the rest is where it belongs: questions to a posterior in `dpmix.queries`,
what partitions say in `dpmix.partitions`, where images come from in `dpmix.datasets`, pictures in `dpmix.plot`,
feature extractors in `dpmix.features`. Names load on first use, so ``import dpmix`` is quick.
"""

import os
from importlib import import_module
from warnings import warn

__all__ = [
    "Images",
    "Prior",
    "Posterior",
    "Schedule",
    "DPMixture",
    "sample",
    "resume",
    "load",
    "predict_proba",
    "predict_labels",
    "sample_predictive",
    "log_predictive",
    "denoise",
    "datasets",
    "features",
    "partitions",
    "plot",
]

_MODULES = ("datasets", "features", "partitions", "playground", "plot", "queries", "report")
_HOME = {
    "DPMixture": "dpmix.estimator",
    "Gamma": "dpmix.model.prior",
    "Images": "dpmix.datasets",
    "InputError": "dpmix.base.errors",
    "Interrupted": "dpmix.base.errors",
    "Posterior": "dpmix.posterior.posterior",
    "Prior": "dpmix.model.prior",
    "RunError": "dpmix.base.errors",
    "Schedule": "dpmix.chain.schedule",
    "WorkerError": "dpmix.base.errors",
    "__version__": "dpmix.base.version",
    "denoise": "dpmix.queries",
    "last_run": "dpmix.sampling.drawn",
    "load": "dpmix.posterior.load",
    "log_predictive": "dpmix.queries",
    "predict_labels": "dpmix.queries",
    "predict_proba": "dpmix.queries",
    "resume": "dpmix.sampling.run",
    "sample": "dpmix.sampling.run",
    "sample_predictive": "dpmix.queries",
}
_MOVED = {
    "co_clustering": "dpmix.partitions",
    "compare_labels": "dpmix.partitions",
    "confidence": "dpmix.partitions",
    "credible_ball": "dpmix.partitions",
    "masks": "dpmix.datasets",
    "point_estimate": "dpmix.partitions",
    "predict_mode": "dpmix.queries",
    "responsibilities": "dpmix.queries",
}

# In a checkout the kernels stand beside this folder, not inside it: let the package find them there.
# (pathlib takes longer to import than all the rest here.)
_here = os.path.dirname(os.path.abspath(__file__))
_checkout = os.path.dirname(_here)
if not os.path.isdir(os.path.join(_here, "kernels")) and os.path.isfile(
    os.path.join(_checkout, "kernels", "__init__.py")
):
    __path__.append(_checkout)


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"dpmix.{name}")
    if name in _MOVED:
        warn(f"dpmix.{name} is now {_MOVED[name]}.{name}", DeprecationWarning, stacklevel=2)
        return getattr(import_module(_MOVED[name]), name)
    if name not in _HOME:
        raise AttributeError(f"module 'dpmix' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted({"__version__", *_MODULES, *_HOME})
