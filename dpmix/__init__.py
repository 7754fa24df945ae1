"""Bayesian nonparametric clustering of binary images.

Names load on first use, so ``import dpmix`` is quick.
"""

from importlib import import_module
from pathlib import Path

from dpmix.base.version import __version__

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
    "co_clustering": "dpmix.partitions",
    "compare_labels": "dpmix.partitions",
    "confidence": "dpmix.partitions",
    "credible_ball": "dpmix.partitions",
    "denoise": "dpmix.queries.denoising",
    "load": "dpmix.posterior.load",
    "log_predictive": "dpmix.queries.query",
    "point_estimate": "dpmix.partitions",
    "predict_labels": "dpmix.queries.query",
    "predict_mode": "dpmix.queries.query",
    "predict_proba": "dpmix.queries.query",
    "responsibilities": "dpmix.queries.query",
    "resume": "dpmix.sampling.run",
    "sample": "dpmix.sampling.run",
    "sample_predictive": "dpmix.queries.query",
}
_MODULES = ("datasets", "features", "masks", "partitions", "plot")

__all__ = [
    "DPMixture",
    "Gamma",
    "Images",
    "InputError",
    "Interrupted",
    "Posterior",
    "Prior",
    "RunError",
    "Schedule",
    "WorkerError",
    "__version__",
    "co_clustering",
    "compare_labels",
    "confidence",
    "credible_ball",
    "datasets",
    "denoise",
    "features",
    "load",
    "log_predictive",
    "masks",
    "partitions",
    "plot",
    "point_estimate",
    "predict_labels",
    "predict_mode",
    "predict_proba",
    "responsibilities",
    "resume",
    "sample",
    "sample_predictive",
]

# In a checkout the kernels stand beside this folder, not inside it: let the package find them there.
_checkout = Path(__file__).resolve().parent.parent
if not (Path(__file__).parent / "kernels").is_dir() and (_checkout / "kernels" / "__init__.py").is_file():
    __path__.append(str(_checkout))


def __getattr__(name):
    if name in _MODULES:
        return import_module(f"dpmix.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'dpmix' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
