"""What commands read that put images to a run: the run, the images, and which of them to take."""

from dpmix.base.errors import InputError
from dpmix.base.text import read_integer, shown
from dpmix.cli.options import load_observed, tell_observed

__all__ = ["MOST", "choose_rows", "load_query"]

MOST = 8  # images that are chosen where nothing else is asked for


def load_query(arguments):
    """Return the posterior, the images and where these are observed, (n, d) bool or None."""
    import dpmix

    posterior = dpmix.load(arguments.folder)
    images, observed = load_observed(arguments, posterior.columns)
    _check_size(posterior, images, arguments)
    tell_observed(observed)
    return posterior, images, observed


def _check_size(posterior, images, arguments):
    d = images.x.shape[1]
    if d != posterior.table.d:
        raise InputError(
            f"{arguments.source} has images of {_pixels(images.image_shape)}, "
            f"the run {arguments.folder} is about images of {_pixels(posterior.image_shape)}"
        )


def _pixels(shape):
    return f"{shape[0]} x {shape[1]} = {shape[0] * shape[1]} pixels"


def choose_rows(arguments, n):
    """Return the indices of the images that --rows or --most choose among `n`."""
    import numpy as np

    from dpmix.base.checks import check_count
    from dpmix.base.pieces import evenly

    if "rows" in arguments:
        rows = np.arange(n)[_slice(arguments.rows)]
        if not len(rows):
            raise InputError(f"--rows {arguments.rows} chooses none of the {n:,} images")
        return rows
    return evenly(n, check_count("most", getattr(arguments, "most", MOST)))


def _slice(text):
    """The rows A:B of --rows, either of which may be left out."""
    bounds = [read_integer(word) if word else None for word in text.split(":")]
    if len(bounds) != 2 or any(
        bound is None and word for bound, word in zip(bounds, text.split(":"), strict=True)
    ):
        raise InputError(f"--rows must be A:B, such as 0:8; got {shown(text)}")
    return slice(*bounds)
