"""Feature extractors with scikit-learn manners, whose binary codes can be fed to the mixture.

`BernoulliRBM` learns features without labels, `DeepBeliefNet` stacks several of them, `Autoencoder` learns
to reproduce images or to take noise away, and `NetworkClassifier` turns any of them, or random weights,
into a classifier. `load` reads back what their ``save`` wrote. How good a machine is as a model of the
data is told by the log partition functions: exact, or bracketed by annealed importance sampling in both
directions.

Names load on first use. Terms: *visible* values are those of an image, *hidden* units the features;
a *code* is what the hidden units make of an image, as probabilities or as bits; an *epoch* is one pass
over the training images. Arithmetic is float32.
"""

from importlib import import_module

_HOME = {
    "Autoencoder": "dpmix.features.networks.autoencoder",
    "BernoulliRBM": "dpmix.features.boltzmann.rbm",
    "DeepBeliefNet": "dpmix.features.boltzmann.dbn",
    "NetworkClassifier": "dpmix.features.networks.classifier",
    "TrainingInterrupted": "dpmix.features.interruption",
    "annealed_log_partition": "dpmix.features.boltzmann.ais",
    "bias_image": "dpmix.features.probes",
    "exact_log_partition": "dpmix.features.boltzmann.ais",
    "fantasy_images": "dpmix.features.probes",
    "load": "dpmix.features.storage",
    "log_likelihood": "dpmix.features.boltzmann.ais",
    "reverse_annealed_log_partition": "dpmix.features.boltzmann.ais",
    "ternary": "dpmix.features.codes",
    "unit_images": "dpmix.features.probes",
    "weight_images": "dpmix.features.probes",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module 'dpmix.features' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__():
    return sorted(__all__)
