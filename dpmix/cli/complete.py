"""The command ``complete``: fill in what is hidden of images."""

from dpmix.base.errors import InputError
from dpmix.cli.files import PICTURES, check_file, save_picture, save_rows, use_no_display
from dpmix.cli.options import (
    add_command,
    add_observed,
    add_overwrite,
    add_picture,
    add_run,
    add_source,
    given,
)
from dpmix.cli.runs import MOST, choose_rows, load_query
from dpmix.cli.streams import show
from dpmix.cli.told import as_json

__all__ = ["add_to"]

_COMPLETE = """\
Hides a part of images, which the run need not have seen, and fills it in from the rest. The picture
shows each image, what was shown of it, the probability of each hidden pixel to be on (averaged over
all clusters of all draws), the same by the most probable cluster alone, the uncertainty, and some
possible completions, each drawn as a whole.

WHAT to hide: top, bottom, left or right (that half), centre, random:F (a fraction F of the pixels, the
same ones in all images), or an image file, whose bright pixels are hidden. Pixels of SOURCE that are not
observed, by NaN or by --observed, are filled in as well, and without --hide only these.

--json tells of each image its row in SOURCE, the pixels that were hidden, row by row from the top left and
counted from 0, and the probability of each of them to be on."""

_COMPLETE_EXAMPLES = (
    "dpmix complete run digits --hide bottom -o completions.png",
    "dpmix complete run mnist:test --classes 2,3 --hide left -o lefts.png --most 12 --samples 3",
    "dpmix complete run digits --hide top --rows : --probabilities tops.npy",
    "dpmix complete run digits --hide random:0.7 -o scattered.png",
    "dpmix complete run damaged.npy -o repaired.png",
    "dpmix complete run damaged.npy --rows : --json",
    "dpmix complete run survey.csv --rows : --probabilities filled.csv",
)

_SAMPLES = 3
_MOST_IN_PICTURE = 200


def add_to(commands):
    """Add the command ``complete``."""
    summary, usage = "fill in the hidden part of images", "RUN SOURCE [--hide WHAT] -o FILE [options]"
    complete = add_command(
        commands, "complete", _complete, summary, _COMPLETE, usage, _COMPLETE_EXAMPLES, source=True
    )
    add_run(complete)
    add_source(complete)
    add_observed(complete)
    complete.add_argument("--hide", metavar="WHAT", help="part to hide; see above")
    add_picture(complete)
    complete.add_argument(
        "--probabilities",
        metavar="FILE",
        help="file of the probabilities, images by pixels, to write: .npy or .csv",
    )
    complete.add_argument(
        "--rows", metavar="A:B", help="images A to B - 1 of SOURCE, counted from 0; ':' takes all"
    )
    complete.add_argument(
        "--most", type=int, metavar="N", help=f"so many images, spread evenly over SOURCE (default: {MOST})"
    )
    complete.add_argument(
        "--samples", type=int, metavar="N", help=f"possible completions in the picture (default: {_SAMPLES})"
    )
    complete.add_argument(
        "--seed", type=int, metavar="N", help="seed of samples and of random:F (default: 0)"
    )
    complete.add_argument("--json", action="store_true", default=False, help="the probabilities as JSON")
    add_overwrite(complete)


def _complete(arguments):
    picture, array = _complete_destinations(arguments)
    _refuse_conflicts(arguments)
    use_no_display()
    import numpy as np

    import dpmix
    from dpmix.base.checks import check_count
    from dpmix.datasets.masks import mask

    posterior, images, observed = load_query(arguments)
    if observed is None and "hide" not in arguments:
        raise InputError(f"nothing of {arguments.source} is hidden; pass --hide WHAT or --observed FILE")
    names, seed = images.names, getattr(arguments, "seed", 0)
    shown = mask(posterior.image_shape, arguments.hide, seed) if "hide" in arguments else None
    rows = choose_rows(arguments, len(images))
    seen = np.ones((len(rows), posterior.table.d), bool) if observed is None else observed[rows]
    names = None if names is None else [names[row] for row in rows]
    images = images.x[rows] if observed is None else np.ma.masked_array(images.x[rows], ~seen)
    if picture and len(images) > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {len(images):,} images cannot be read; choose at most {_MOST_IN_PICTURE} "
            "with --rows or --most, or leave out -o"
        )
    size = check_count("samples", getattr(arguments, "samples", _SAMPLES), low=0)
    proba = dpmix.predict_proba(posterior, images, shown)
    if picture:
        samples = dpmix.sample_predictive(posterior, images, shown, size=size, seed=seed) if size else None
        ax = dpmix.plot.completions(posterior, images, shown, proba=proba, mode=True, samples=samples)
        save_picture(ax, picture)
    if array:
        save_rows(proba, array, posterior, names)
    if arguments.json:
        show(as_json(_fields(rows, seen if shown is None else seen & shown, proba, names, posterior.columns)))


def _fields(rows, seen, proba, names, columns):
    """What is filled in of the images `rows`, a dictionary for JSON."""
    import numpy as np

    hidden = [np.flatnonzero(~each) for each in seen]
    images = [
        {"image": int(row), "hidden": pixels.tolist(), "probabilities": p[pixels].tolist()}
        for row, pixels, p in zip(rows, hidden, proba, strict=True)
    ]
    if names is not None:
        images = [{"name": name, **image} for name, image in zip(names, images, strict=True)]
    of_table = {} if columns is None else {"columns": list(columns.names)}
    return {"n": len(images), "d": proba.shape[1], **of_table, "images": images}


def _complete_destinations(arguments):
    """Return the Path of the picture and of the probabilities, either None where not asked for."""
    asked = given(arguments, "out", "probabilities")
    if not asked and not arguments.json:
        raise InputError(
            "complete needs somewhere to write to; pass -o FILE, --probabilities FILE, --json or several"
        )
    allowed = {"out": PICTURES, "probabilities": (".npy", ".csv")}
    paths = {name: check_file(path, arguments.overwrite, allowed[name]) for name, path in asked.items()}
    return paths.get("out"), paths.get("probabilities")


def _refuse_conflicts(arguments):
    if "rows" in arguments and "most" in arguments:
        raise InputError("--rows and --most exclude each other; leave one out")
    if "samples" in arguments and "out" not in arguments:
        raise InputError("--samples go into the picture; pass -o FILE, too")
    random = getattr(arguments, "hide", "").startswith("random:")
    if "seed" in arguments and "out" not in arguments and not random:
        raise InputError("--seed is for samples in a picture and for --hide random:F; leave it out")
