"""Checks of an `Autoencoder`'s parameters, all before work starts."""

from dpmix.base.checks import check_bool, check_choice, check_count, check_positive, check_real
from dpmix.base.errors import InputError, InputTypeError
from dpmix.datasets.noise import check_noise
from dpmix.features.checks import check_fraction, check_not_negative
from dpmix.features.codes import check_thresholds
from dpmix.features.epochs import check_schedule

__all__ = ["CODES", "check_settings"]

CODES = ("activations", "binary")
OUTPUTS = ("sigmoid", "linear")
LOSSES = ("squared_error", "cross_entropy")
SOLVERS = ("adam", "sgd")


def check_settings(net):
    """Check every parameter of `net` that does not depend on the data or on another extractor."""
    for name in ("batch_size", "n_iter_no_change"):
        check_count(name, getattr(net, name))
    check_count("n_iter", net.n_iter, low=1 if net.init is None else 0)
    check_count("pretrain", net.pretrain, low=0)
    for name, choices in (
        ("output_activation", OUTPUTS),
        ("loss", LOSSES),
        ("solver", SOLVERS),
        ("codes", CODES),
    ):
        check_choice(name, getattr(net, name), choices)
    check_positive("learning_rate", net.learning_rate)
    check_schedule("schedule", net.schedule)
    check_fraction("momentum", net.momentum)
    for name in ("weight_decay", "sparsity_cost", "tol"):
        check_not_negative(name, getattr(net, name))
    for name in ("tied", "early_stopping"):
        check_bool(name, getattr(net, name))
    check_thresholds(net.thresholds)
    _check_combinations(net)
    if net.plateau is not None:
        _check_plateau(net.plateau)


def _check_combinations(net):
    if net.loss == "cross_entropy" and net.output_activation != "sigmoid":
        raise InputError(
            'loss="cross_entropy" needs output_activation="sigmoid", whose outputs are probabilities; '
            f"got {net.output_activation!r}"
        )
    if net.corruption is not None:
        check_noise("corruption", net.corruption)
    if net.sparsity_target is not None and check_positive("sparsity_target", net.sparsity_target) >= 1:
        raise InputError(f"sparsity_target must be less than 1; got {net.sparsity_target}")
    if check_fraction("validation_fraction", net.validation_fraction) == 0:
        raise InputError(
            "validation_fraction must be greater than 0; got 0; use early_stopping=False for none"
        )


def _check_plateau(value):
    try:
        share, n_epochs = value
    except (TypeError, ValueError) as error:
        raise InputTypeError(f"plateau must be a pair (share, epochs) or None; got {value!r}") from error
    check_real("share of plateau", share, low=0)
    check_count("epochs of plateau", n_epochs)
