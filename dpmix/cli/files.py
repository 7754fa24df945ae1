"""Files that commands write: refused before any work where they cannot be, then written as a whole."""

import csv
import io
import os
import warnings
from pathlib import Path

from dpmix.base.errors import InputError
from dpmix.base.escaping import encoded, for_csv

__all__ = [
    "PICTURES",
    "check_file",
    "check_folder",
    "save_array",
    "save_picture",
    "save_rows",
    "use_no_display",
]

PICTURES = (".png", ".pdf", ".svg")

_DPI = 150
_TEXT_STAYS_TEXT = {"svg.fonttype": "none", "pdf.fonttype": 42}  # not outlines of letters


def check_file(path, overwrite, suffixes):
    """Return `path` as a Path if a file may be written there.

    Parameters
    ----------
    path : str
    overwrite : bool
        Whether a file that is there may be replaced.
    suffixes : sequence of str
        The endings of a name that are allowed.

    Raises
    ------
    InputError
        It exists, is a folder or ends otherwise, or its own folder does not exist or cannot be written to.
    """
    path = _named(path)
    if path.suffix.lower() not in suffixes:
        raise InputError(f"{path}: its name must end in {' or '.join(suffixes)}")
    _check_parent(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; choose another name")
    if os.path.lexists(path) and not overwrite:
        raise InputError(f"{path}: exists already; choose another name, or pass --overwrite to replace it")
    return path


def check_folder(path, overwrite, instead=""):
    """Return `path` as a Path if a new folder may be written there; errors as for `check_file`.

    Parameters
    ----------
    path : str
    overwrite : bool
        Whether to let a folder pass that is not empty; what may be replaced in it is for its writer to say.
    instead : str
        One more way out for the error.
    """
    path = _named(path)
    _check_parent(path)
    if path.is_file():
        raise InputError(f"{path}: is a file; choose another name for the folder")
    if path.exists() and os.listdir(path) and not overwrite:
        way_out = f"choose another name, {instead}or pass --overwrite to replace it"
        raise InputError(f"{path}: exists already; {way_out}")
    return path


def _named(path):
    if not path:
        raise InputError("the name of what to write is empty; give one")
    if "\0" in str(path):
        raise InputError(f"the name of what to write must not have a null character; got {path!r}")
    return Path(path)


def _check_parent(path):
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path}: the folder {path.parent} cannot be written to")


def use_no_display():
    """Let Matplotlib draw into files only; call it before anything of `dpmix.plot`."""
    os.environ["MPLBACKEND"] = (
        "agg"  # beforehand: one that Matplotlib does not know is an error of the import
    )
    import matplotlib

    matplotlib.use("agg")


def save_picture(axes, path):
    """Write the figure of `axes`, one or an array, to `path` in the format of its ending, and forget it."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import numpy as np

    from dpmix.base.files import replace_files

    figure = np.ravel(axes)[0].figure

    def write(file):
        with warnings.catch_warnings(), mpl.rc_context(_TEXT_STAYS_TEXT):
            warnings.filterwarnings("ignore", "Glyph .* missing")  # of a name in letters that the font lacks
            figure.savefig(file, format=path.suffix.lower()[1:], dpi=_DPI)

    replace_files(path.parent, {path.name: write})
    plt.close(figure)


def save_array(array, path):
    """Write `array` to the .npy file `path`."""
    import numpy as np

    from dpmix.base.files import replace_files

    replace_files(path.parent, {path.name: lambda file: np.save(file, array, allow_pickle=False)})


def save_rows(values, path, posterior, rows=None):
    """Write `values` (m, d) to the .npy or .csv file `path`, the latter with the names of the run's columns.

    Parameters
    ----------
    values : (m, d) array
        Whole numbers are zeros and ones, which become the values of the columns that they stand for.
    path : pathlib.Path
    posterior : dpmix.Posterior
    rows : sequence of str or int, optional
        Names of the rows.
    """
    if path.suffix.lower() == ".npy":
        return save_array(values, path)
    from dpmix.base.files import replace_files

    columns = posterior.columns
    names = list(map(str, range(values.shape[1]))) if columns is None else list(columns.names)
    pairs = [(0, 1)] * len(names) if columns is None else [columns.values.get(name, (0, 1)) for name in names]
    whole = values.dtype.kind in "bui"
    lines = (
        [for_csv(pair[on]) if whole else f"{on:.6f}" for on, pair in zip(row, pairs, strict=True)]
        for row in values.tolist()
    )
    if rows is not None:
        names, lines = ["", *names], ([for_csv(name), *line] for name, line in zip(rows, lines, strict=True))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(for_csv, names))
    writer.writerows(lines)
    replace_files(path.parent, {path.name: lambda file: file.write(encoded(text.getvalue()))})
