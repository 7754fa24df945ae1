"""What loads on first use, told to editors and type checkers; `tests/test_types.py` holds both together."""

from dpmix.report.model_report import write_model as write_model
from dpmix.report.posterior_report import write as write

__all__ = ["write", "write_model"]
