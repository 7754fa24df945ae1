"""The version of dpmix."""

__all__ = ["__version__"]

__version__ = "0.1.0"
