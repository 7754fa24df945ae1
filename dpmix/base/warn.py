"""Warnings that point at the line of the caller's program, however deep in dpmix they arise."""

import sys
import warnings

__all__ = ["warn_caller"]


def warn_caller(message, category):
    """Warn at the nearest line that is not one of dpmix."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("dpmix."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
