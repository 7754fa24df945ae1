"""Bayesian nonparametric clustering of binary images.

Names load on first use, so ``import dpmix`` is quick.
"""

from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_HOME = {
    "DPMixture": "dpmix.estimator",
    "Gamma": "dpmix.prior",
    "Images": "dpmix.datasets",
    "InputError": "dpmix.errors",
    "Interrupted": "dpmix.errors",
    "Posterior": "dpmix.posterior",
    "Prior": "dpmix.prior",
    "RunError": "dpmix.errors",
    "Schedule": "dpmix.schedule",
    "WorkerError": "dpmix.errors",
    "co_clustering": "dpmix.partitions",
    "compare_labels": "dpmix.partitions",
    "confidence": "dpmix.partitions",
    "credible_ball": "dpmix.partitions",
    "denoise": "dpmix.denoising",
    "load": "dpmix.run_folder",
    "log_predictive": "dpmix.query",
    "point_estimate": "dpmix.partitions",
    "predict_labels": "dpmix.query",
    "predict_mode": "dpmix.query",
    "predict_proba": "dpmix.query",
    "responsibilities": "dpmix.query",
    "resume": "dpmix.sampling",
    "sample": "dpmix.sampling",
    "sample_predictive": "dpmix.query",
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
