"""Bayesian nonparametric clustering of binary images.

Names load on first use, so ``import dpmix`` is quick.
"""

from importlib import import_module
from pathlib import Path

__version__ = "0.1.0"

_HOME = {
    "Images": "dpmix.datasets",
    "InputError": "dpmix.errors",
    "Interrupted": "dpmix.errors",
    "Posterior": "dpmix.posterior",
    "Gamma": "dpmix.prior",
    "Prior": "dpmix.prior",
    "RunError": "dpmix.errors",
    "Schedule": "dpmix.schedule",
    "WorkerError": "dpmix.errors",
    "load": "dpmix.run_folder",
    "log_predictive": "dpmix.query",
    "predict_proba": "dpmix.query",
    "resume": "dpmix.sampling",
    "sample": "dpmix.sampling",
    "sample_predictive": "dpmix.query",
}
_MODULES = ("datasets", "plot")

__all__ = [
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
    "datasets",
    "load",
    "log_predictive",
    "plot",
    "predict_proba",
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
