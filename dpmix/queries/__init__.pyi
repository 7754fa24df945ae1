"""What loads on first use, told to editors and type checkers; `tests/test_types.py` holds both together."""

from dpmix.queries.assignment import Assignment as Assignment
from dpmix.queries.assignment import assign as assign
from dpmix.queries.denoising import denoise as denoise
from dpmix.queries.query import log_predictive as log_predictive
from dpmix.queries.query import predict_labels as predict_labels
from dpmix.queries.query import predict_mode as predict_mode
from dpmix.queries.query import predict_proba as predict_proba
from dpmix.queries.query import responsibilities as responsibilities
from dpmix.queries.query import sample_predictive as sample_predictive

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
