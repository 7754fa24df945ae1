"""The command ``fetch``: put MNIST in place."""

import shlex
from pathlib import Path

from dpmix.cli.options import add_command, given
from dpmix.cli.streams import note, show

__all__ = ["add_to"]

_FETCH = """\
MNIST is 70,000 handwritten digits of 28 x 28 pixels, a download of 11 MB. It is looked for in DIR,
then in the folder that the environment variable DPMIX_DATA names, then in your cache. What is missing
is downloaded to the first of these that is set and checked. The folder is printed."""


def add_to(commands):
    """Add the command ``fetch``."""
    summary = "put the MNIST digits in place"
    fetch = add_command(commands, "fetch", _fetch, summary, _FETCH, "[--data-home DIR]")
    fetch.add_argument("--data-home", metavar="DIR", help="folder to look in first, and to download to")


def _fetch(arguments):
    from dpmix.datasets import fetch_mnist

    folder = fetch_mnist(**given(arguments, "data_home"))
    show(folder)
    if "data_home" in arguments and folder == Path(arguments.data_home):
        note(f"for other commands to find it: export DPMIX_DATA={shlex.quote(str(folder.resolve()))}")
