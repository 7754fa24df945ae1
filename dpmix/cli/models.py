"""Models, that is fitted extractors and classifiers: their files, and images as they take them."""

from dpmix.base.errors import InputError
from dpmix.cli.options import add_source, load_source

__all__ = [
    "CLASSES",
    "EXTRACTORS",
    "GREY",
    "MODELS",
    "add_grey_source",
    "check_labels",
    "decoder_of",
    "load_images",
    "load_model",
    "trained_kind",
]

EXTRACTORS = ("rbm", "dbn", "autoencoder")
MODELS = (*EXTRACTORS, "classifier")

GREY = """\
Grey values are taken from 0 to 1 as SOURCE has them; --binary or --threshold make pixels 0 and 1."""

CLASSES = {
    "rbm": "BernoulliRBM",
    "dbn": "DeepBeliefNet",
    "autoencoder": "Autoencoder",
    "classifier": "NetworkClassifier",
}


def add_grey_source(parser):
    """Add SOURCE, which is read with grey values unless the options say otherwise."""
    add_source(parser)
    parser.add_argument(
        "--binary", action="store_true", default=False, help="make pixels 0 and 1, as 'dpmix fit' has them"
    )
    parser.add_argument(
        "--maximum",
        type=float,
        metavar="M",
        help="in an array file: value of a fully lit pixel (default: 1 for floats, 255 or 65535 for whole "
        "numbers of 8 or 16 bits)",
    )


def load_images(arguments):
    """Return the images of SOURCE: `GreyImages`, or `Images` of 0 and 1 with --binary or --threshold."""
    if not arguments.binary and "threshold" not in arguments:
        from dpmix.datasets import load_grey

        return load_source(arguments, load_grey, ("maximum",))
    if "maximum" in arguments:
        raise InputError("--maximum is for grey values; leave it out, or --binary and --threshold")
    return load_source(arguments)


def check_labels(arguments, images):
    """Refuse `images` without labels, or with labels below 0."""
    if images.y is None:
        raise InputError(f"{arguments.source} has no labels; choose another SOURCE")
    if images.y.min() < 0:
        raise InputError(f"{arguments.source} must have labels of at least 0; found {images.y.min()}")


def load_model(path, source, images):
    """Return the model of the file `path`, which must fit `images`, those of SOURCE `source`."""
    from dpmix import features

    model = features.load(path)
    d = images.x.shape[1]
    if model.n_features_in_ != d:
        raise InputError(
            f"{source} has images of {images.image_shape[0]} x {images.image_shape[1]} = {d} pixels, "
            f"the model {path} is about images of {model.n_features_in_} pixels"
        )
    return model


def decoder_of(path, d, run):
    """Return the model of the file `path`, which must make codes of `d` bits, those that `run` has clustered."""
    from dpmix import features

    model = features.load(path)
    if trained_kind(model) not in EXTRACTORS:
        raise InputError(
            f"{path} holds a classifier, which makes no codes; pass the model that made those of {run}"
        )
    model.set_params(codes="binary")
    bits = len(model.get_feature_names_out())
    if bits != d:
        raise InputError(f"{run} is about images of {d} pixels, the model {path} makes codes of {bits} bits")
    return model


def trained_kind(model):
    """Return the word for the class of `model`: one of `MODELS`."""
    return {name: kind for kind, name in CLASSES.items()}[type(model).__name__]
