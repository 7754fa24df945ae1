"""Options that several commands share, and what they mean."""

import argparse

from dpmix.cli.files import PICTURES
from dpmix.errors import InputError

__all__ = ["add_command", "add_overwrite", "add_picture", "add_run", "add_source", "given", "load_source"]

_SOURCE = """\
SOURCE is one of
  digits               1,797 handwritten digits of 8 x 8 pixels, no download
  mnist, mnist:train   60,000 handwritten digits of 28 x 28 pixels ('dpmix fetch' downloads them)
  mnist:test           10,000 more
  mnist:all            both
  a folder             of images of one size (PNG, GIF, BMP, JPEG, ...); sub-folders are classes
  a file               .npy, .npz or IDX, gzipped or not, of 0 and 1 or with --threshold"""


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
    parser.set_defaults(run=run)
    return parser


def add_run(parser):
    """Add the run folder that a command reads."""
    parser.add_argument("folder", metavar="RUN", help="run folder that 'dpmix fit' wrote")


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


def add_picture(parser, required=False):
    """Add the picture that a command writes."""
    text = f"picture to write: {', '.join(PICTURES)}"
    parser.add_argument("-o", "--out", required=required, metavar="FILE", help=text)


def add_overwrite(parser):
    """Add the permission to replace output."""
    parser.add_argument("--overwrite", action="store_true", default=False, help="replace what is there")


def load_source(arguments):
    """Return the `Images` that SOURCE and its options name."""
    from dpmix import datasets

    options = given(arguments, "classes", "threshold")
    if "classes" in options:
        options["classes"] = [name.strip() for name in options["classes"].split(",")]
        if not all(options["classes"]):
            raise InputError(f"--classes must be labels and commas, such as 2,3; got {arguments.classes!r}")
    return datasets.load(arguments.source, **options)


def given(arguments, *names):
    """Return the options of these names that the user gave, as a dictionary."""
    return {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}
