"""The commands that put images to a run: ``complete`` and ``score``."""

import re

from dpmix.base.errors import InputError
from dpmix.cli.files import PICTURES, check_file, save_array, save_picture, use_no_display
from dpmix.cli.options import (
    add_command,
    add_observed,
    add_overwrite,
    add_picture,
    add_run,
    add_source,
    given,
    load_observed,
    tell_observed,
)
from dpmix.cli.report import as_json
from dpmix.cli.streams import show

__all__ = ["add_commands", "choose_rows", "load_query"]

_COMPLETE = """\
Hides a part of images, which the run need not have seen, and fills it in from the rest. The picture
shows each image, what was shown of it, the probability of each hidden pixel to be on (averaged over
all clusters of all draws), the same by the most probable cluster alone, the uncertainty, and some
possible completions, each drawn as a whole.

WHAT to hide: top, bottom, left or right (that half), centre, random:F (a fraction F of the pixels, the
same ones in all images), or an image file, whose bright pixels are hidden. Pixels of SOURCE that are not
observed, by NaN or by --observed, are filled in as well, and without --hide only these."""

_COMPLETE_EXAMPLES = (
    "dpmix complete run digits --hide bottom -o completions.png",
    "dpmix complete run mnist:test --classes 2,3 --hide left -o lefts.png --most 12 --samples 3",
    "dpmix complete run digits --hide top --rows : --probabilities tops.npy",
    "dpmix complete run digits --hide random:0.7 -o scattered.png",
    "dpmix complete run damaged.npy -o repaired.png",
)

_SCORE = """\
The log probability that the run gives to images, in nats per image; of two runs, the one with the
higher value predicts them better. Choose images that neither has seen. Draws of all chains are
averaged as densities. Of images that are observed in part, the log probability is that of this part.

With --labels, also how the clusters of the last draw of each chain agree with the labels of SOURCE:
adjusted Rand index, normalised mutual information, purity, homogeneity and completeness, 1 at best.
Each image counts for the cluster that it most probably belongs to; those whose label is -1, which means
not known, are left out of this."""

_SCORE_EXAMPLES = ("dpmix score run mnist:test --classes 2,3",)

_SAMPLES = 3
_MOST = 8
_MOST_IN_PICTURE = 200


def add_commands(commands):
    """Add the commands of this module."""
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
        "--probabilities", metavar="FILE", help="file of the probabilities, images by pixels, to write: .npy"
    )
    complete.add_argument(
        "--rows", metavar="A:B", help="images A to B - 1 of SOURCE, counted from 0; ':' takes all"
    )
    complete.add_argument(
        "--most", type=int, metavar="N", help=f"so many images, spread evenly over SOURCE (default: {_MOST})"
    )
    complete.add_argument(
        "--samples", type=int, metavar="N", help=f"possible completions in the picture (default: {_SAMPLES})"
    )
    complete.add_argument(
        "--seed", type=int, metavar="N", help="seed of samples and of random:F (default: 0)"
    )
    add_overwrite(complete)

    summary, usage = "measure how well a run predicts images", "RUN SOURCE [options]"
    score = add_command(commands, "score", _score, summary, _SCORE, usage, _SCORE_EXAMPLES, source=True)
    add_run(score)
    add_source(score)
    add_observed(score)
    score.add_argument(
        "--labels",
        action="store_true",
        default=False,
        help="also compare the clusters with the labels of SOURCE",
    )
    score.add_argument("--json", action="store_true", default=False, help="as JSON")


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
    seed = getattr(arguments, "seed", 0)
    shown = mask(posterior.shape, arguments.hide, seed) if "hide" in arguments else None
    rows = choose_rows(arguments, len(images))
    images = images.x[rows] if observed is None else np.ma.masked_array(images.x, ~observed)[rows]
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
    random = getattr(arguments, "hide", "").startswith("random:")
    if "seed" in arguments and "out" not in arguments and not random:
        raise InputError("--seed is for samples in a picture and for --hide random:F; leave it out")


def choose_rows(arguments, n):
    """Return the indices of the images that --rows or --most choose among `n`."""
    import numpy as np

    from dpmix.base.checks import check_count
    from dpmix.base.pieces import evenly

    if "rows" in arguments:
        if not re.fullmatch(r"(-?\d+)?:(-?\d+)?", arguments.rows, re.ASCII):
            raise InputError(f"--rows must be A:B, such as 0:8; got {arguments.rows!r}")
        first, last = (int(bound) if bound else None for bound in arguments.rows.split(":"))
        rows = np.arange(n)[first:last]
        if not len(rows):
            raise InputError(f"--rows {arguments.rows} chooses none of the {n:,} images")
        return rows
    return evenly(n, check_count("most", getattr(arguments, "most", _MOST)))


def load_query(arguments):
    """Return the posterior, the images and where these are observed, (n, d) bool or None."""
    import dpmix

    posterior, (images, observed) = dpmix.load(arguments.folder), load_observed(arguments)
    _check_size(posterior, images, arguments)
    tell_observed(observed)
    return posterior, images, observed


def _check_size(posterior, images, arguments):
    d = images.x.shape[1]
    if d != posterior.table.d:
        raise InputError(
            f"{arguments.source} has images of {_pixels(images.shape)}, "
            f"the run {arguments.folder} is about images of {_pixels(posterior.shape)}"
        )


def _pixels(shape):
    return f"{shape[0]} x {shape[1]} = {shape[0] * shape[1]} pixels"


def _score(arguments):
    import numpy as np

    import dpmix

    posterior, images, observed = load_query(arguments)
    if arguments.labels and (images.y is None or images.y.max() < 0):
        raise InputError(f"--labels: {arguments.source} has no labels; leave it out")
    values = dpmix.log_predictive(posterior, images, observed)
    n, mean = len(values), float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else None
    agreement = _agreement(posterior, images, observed) if arguments.labels else {}
    if arguments.json:
        fields = {"n": n, "log_predictive": mean, "standard_error": error, "unit": "nats per image"}
        show(as_json({**fields, **({"labels": agreement} if agreement else {})}))
        return
    spread = "" if error is None else f", standard error {error:.2f}"
    show(f"log predictive {mean:.2f} nats per image{spread} ({n:,} image{'' if n == 1 else 's'})")
    for name, per_chain in agreement.items():
        show(f"{name:14} {'  '.join(f'{value:.3f}' for value in per_chain)}")


def _agreement(posterior, images, observed):
    """How the last draw of each chain agrees with the labels: for each measure, one value a chain."""
    import dpmix
    from dpmix.partitions import compare_labels

    chains = range(posterior.labels.shape[0])
    found = [dpmix.responsibilities(posterior, images, c, observed=observed).argmax(axis=1) for c in chains]
    known = images.y >= 0
    compared = [vars(compare_labels(partition[known], images.y[known])) for partition in found]
    return {name: [float(one[name]) for one in compared] for name in compared[0]}
