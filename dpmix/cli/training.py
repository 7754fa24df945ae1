"""The training of a model: its options, the training itself, and what is told of it."""

import argparse
import contextlib
import sys
import warnings

from dpmix.base.errors import InputError
from dpmix.base.text import read_integer, read_number, shown, table
from dpmix.cli.models import CLASSES, trained_kind
from dpmix.cli.options import given
from dpmix.cli.streams import note
from dpmix.cli.wording import message_of

__all__ = [
    "add_training",
    "end_if_interrupted",
    "noise_of",
    "read_rate",
    "refuse_training",
    "train_model",
    "training_fields",
    "training_text",
]

_TRAINING = ("layers", "epochs", "batch_size", "learning_rate", "early_stopping", "noise", "seed")
_LARGEST_SEED = 2**32 - 1  # of scikit-learn's random_state


def add_training(parser):
    """Add the options of a training."""
    parser.add_argument(
        "--layers",
        metavar="H,H,...",
        help="hidden units of each layer, from the bottom "
        "(default: 256; 256,64 for a dbn; 200 for an autoencoder, whose smallest layer is the code)",
    )
    counts = {
        "--epochs": "passes over the images; for a dbn, of each layer (default: 10; 20 for an autoencoder)",
        "--batch-size": "images per step of the training (default: 100)",
        "--seed": "the same seed gives the same model (default: a fresh one, which is shown)",
    }
    for name, text in counts.items():
        parser.add_argument(name, type=int, metavar="N", help=text)
    parser.add_argument(
        "--learning-rate",
        type=read_rate,
        metavar="X",
        help="length of a step, or 'auto', which finds one by a few short tries (default: auto)",
    )
    parser.add_argument(
        "--early-stopping",
        action="store_true",
        help="set one image in ten aside, stop when they gain no more, and keep the best epoch",
    )
    parser.add_argument(
        "--noise",
        metavar="F0,F1",
        help="for an autoencoder: learn to take noise away that sets the share F0 of all pixels to 0 and F1 of the "
        "others to 1, such as 0.4,0.05",
    )
    parser.add_argument("--quiet", action="store_true", default=False, help="show no progress")


def train_model(kind, arguments, images, init=None):
    """Return a trained model.

    Parameters
    ----------
    kind : str
        One of `MODELS`.
    arguments : argparse.Namespace
        With what `add_training` added. Its seed is set where there is none.
    images : GreyImages or Images
    init : estimator, optional
        What a classifier or an autoencoder starts from.
    """
    from dpmix.base.checks import check_count, check_seed
    from dpmix.datasets.images import named_labels

    if "seed" not in arguments:
        arguments.seed = check_seed(None) % (_LARGEST_SEED + 1)
    check_count("seed", arguments.seed, low=0, high=_LARGEST_SEED)
    _check_steps(arguments, init)
    model = _untrained(kind, arguments, init)
    with _warnings_as_notes():
        return model.fit(images.x, named_labels(images)) if kind == "classifier" else model.fit(images.x)


def end_if_interrupted(model, path):
    """End the command if Ctrl-C ended the training of `model`, which is kept in the file `path`, if any."""
    if not model.interrupted_:
        return
    parts = getattr(model, "rbms_", [model])
    done = ", ".join(f"{len(part.history_.get('seconds', [])):,}" for part in parts)
    layers = " of each layer" if len(parts) > 1 else ""
    if path is None:
        raise KeyboardInterrupt("interrupted: no model is kept; --save keeps one")
    model.save(path)
    raise KeyboardInterrupt(f"interrupted after {done} epochs{layers}: the model so far is in {path}")


def read_rate(text):
    """Return a number, or "auto" as it is."""
    rate = text if text == "auto" else read_number(text)
    if rate is None:
        raise argparse.ArgumentTypeError(f"must be a number, such as 0.1, or auto; got {shown(text)}")
    return rate


def refuse_training(arguments):
    """Refuse options of a training where there is none."""
    found = given(arguments, *_TRAINING)
    if found:
        name = next(iter(found)).replace("_", "-")
        raise InputError(
            f"--{name} is for a model that is trained now, not for one from a file; leave it out"
        )


def _check_steps(arguments, init):
    """Refuse numbers that the library would refuse under the names of its parameters."""
    from dpmix.base.checks import check_count, check_positive

    if "epochs" in arguments:
        check_count("--epochs", arguments.epochs, low=1 if init is None else 0)
    if "batch_size" in arguments:
        check_count("--batch-size", arguments.batch_size)
    if given(arguments, "learning_rate").get("learning_rate", "auto") != "auto":
        check_positive("--learning-rate", arguments.learning_rate)


def _untrained(kind, arguments, init):
    from dpmix import features

    words = {"epochs": "n_iter", "batch_size": "batch_size", "learning_rate": "learning_rate"}
    words["early_stopping"] = "early_stopping"
    options = {words[name]: value for name, value in given(arguments, *words).items()}
    common = {"random_state": arguments.seed, "verbose": not arguments.quiet and sys.stderr is not None}
    if "noise" in arguments:
        if kind != "autoencoder":
            raise InputError(f"--noise is for an autoencoder; got --model {kind}; leave it out")
        options["corruption"] = noise_of(arguments.noise)
    sizes = _layers(arguments)
    cls = getattr(features, CLASSES[kind])
    if kind == "dbn":
        return cls(
            **({"n_components": sizes} if sizes else {}), rbm=features.BernoulliRBM(**options), **common
        )
    if kind == "rbm":
        if sizes and len(sizes) > 1:
            raise InputError(
                f"--layers must be one number for an rbm; got {arguments.layers!r}; use --model dbn for several"
            )
        return cls(**({"n_components": sizes[0]} if sizes else {}), **options, **common)
    if init is not None:
        if sizes:
            raise InputError(
                "--layers and --init exclude each other: the layers come from the model; leave one out"
            )
        options["init"] = init
    return cls(**({"hidden_layer_sizes": sizes} if sizes else {}), **options, **common)


def noise_of(text):
    """Return the `MaskingNoise` of such as 0.4,0.05."""
    from dpmix.datasets import MaskingNoise

    shares = [read_number(word.strip()) for word in text.split(",")]
    if len(shares) != 2 or None in shares:
        raise InputError(f"--noise must be two shares and a comma, such as 0.4,0.05; got {shown(text)}")
    return MaskingNoise(*shares)


def _layers(arguments):
    """The numbers of --layers, or None."""
    if "layers" not in arguments:
        return None
    sizes = [read_integer(word.strip()) for word in arguments.layers.split(",")]
    if not all(size is not None and size > 0 for size in sizes):
        raise InputError(
            f"--layers must be whole numbers above 0 and commas, such as 256,64; got {shown(arguments.layers)}"
        )
    return tuple(sizes)


@contextlib.contextmanager
def _warnings_as_notes():
    """Tell warnings of the library as one line each, without the line of code they come from."""

    from dpmix.features import TrainingInterrupted

    def tell(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, TrainingInterrupted):  # told by `end_if_interrupted`
            return
        note(f"dpmix: warning: {message_of(message)}")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = tell
        yield


def training_fields(model, images, seed):
    """Return what is told of a training as a dictionary for JSON, ``history`` with one entry a layer."""
    parts = getattr(model, "rbms_", [model])
    return {
        "model": trained_kind(model),
        "n": len(images.x),
        "shape": list(images.image_shape),
        "seed": seed,
        "layers": [len(bias) for _, bias, _ in model.encoder_layers()],
        "epochs": [len(part.history_.get("seconds", [])) for part in parts],
        "seconds": [sum(part.history_.get("seconds", [])) for part in parts],
        "learning_rate": [part.learning_rate_ for part in parts],
        "history": [part.history_ for part in parts],
    }


def training_text(fields):
    """Return the text of `training_fields`."""
    height, width = fields["shape"]
    layers = " - ".join(f"{size:,}" for size in (height * width, *fields["layers"]))
    lines = [
        f"images   {fields['n']:,} of {height} x {width} pixels",
        f"model    {fields['model']}, {layers} units",
        f"seed     {fields['seed']}",
        "",
    ]
    histories = fields["history"]
    columns = {"layer": [str(layer) for layer in range(1, len(histories) + 1)]} if len(histories) > 1 else {}
    columns["epochs"] = [f"{epochs:,}" for epochs in fields["epochs"]]
    columns["seconds"] = [f"{seconds:,.1f}" for seconds in fields["seconds"]]
    columns["learning rate"] = [f"{rate:.4g}" for rate in fields["learning_rate"]]
    for name in histories[0]:
        if name not in ("learning_rate", "seconds"):
            columns[name.replace("_", " ")] = [f"{history[name][-1]:.4g}" for history in histories]
    cells = [[name, *column] for name, column in columns.items()]
    return "\n".join([*lines, *table(list(zip(*cells, strict=True)))])
