"""The command ``demo``: a first look, in seconds."""

import shlex

from dpmix.cli.files import PICTURES, check_file, check_folder, save_picture, use_no_display
from dpmix.cli.options import add_command, add_overwrite
from dpmix.cli.streams import show
from dpmix.cli.told import chain_table

__all__ = ["add_to"]

_DEMO = """\
Clusters 1,600 of the handwritten digits that come with scikit-learn, without their labels, fills in
the bottom halves of others, and writes into the folder:
  run/              the run, for 'dpmix info' and the other commands
  clusters.png      the clusters found
  completions.png   ten digits the run has not seen, their bottoms filled in from their tops
  trace.png         how the chains went"""

_FOLDER = "dpmix-demo"
_TRAINED = 1600  # the first digits; the others are there to be completed
_OPTIONS = {"chains": 4, "sweeps": 200, "seed": 1}


def add_to(commands):
    """Add the command ``demo``."""
    summary = "cluster handwritten digits and draw the result, in seconds"
    demo = add_command(commands, "demo", _demo, summary, _DEMO, "[-o DIR] [--overwrite]")
    demo.add_argument(
        "-o", "--out", default=_FOLDER, metavar="DIR", help="folder to write (default: %(default)s)"
    )
    add_overwrite(demo)


def _demo(arguments):
    folder = check_folder(arguments.out, arguments.overwrite)
    run = folder / "run"
    pictures = {name: folder / f"{name}.png" for name in ("clusters", "completions", "trace")}
    if folder.exists():
        check_folder(run, arguments.overwrite)
        for path in pictures.values():
            check_file(path, arguments.overwrite, PICTURES)
    use_no_display()
    import dpmix
    from dpmix.datasets.masks import mask

    images = dpmix.datasets.load_digits()
    folder.mkdir(exist_ok=True)
    posterior = dpmix.sample(images[:_TRAINED], **_OPTIONS, out=run, overwrite=arguments.overwrite)
    best = int(posterior.log_joint[:, -1].argmax())
    save_picture(dpmix.plot.clusters(posterior, chain=best), pictures["clusters"])
    unseen = _one_of_each(images[_TRAINED:])
    observed = mask(posterior.image_shape, "bottom")
    save_picture(dpmix.plot.completions(posterior, unseen, observed), pictures["completions"])
    save_picture(dpmix.plot.trace(posterior), pictures["trace"])
    show(chain_table(posterior.records))
    show(_next_steps(run, pictures))


def _one_of_each(images):
    """Return the first image of every class."""
    import numpy as np

    return images[np.unique(images.y, return_index=True)[1]]


def _next_steps(run, pictures):
    run = shlex.quote(str(run))
    return f"""
Look at {pictures["clusters"]} (the clusters), {pictures["completions"]} (digits it had
not seen, the bottoms filled in from the tops) and {pictures["trace"]} (how the chains went).

Try next
  dpmix info {run}
  dpmix complete {run} digits --hide left -o lefts.png
  dpmix resume {run} --sweeps 1000
  dpmix fit digits -o twos-and-threes --classes 2,3
  dpmix --help"""
