"""What stands above the posterior and is reached from it, as ``posterior.plot.clusters()``: loaded on first use.

Besides the names of the packages themselves this is the one place that reaches upwards, and only by name.
"""

from importlib import import_module

__all__ = ["from_above"]


def from_above(module, name):
    """Return what is called `name` in a module of dpmix that stands above the posterior.

    Examples
    --------
    >>> from_above("dpmix.plot", "clusters").__name__
    'clusters'
    """
    return getattr(import_module(module), name)
