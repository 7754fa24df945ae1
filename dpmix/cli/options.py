"""Options that several commands share, and what they mean."""

import argparse
import math

from dpmix.base.errors import InputError
from dpmix.base.escaping import for_terminal
from dpmix.base.text import MOST_DIGITS, read_integer, read_number, shown
from dpmix.cli.files import PICTURES
from dpmix.cli.streams import note

__all__ = [
    "add_command",
    "add_observed",
    "add_overwrite",
    "add_picture",
    "add_run",
    "add_running",
    "add_shape",
    "add_source",
    "check_finite_options",
    "given",
    "load_observed",
    "load_source",
    "shape_of",
    "table_options",
    "tell_columns",
    "tell_observed",
]

_SOURCE = """\
SOURCE is one of
  digits               1,797 handwritten digits of 8 x 8 pixels, no download
  mnist, mnist:train   60,000 handwritten digits of 28 x 28 pixels ('dpmix fetch' downloads them)
  mnist:test           10,000 more
  mnist:all            both
  a folder             of images of one size (PNG, GIF, BMP, JPEG, ...); sub-folders are classes
  a file               .npy, .npz or IDX, gzipped or not, of 0 and 1 or of grey values (see --threshold)
  a table              .csv or .parquet, whose columns are 0 and 1 or have two values each; what is empty, NA or
                       null is not observed (see --index, --label-column and --drop)
Rows A to B - 1 of any of them, counted from 0, are 'SOURCE[A:B]', such as 'digits[0:1600]'."""


def add_command(commands, name, run, summary, details, usage, examples=(), source=False):
    """Add a command and return its parser.

    Options that are not given are absent from the arguments (see `given`), so that the defaults
    of the library hold.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` gave.
    name : str
    run : callable (argparse.Namespace)
        Does what the command is for.
    summary, details : str
        What it is for: in a few words, and in some lines.
    usage : str
        The words after ``dpmix name``.
    examples : sequence of str
    source : bool
        Whether to explain SOURCE.
    """
    parts = [_SOURCE] if source else []
    parts += ["\n".join(["examples:", *(f"  {line}" for line in examples)])] if examples else []
    parser = commands.add_parser(
        name,
        usage=f"dpmix {name} {usage}",
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.\n\n{details}",
        epilog="\n\n".join(parts),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        argument_default=argparse.SUPPRESS,
        allow_abbrev=False,
    )
    parser.register("type", int, _whole_number)
    parser.register("type", float, _number)
    parser.set_defaults(run=run)
    return parser


def _whole_number(text):
    """What ``type=int`` of an option means here."""
    number = read_integer(text)
    if number is None:
        long = len(text) > MOST_DIGITS
        rule = f"a whole number of at most {MOST_DIGITS} digits" if long else "a whole number, such as 5"
        raise argparse.ArgumentTypeError(f"must be {rule}; got {shown(text)}")
    return number


def _number(text):
    """What ``type=float`` of an option means here; `check_finite_options` refuses nan and inf."""
    number = read_number(text)
    if number is None:
        raise argparse.ArgumentTypeError(f"must be a number, such as 0.5; got {shown(text)}")
    return number


def check_finite_options(arguments):
    """Refuse NaN and infinity, of which no option makes sense."""
    for name, value in vars(arguments).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise InputError(f"--{name.replace('_', '-')} must be finite; got {value}")


def add_run(parser):
    """Add the run folder that a command reads."""
    parser.add_argument("folder", metavar="RUN", help="run folder that 'dpmix fit' wrote")


def add_running(parser):
    """Add how the chains are run."""
    parser.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="worker processes, which make no difference to the draws (default: one per chain, as far as "
        "there are cores)",
    )
    parser.add_argument("--quiet", action="store_true", default=False, help="show no progress")


def add_source(parser):
    """Add SOURCE and how to read it."""
    parser.add_argument("source", metavar="SOURCE", help="images; see below")
    parser.add_argument(
        "--classes", metavar="A,B,...", help="only images with these labels, such as 2,3 (default: all)"
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="a pixel is on where it is greater than T (default: 127 for MNIST and folders of images)",
    )
    parser.add_argument(
        "--invert", action="store_true", default=False, help="exchange on and off: for ink on white"
    )
    table = {
        "--index": (
            "COLUMN",
            "of a table: this column names the rows (default: the first, if it has no name)",
        ),
        "--label-column": ("COLUMN", "of a table: this column is the label of the rows"),
        "--drop": ("A,B,...", "of a table: leave these columns out"),
        "--delimiter": (
            "CHARACTER",
            "of a .csv file (default: comma, semicolon, tab or bar, as its first line has)",
        ),
        "--encoding": ("NAME", "of a .csv file, such as latin-1 (default: utf-8)"),
    }
    for name, (metavar, text) in table.items():
        place = "label" if name == "--label-column" else name[2:]
        parser.add_argument(name, dest=place, metavar=metavar, help=text)


def add_observed(parser):
    """Add the pixels of SOURCE that are observed; read by `load_observed`."""
    parser.add_argument(
        "--observed",
        metavar="FILE",
        help="mask of SOURCE: .npy or .npz, true where a pixel is observed, for each image or one for all; "
        "NaN in SOURCE is not observed either (default: all else is)",
    )


def add_picture(parser, required=False):
    """Add the picture that a command writes."""
    text = f"picture to write: {', '.join(PICTURES)}"
    parser.add_argument("-o", "--out", required=required, metavar="FILE", help=text)


def add_shape(parser):
    """Add --shape, of images that are drawn."""
    parser.add_argument(
        "--shape", metavar="HxW", help="height and width of an image, such as 20x30 (default: a square)"
    )


def shape_of(arguments):
    """Return height and width of --shape."""
    sides = [read_integer(side) for side in arguments.shape.split("x")]
    if len(sides) != 2 or None in sides:
        raise InputError(f"--shape must be height x width, such as 20x30; got {shown(arguments.shape)}")
    return tuple(sides)


def add_overwrite(parser):
    """Add the permission to replace output."""
    parser.add_argument("--overwrite", action="store_true", default=False, help="replace what is there")


def table_options(arguments):
    """Return the options that say how to read a table, as `dpmix.datasets.load` takes them."""
    options = given(arguments, "index", "label", "drop", "delimiter", "encoding")
    if "drop" in options:
        options["drop"] = [name.strip() for name in options["drop"].split(",")]
    if options.get("delimiter") in ("\\t", "tab"):
        options["delimiter"] = "\t"
    return options


def load_source(arguments, load=None, names=("threshold",), columns=None):
    """Return the `Images` that SOURCE and its options name, or what `load` makes of them and `names`.

    A table must have the `columns` of a run, where these are given.

    --invert is for the caller of a `load` that gives more than images.
    """
    from dpmix import datasets

    options = given(arguments, "classes", *names)
    if "classes" in options:
        options["classes"] = [name.strip() for name in options["classes"].split(",")]
        if not all(options["classes"]):
            raise InputError(f"--classes must be labels and commas, such as 2,3; got {arguments.classes!r}")
    if columns is not None:
        options["columns"] = columns
    found = (load or datasets.load)(arguments.source, **options, **table_options(arguments))
    return found.inverted() if arguments.invert and not isinstance(found, tuple) else found


def load_observed(arguments, columns=None):
    """Return the `Images` of SOURCE and where they are observed, (n, d) bool or None; see `tell_observed`."""
    from dpmix import datasets

    images, observed = load_source(arguments, datasets.load_observed, ("threshold", "observed"), columns)
    return images.inverted() if arguments.invert else images, observed


def tell_observed(observed):
    """Say on stderr how many pixels are not observed, if any."""
    if observed is None:
        return
    hidden, rows = int((~observed).sum()), int((~observed).any(axis=1).sum())
    share = f"{hidden:,} of {observed.size:,} pixels ({hidden / observed.size:.1%})"
    note(f"not observed: {share}, in {rows:,} of {len(observed):,} images")


def tell_columns(images):
    """Say on stderr what 0 and 1 stand for in the columns of a table, where these are not named by it."""
    if images.columns is not None and images.columns.values:
        note(f"of the columns, 0 and 1 are: {'; '.join(map(for_terminal, images.columns.notes))}")


def given(arguments, *names):
    """Return the options of these names that the user gave, as a dictionary."""
    return {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
