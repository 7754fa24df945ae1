"""One HTML file about a run, or about a trained model, to send to somebody: whole in itself, without a network.

`write` is about a posterior: what was run, whether its chains agree, its clusters with their members, who belongs
together, what it makes of new images. `write_model` is about an extractor or a classifier, and shorter. Both put their
file in place as a whole or not at all. Names load on first use.
"""

from importlib import import_module

_HOME = {"write": "dpmix.report.posterior_report", "write_model": "dpmix.report.model_report"}

__all__ = ["write", "write_model"]


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'dpmix.report' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
