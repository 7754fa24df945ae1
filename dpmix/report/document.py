"""The page itself: templates filled with plain data, and written as a whole or not at all.

Whatever comes from outside is escaped by Jinja, after characters that cannot be seen are made visible. What is HTML
already is a `markupsafe.Markup`.
"""

import os
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dpmix.base.checks import check_bool, check_path
from dpmix.base.errors import InputError
from dpmix.base.escaping import for_terminal
from dpmix.base.files import replace_files
from dpmix.base.version import __version__
from dpmix.base.wording import Wording

__all__ = ["check_place", "filled", "put"]

_KEPT = "\n\N{NO-BREAK SPACE}\N{THIN SPACE}"


def check_place(path, overwrite):
    """Return `path` as a Path if a report may be written there.

    Raises
    ------
    InputError, InputTypeError
        It exists and `overwrite` is False, it is a folder, or its own folder does not exist.
    """
    path = check_path("path", path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; choose another name")
    if os.path.lexists(path) and not check_bool("overwrite", overwrite):
        raise InputError(
            f"{path}: exists already", Wording("choose another name, or pass {overwrite} to replace it")
        )
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    return path


def filled(template, **values):
    """The page of `template` with these values and what every page has, as a str."""
    now = datetime.now(UTC).isoformat(timespec="minutes").replace("T", " ").replace("+00:00", " UTC")
    return _environment().get_template(template).render(made=now, version=__version__, **values)


def put(page, path):
    """Write the text `page` to `path`, which holds all of it afterwards, or what it held before."""
    content = page.encode("utf-8", "backslashreplace")
    replace_files(path.parent, {path.name: lambda file: file.write(content)})


@cache
def _environment():
    return Environment(
        loader=PackageLoader("dpmix.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )


def _visible(value):
    """What is filled in: texts without characters that nobody sees, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return for_terminal(str(value), keep=_KEPT)
