"""The page itself: templates filled with plain data, and written as a whole or not at all.

Whatever comes from outside is escaped by Jinja, after characters that cannot be seen are made visible. What is HTML
already is a `markupsafe.Markup`.
"""

from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dpmix.base.escaping import for_terminal
from dpmix.base.files import replace_files
from dpmix.base.version import __version__

__all__ = ["filled", "put"]

_KEPT = "\n\N{NO-BREAK SPACE}\N{THIN SPACE}"


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
