"""The commands that put images to a run: ``complete`` and ``score``."""

import re

from dpmix.cli.files import PICTURES, check_file, save_array, save_picture, use_no_display
from dpmix.cli.options import (
    add_command,
    add_overwrite,
    add_picture,
    add_run,
    add_source,
    given,
    load_source,
)
from dpmix.cli.report import as_json
from dpmix.cli.streams import show
from dpmix.errors import InputError

__all__ = ["add_commands", "hidden_half"]

_COMPLETE = """\
Hides a half of images, which the run need not have seen, and fills it in from the other half: the
probability of each hidden pixel to be on, averaged over all clusters of all draws."""

_COMPLETE_EXAMPLES = (
    "dpmix complete run digits --hide bottom -o completions.png",
    "dpmix complete run mnist:test --classes 2,3 --hide left -o lefts.png --most 12 --samples 3",
    "dpmix complete run digits --hide top --rows : --probabilities tops.npy",
)

_SCORE = """\
The log probability that the run gives to images, in nats per image; of two runs, the one with the
higher value predicts them better. Choose images that neither has seen. Draws of all chains are
averaged as densities."""

_SCORE_EXAMPLES = ("dpmix score run mnist:test --classes 2,3",)

_SIDES = ("top", "bottom", "left", "right")
_MOST = 8
_MOST_IN_PICTURE = 200


def add_commands(commands):
    """Add the commands of this module."""
    summary, usage = "fill in the hidden half of images", "RUN SOURCE --hide SIDE -o FILE [options]"
    complete = add_command(
        commands, "complete", _complete, summary, _COMPLETE, usage, _COMPLETE_EXAMPLES, source=True
    )
    add_run(complete)
    add_source(complete)
    complete.add_argument(
        "--hide", required=True, choices=_SIDES, metavar="SIDE", help=f"half to hide: {', '.join(_SIDES)}"
    )
    add_picture(complete)
    complete.add_argument(
        "--probabilities", metavar="FILE", help="file of the probabilities, images by pixels, to write: .npy"
    )
    complete.add_argument(
        "--rows", metavar="A:B", help="images A to B - 1 of SOURCE, counted from 0; ':' takes all"
    )
    complete.add_argument(
        "--most", type=int, metavar="N", help=f"so many images, spread evenly over SOURCE (default: {_MOST})"
    )
    complete.add_argument(
        "--samples", type=int, metavar="N", help="also draw N possible completions of each into the picture"
    )
    complete.add_argument("--seed", type=int, metavar="N", help="seed of --samples (default: a fresh one)")
    add_overwrite(complete)

    summary, usage = "measure how well a run predicts images", "RUN SOURCE [options]"
    score = add_command(commands, "score", _score, summary, _SCORE, usage, _SCORE_EXAMPLES, source=True)
    add_run(score)
    add_source(score)
    score.add_argument("--json", action="store_true", default=False, help="as JSON")


def _complete(arguments):
    picture, array = _complete_destinations(arguments)
    _refuse_conflicts(arguments)
    use_no_display()
    import dpmix
    from dpmix.validate import check_count

    posterior, images = _load_both(arguments)
    observed = ~hidden_half(arguments.hide, posterior.shape)
    images = images[_choose_rows(arguments, len(images))]
    if picture and len(images) > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {len(images):,} images cannot be read; choose at most {_MOST_IN_PICTURE} "
            "with --rows or --most, or leave out -o"
        )
    samples = None
    if "samples" in arguments:
        options = {"size": check_count("samples", arguments.samples), **given(arguments, "seed")}
        samples = dpmix.sample_predictive(posterior, images, observed, **options)
    proba = dpmix.predict_proba(posterior, images, observed)
    if picture:
        ax = dpmix.plot.completions(posterior, images, observed, proba=proba, samples=samples)
        save_picture(ax, picture)
    if array:
        save_array(proba, array)


def _complete_destinations(arguments):
    """Return the Path of the picture and of the probabilities, either None where not asked for."""
    asked = given(arguments, "out", "probabilities")
    if not asked:
        raise InputError("complete needs somewhere to write to; pass -o FILE, --probabilities FILE or both")
    allowed = {"out": PICTURES, "probabilities": (".npy",)}
    paths = {name: check_file(path, arguments.overwrite, allowed[name]) for name, path in asked.items()}
    return paths.get("out"), paths.get("probabilities")


def _refuse_conflicts(arguments):
    if "rows" in arguments and "most" in arguments:
        raise InputError("--rows and --most exclude each other; leave one out")
    if "samples" in arguments and "out" not in arguments:
        raise InputError("--samples go into the picture; pass -o FILE, too")
    if "seed" in arguments and "samples" not in arguments:
        raise InputError("--seed is for --samples, without which nothing is random; leave it out")


def _choose_rows(arguments, n):
    """Return the indices of the images that --rows or --most choose among `n`."""
    import numpy as np

    from dpmix.validate import check_count

    if "rows" in arguments:
        if not re.fullmatch(r"(-?\d+)?:(-?\d+)?", arguments.rows, re.ASCII):
            raise InputError(f"--rows must be A:B, such as 0:8; got {arguments.rows!r}")
        first, last = (int(bound) if bound else None for bound in arguments.rows.split(":"))
        rows = np.arange(n)[first:last]
        if not len(rows):
            raise InputError(f"--rows {arguments.rows} chooses none of the {n:,} images")
        return rows
    most = check_count("most", getattr(arguments, "most", _MOST))
    return np.unique(np.linspace(0, n - 1, min(most, n)).round().astype(int))


def hidden_half(side, shape):
    """Return which pixels of an image of `shape` (height, width) belong to its half `side`, (d,) bool.

    Of an odd number of rows or columns the one in the middle is not hidden.
    """
    import numpy as np

    hidden = np.zeros(shape, bool)
    along = hidden if side in ("top", "bottom") else hidden.T
    half = len(along) // 2
    if not half:
        what = "high" if side in ("top", "bottom") else "wide"
        raise InputError(f"--hide {side} needs images of at least 2 pixels; these are 1 pixel {what}")
    along[slice(half) if side in ("top", "left") else slice(len(along) - half, None)] = True
    return hidden.ravel()


def _load_both(arguments):
    """Return the posterior and the images, which have its number of pixels."""
    import dpmix

    posterior = dpmix.load(arguments.folder)
    images = load_source(arguments)
    d = images.x.shape[1]
    if d != posterior.table.d:
        raise InputError(
            f"{arguments.source} has images of {_pixels(images.shape)}, "
            f"the run {arguments.folder} is about images of {_pixels(posterior.shape)}"
        )
    return posterior, images


def _pixels(shape):
    return f"{shape[0]} x {shape[1]} = {shape[0] * shape[1]} pixels"


def _score(arguments):
    import numpy as np

    import dpmix

    posterior, images = _load_both(arguments)
    values = dpmix.log_predictive(posterior, images)
    n, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
    if arguments.json:
        show(as_json({"n": n, "log_predictive": mean, "standard_error": error, "unit": "nats per image"}))
    else:
        spread = "" if error is None else f", standard error {error:.2f}"
        show(f"log predictive {mean:.2f} nats per image{spread} ({n:,} image{'' if n == 1 else 's'})")
