"""What loads on first use, told to editors and type checkers; `tests/test_types.py` holds both together."""

from dpmix.features.boltzmann.ais import annealed_log_partition as annealed_log_partition
from dpmix.features.boltzmann.ais import exact_log_partition as exact_log_partition
from dpmix.features.boltzmann.ais import log_likelihood as log_likelihood
from dpmix.features.boltzmann.ais import reverse_annealed_log_partition as reverse_annealed_log_partition
from dpmix.features.boltzmann.dbn import DeepBeliefNet as DeepBeliefNet
from dpmix.features.boltzmann.rbm import BernoulliRBM as BernoulliRBM
from dpmix.features.codes import ternary as ternary
from dpmix.features.interruption import TrainingInterrupted as TrainingInterrupted
from dpmix.features.networks.autoencoder import Autoencoder as Autoencoder
from dpmix.features.networks.classifier import NetworkClassifier as NetworkClassifier
from dpmix.features.probes import bias_image as bias_image
from dpmix.features.probes import fantasy_images as fantasy_images
from dpmix.features.probes import unit_images as unit_images
from dpmix.features.probes import weight_images as weight_images
from dpmix.features.storage import load as load

__all__ = [
    "Autoencoder",
    "BernoulliRBM",
    "DeepBeliefNet",
    "NetworkClassifier",
    "TrainingInterrupted",
    "annealed_log_partition",
    "bias_image",
    "exact_log_partition",
    "fantasy_images",
    "load",
    "log_likelihood",
    "reverse_annealed_log_partition",
    "ternary",
    "unit_images",
    "weight_images",
]
