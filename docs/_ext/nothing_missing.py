"""Complains about public names, options of commands and pictures that the built pages do not have."""

from command_pages import commands
from name_pages import MODULES, at_top, public_names
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)


def missing_names(objects):
    """Paths of public functions and classes that are not among the documented `objects`."""
    wanted = {
        f"{'dpmix' if name in at_top(path) else path}.{name}"
        for path in MODULES
        for name in public_names(path)
    }
    return sorted(wanted - set(objects))


def missing_options(options):
    """Options, with their command, that are not among the documented `options`, pairs of program and option."""
    wanted = {
        (f"dpmix-{name}", option)
        for name, parser in commands().items()
        for action in parser._actions
        for option in action.option_strings
    }
    return sorted(wanted - set(options))


def undrawn(scripts):
    """Names of `dpmix.plot` that none of the `scripts` of the gallery calls."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in scripts)
    return [name for name in public_names("dpmix.plot") if f"dpmix.plot.{name}(" not in text]


def complain(app, env):
    """Warn of each; ``sphinx-build -W`` makes errors of it."""
    for name in missing_names(env.domains["py"].objects):
        LOGGER.warning("%s is public and has no page", name)
    for program, option in missing_options(env.domains["std"].progoptions):
        LOGGER.warning("%s %s has no description", program.replace("-", " ", 1), option)
    for name in undrawn((app.srcdir / "gallery").glob("plot_*.py")):
        LOGGER.warning("dpmix.plot.%s is in no script of the gallery", name)


def setup(app):
    """Look once all pages are read."""
    app.connect("env-check-consistency", complain)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
