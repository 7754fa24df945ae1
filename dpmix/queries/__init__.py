"""Questions to a posterior about new images: predictive probabilities, samples, labels, denoising.

`predict_proba` tells what hidden pixels are likely to be, `predict_mode` the same from the one best cluster,
`sample_predictive` draws whole images, `predict_labels` says what an image shows, `log_predictive` how
probable it is, `responsibilities` which cluster of a draw it belongs to, `assign` which of a partition, and
`denoise` what it looked like before the noise. Names load on first use.
"""

from importlib import import_module

_HOME = {
    "Assignment": "dpmix.queries.assignment",
    "assign": "dpmix.queries.assignment",
    "denoise": "dpmix.queries.denoising",
    "log_predictive": "dpmix.queries.query",
    "predict_labels": "dpmix.queries.query",
    "predict_mode": "dpmix.queries.query",
    "predict_proba": "dpmix.queries.query",
    "responsibilities": "dpmix.queries.query",
    "sample_predictive": "dpmix.queries.query",
}

__all__ = [
    "Assignment",
    "assign",
    "denoise",
    "log_predictive",
    "predict_labels",
    "predict_mode",
    "predict_proba",
    "responsibilities",
    "sample_predictive",
]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'dpmix.queries' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
