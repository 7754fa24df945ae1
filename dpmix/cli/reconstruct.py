"""The command ``reconstruct``: draw images as a model sees them."""

from dpmix.base.errors import InputError
from dpmix.base.text import count
from dpmix.cli.files import PICTURES, check_file, save_picture, use_no_display
from dpmix.cli.models import GREY, add_grey_source, load_images, load_model, trained_kind
from dpmix.cli.options import add_command, add_overwrite
from dpmix.cli.runs import MOST, choose_rows
from dpmix.cli.streams import show
from dpmix.cli.told import as_json

__all__ = ["add_to"]

_RECONSTRUCT = f"""\
For an rbm, dbn or autoencoder. The picture shows images of SOURCE and below each what the model makes of
it on the way to its code and back, for a dbn through one layer, two layers and so on. Printed is the
mean squared error of a pixel, over all of SOURCE.

{GREY}"""

_RECONSTRUCT_EXAMPLES = ("dpmix reconstruct dbn.npz mnist:test -o reconstructed.png --most 12",)

_MOST_IN_PICTURE = 200


def add_to(commands):
    """Add the command ``reconstruct``."""
    summary, usage = "draw images as a model sees them", "MODEL SOURCE -o FILE [options]"
    parser = add_command(
        commands,
        "reconstruct",
        _reconstruct,
        summary,
        _RECONSTRUCT,
        usage,
        _RECONSTRUCT_EXAMPLES,
        source=True,
    )
    parser.add_argument("model", metavar="MODEL", help="file that 'dpmix train' wrote")
    add_grey_source(parser)
    parser.add_argument(
        "-o", "--out", required=True, metavar="FILE", help=f"picture to write: {', '.join(PICTURES)}"
    )
    parser.add_argument("--rows", metavar="A:B", help="draw images A to B - 1 of SOURCE, counted from 0")
    parser.add_argument(
        "--most", type=int, metavar="N", help=f"draw so many images, spread evenly (default: {MOST})"
    )
    parser.add_argument("--json", action="store_true", default=False, help="as JSON")
    add_overwrite(parser)


def _reconstruct(arguments):
    path = check_file(arguments.out, arguments.overwrite, PICTURES)
    if "rows" in arguments and "most" in arguments:
        raise InputError("--rows and --most exclude each other; leave one out")
    use_no_display()
    import dpmix

    images = load_images(arguments)
    model = load_model(arguments.model, arguments.source, images)
    kind = trained_kind(model)
    if kind == "classifier":
        raise InputError(
            f"{arguments.model} holds a classifier, which cannot reconstruct; 'dpmix classify' uses it"
        )
    rows = choose_rows(arguments, len(images.x))
    if len(rows) > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {len(rows):,} images cannot be read; choose at most {_MOST_IN_PICTURE} "
            "with --rows or --most"
        )
    depths = range(1, len(model.rbms_) + 1) if kind == "dbn" else (None,)
    shown, errors = {"image": images.x[rows]}, {}
    for depth in depths:
        found = model.reconstruct(images.x) if depth is None else model.reconstruct(images.x, depth)
        name = "returned" if depth is None else count(depth, "layer")
        shown[name], errors[name] = found[rows], float(((found - images.x) ** 2).mean(dtype=float))
    save_picture(dpmix.plot.image_rows(shown, shape=images.image_shape), path)
    if arguments.json:
        show(as_json({"n": len(images.x), "mean_squared_error": list(errors.values())}))
        return
    show("\n".join(f"{name:<10} mean squared error {error:.5f}" for name, error in errors.items()))
