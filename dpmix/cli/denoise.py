"""The command ``denoise``: what images looked like before noise changed some of their pixels."""

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
from dpmix.cli.training import noise_of

__all__ = ["add_to"]

_DENOISE = """\
SOURCE holds noisy images: of the pixels, the share F0 was set to 0 and F1 of the others to 1, whatever they
were before. Given the run and these rates, the probability that each pixel was on is exact, and no
training is needed; rates that are not known can be guessed, too low rather than too high. The picture shows the
images and these probabilities."""

_EXAMPLES = (
    "dpmix denoise run noisy.npy --noise 0.4,0.05 -o cleaned.png",
    "dpmix denoise run noisy.npy --noise 0.4,0.05 --rows : --probabilities cleaned.npy",
)

_MOST_IN_PICTURE = 200


def add_to(commands):
    """Add the command ``denoise``."""
    summary, usage = "take noise away from images", "RUN SOURCE --noise F0,F1 -o FILE [options]"
    parser = add_command(commands, "denoise", _denoise, summary, _DENOISE, usage, _EXAMPLES, source=True)
    add_run(parser)
    add_source(parser)
    add_observed(parser)
    parser.add_argument(
        "--noise", required=True, metavar="F0,F1", help="rates of the noise, such as 0.4,0.05"
    )
    add_picture(parser)
    parser.add_argument(
        "--probabilities",
        metavar="FILE",
        help="file of the probabilities, images by pixels, to write: .npy or .csv",
    )
    parser.add_argument(
        "--rows", metavar="A:B", help="images A to B - 1 of SOURCE, counted from 0; ':' takes all"
    )
    parser.add_argument(
        "--most", type=int, metavar="N", help=f"so many images, spread evenly over SOURCE (default: {MOST})"
    )
    add_overwrite(parser)


def _denoise(arguments):
    asked = given(arguments, "out", "probabilities")
    if not asked:
        raise InputError("denoise needs somewhere to write to; pass -o FILE, --probabilities FILE or both")
    endings = {"out": PICTURES, "probabilities": (".npy", ".csv")}
    paths = {name: check_file(path, arguments.overwrite, endings[name]) for name, path in asked.items()}
    if "rows" in arguments and "most" in arguments:
        raise InputError("--rows and --most exclude each other; leave one out")
    use_no_display()
    import numpy as np

    import dpmix

    rates = noise_of(arguments.noise).flip_rates
    posterior, images, observed = load_query(arguments)
    rows = choose_rows(arguments, len(images))
    if "out" in paths and len(rows) > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {len(rows):,} images cannot be read; choose at most {_MOST_IN_PICTURE} "
            "with --rows or --most, or leave out -o"
        )
    observed = None if observed is None else observed[rows]
    proba = dpmix.denoise(posterior, images.x[rows], *rates, observed)
    if "out" in paths:
        noisy = images.x[rows] if observed is None else np.where(observed, images.x[rows], 0.5)
        pictures = {"noisy": noisy, "before": proba}
        save_picture(_picture(posterior, pictures), paths["out"])
    if "probabilities" in paths:
        names = None if images.names is None else [images.names[row] for row in rows]
        save_rows(proba, paths["probabilities"], posterior, names)


def _picture(posterior, pictures):
    import dpmix

    if posterior.columns is None:
        return dpmix.plot.image_rows(pictures, shape=posterior.image_shape)
    from dpmix.base.text import count
    from dpmix.plot.table_completions import draw_rows

    title = f"{count(len(pictures['noisy']), 'row')}: noisy and before"
    return draw_rows(posterior, pictures, title, "Before: how probable each column is to have been on.")
