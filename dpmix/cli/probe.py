"""The command ``probe``: pictures of what a model has learnt, which need no images."""

from dpmix.base.errors import InputError
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.models import trained_kind
from dpmix.cli.options import add_command, add_overwrite, add_picture, add_shape, given, shape_of

__all__ = ["add_to"]

_PROBE = """\
weights    the weights of the hidden units, the strongest; above layer 1 combined with those below
units      what hidden units change in an image, each switched on alone
fantasies  images that an rbm or a dbn makes up
curves     how the training went, epoch by epoch"""

_EXAMPLES = (
    "dpmix probe rbm.npz weights -o weights.png",
    "dpmix probe dbn.npz units --layer 2 --most 36 -o units.png",
    "dpmix probe sounds.npz weights --shape 20x30 -o weights.png",
)

_OPTIONS = {
    "weights": ("layer", "most", "shape"),
    "units": ("layer", "most", "shape"),
    "fantasies": ("most", "shape", "steps", "seed"),
    "curves": (),
}


def add_to(commands):
    """Add the command ``probe``."""
    usage = "MODEL WHAT -o FILE [options]"
    probe = add_command(commands, "probe", _probe, "draw what a model has learnt", _PROBE, usage, _EXAMPLES)
    probe.add_argument("model", metavar="MODEL", help="file that 'dpmix train' wrote")
    probe.add_argument("what", metavar="WHAT", choices=tuple(_OPTIONS), help=", ".join(_OPTIONS))
    add_picture(probe, required=True)
    counts = {
        "--layer": "units of layer N, 1 the lowest (default: weights of the lowest, units of the top)",
        "--most": "draw so many (default: 36 weights, 24 units, 48 fantasies)",
        "--steps": "Gibbs steps before each fantasy (default: 1000)",
        "--seed": "where the fantasies of an rbm start (default: a fresh one)",
    }
    for name, text in counts.items():
        probe.add_argument(name, type=int, metavar="N", help=text)
    add_shape(probe)
    add_overwrite(probe)


def _probe(arguments):
    path = check_file(arguments.out, arguments.overwrite, PICTURES)
    options = given(arguments, *{name for names in _OPTIONS.values() for name in names})
    for name in options:
        if name not in _OPTIONS[arguments.what]:
            whose = " and ".join(what for what, names in _OPTIONS.items() if name in names)
            raise InputError(f"--{name} is for {whose}; got {arguments.what}; leave it out")
    if "shape" in options:
        options["shape"] = shape_of(arguments)
    use_no_display()
    from dpmix import features, plot

    model = features.load(arguments.model)
    kind = trained_kind(model)
    refused = {"fantasies": ("autoencoder", "classifier"), "units": ("classifier",)}
    if kind in refused.get(arguments.what, ()):
        raise InputError(f"{arguments.what} are not for models of the kind {kind}; choose weights or curves")
    if kind == "dbn" and "seed" in options:
        raise InputError(
            "--seed is for the fantasies of an rbm; those of a dbn follow from its training; leave it out"
        )
    draw, most = {
        "weights": (plot.weights, "units"),
        "units": (plot.unit_effects, "units"),
        "fantasies": (plot.fantasies, "n_samples"),
        "curves": (plot.training_curves, None),
    }[arguments.what]
    words = {"most": most, "steps": "n_steps"}
    save_picture(draw(model, **{words.get(name, name): value for name, value in options.items()}), path)
