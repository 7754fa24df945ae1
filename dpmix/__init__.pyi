"""What loads on first use, told to editors and type checkers; `tests/test_types.py` holds both together."""

from dpmix import datasets as datasets
from dpmix import features as features
from dpmix import partitions as partitions
from dpmix import playground as playground
from dpmix import plot as plot
from dpmix import queries as queries
from dpmix import report as report
from dpmix.base.errors import InputError as InputError
from dpmix.base.errors import Interrupted as Interrupted
from dpmix.base.errors import RunError as RunError
from dpmix.base.errors import WorkerError as WorkerError
from dpmix.base.version import __version__ as __version__
from dpmix.chain.schedule import Schedule as Schedule
from dpmix.datasets import Images as Images
from dpmix.estimator import DPMixture as DPMixture
from dpmix.model.prior import Gamma as Gamma
from dpmix.model.prior import Prior as Prior
from dpmix.posterior.load import load as load
from dpmix.posterior.posterior import Posterior as Posterior
from dpmix.queries import denoise as denoise
from dpmix.queries import log_predictive as log_predictive
from dpmix.queries import predict_labels as predict_labels
from dpmix.queries import predict_proba as predict_proba
from dpmix.queries import sample_predictive as sample_predictive
from dpmix.sampling.drawn import last_run as last_run
from dpmix.sampling.run import resume as resume
from dpmix.sampling.run import sample as sample

__all__ = [
    "Images",
    "Prior",
    "Posterior",
    "Schedule",
    "DPMixture",
    "sample",
    "resume",
    "load",
    "predict_proba",
    "predict_labels",
    "sample_predictive",
    "log_predictive",
    "denoise",
    "datasets",
    "features",
    "partitions",
    "plot",
]
