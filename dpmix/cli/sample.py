"""The command ``sample``: new images, as a run has learnt to expect them."""

from dpmix.base.errors import InputError
from dpmix.cli.files import PICTURES, check_file, save_picture, save_rows, use_no_display
from dpmix.cli.options import add_command, add_overwrite, add_run

__all__ = ["add_to"]

_SAMPLE = """\
Each image is drawn from the posterior predictive: a draw of the run, a cluster of it by its size (or, rarely,
a new one), and then every pixel. The same --seed gives the same images."""

_EXAMPLES = (
    "dpmix sample run -o new.png",
    "dpmix sample run --size 1000 --seed 1 -o new.npy",
    "dpmix sample survey-run --size 1000 -o new.csv",
)

_SIZE, _MOST_IN_PICTURE = 48, 2400


def add_to(commands):
    """Add the command ``sample``."""
    parser = add_command(
        commands, "sample", _sample, "draw new images", _SAMPLE, "RUN -o FILE [options]", _EXAMPLES
    )
    add_run(parser)
    text = f"images to write: {', '.join(PICTURES)}, or .npy or .csv with a row for each"
    parser.add_argument("-o", "--out", required=True, metavar="FILE", help=text)
    parser.add_argument("--size", type=int, metavar="N", help=f"so many images (default: {_SIZE})")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the images (default: 0)")
    add_overwrite(parser)


def _sample(arguments):
    path = check_file(arguments.out, arguments.overwrite, (*PICTURES, ".npy", ".csv"))
    use_no_display()
    import numpy as np

    import dpmix

    posterior, size = dpmix.load(arguments.folder), getattr(arguments, "size", _SIZE)
    is_picture = path.suffix.lower() in PICTURES
    if is_picture and size > _MOST_IN_PICTURE:
        raise InputError(
            f"a picture of {size:,} images cannot be read; choose at most {_MOST_IN_PICTURE:,} with --size, "
            "or write .npy or .csv"
        )
    d = posterior.table.d
    nothing, seed = np.zeros(d, bool), getattr(arguments, "seed", 0)
    images = dpmix.sample_predictive(posterior, np.zeros(d), nothing, size=size, seed=seed)
    if is_picture:
        save_picture(_picture(posterior, images), path)
    else:
        save_rows(images, path, posterior)


def _picture(posterior, images):
    import dpmix

    if posterior.columns is not None:
        from dpmix.plot.table_completions import draw_rows

        return draw_rows(posterior, {"new": images}, "New rows, drawn from the posterior predictive")
    title = "New images, drawn from the posterior predictive"
    return dpmix.plot.image_grid(images, shape=posterior.image_shape, title=title)
