"""A page of the reference for every public module, which lists all its names: written when the site is built."""

import inspect
from importlib import import_module
from pathlib import Path

FOLDER = "reference/names"
MODULES = {
    "dpmix": "The top of the package",
    "dpmix.queries": "Questions",
    "dpmix.partitions": "Partitions",
    "dpmix.datasets": "Images and tables",
    "dpmix.datasets.masks": "Masks",
    "dpmix.features": "Feature extractors",
    "dpmix.plot": "Pictures",
    "dpmix.report": "Reports",
    "dpmix.playground": "The page to play with",
}
# What comes back from a call and is not made by hand, or is caught under a name of its own.
RESULTS = {
    "dpmix.posterior.draw": ["Draw"],
    "dpmix.posterior.pictures": ["Pictures"],
    "dpmix.posterior.summary": ["Summary"],
    "dpmix.posterior.gain": ["Gain"],
    "dpmix.tables.columns": ["Columns"],
    "dpmix.base.errors": ["InputTypeError"],
}


def public_names(path):
    """Names of the functions and classes that the module at `path` offers."""
    module = import_module(path)
    names = dir(module) if path == "dpmix" else module.__all__
    return [name for name in names if callable(getattr(module, name))]


def page(path, title):
    """The list of the names of a module, under what its docstring says, in reStructuredText."""
    module, shared = import_module(path), at_top(path)
    heading = f"{title}: ``{path}``"
    lines = [f".. _names-{path}:", "", heading, "=" * len(heading), "", f".. module:: {path}", ""]
    lines += [inspect.getdoc(module), ""]
    own = sorted((name for name in public_names(path) if name not in shared), key=str.lower)
    for kind in ("Functions", "Classes", "Errors"):
        names = [name for name in own if _kind(getattr(module, name)) == kind]
        lines += _table(kind, names) if names else []
    if shared:
        links = ", ".join(f":py:obj:`dpmix.{name}`" for name in shared)
        lines += [f"Here and at the top of the package: {links}.", ""]
    return "\n".join(lines)


def at_top(path):
    """Names of the module at `path` that stand for the same at the top of the package, where they have their page."""
    module, top = import_module(path), import_module("dpmix")
    names = [] if module is top else [name for name in public_names(path) if name in dir(top)]
    return [name for name in names if getattr(module, name) is getattr(top, name)]


def results_page():
    """The list of `RESULTS`."""
    lines = [
        "What comes back",
        "===============",
        "",
        "Nobody makes these by hand: functions return them.",
        "",
    ]
    return "\n".join(
        lines + _table("Classes", [f"{path}.{name}" for path, names in RESULTS.items() for name in names])
    )


def _kind(each):
    if not inspect.isclass(each):
        return "Functions"
    return "Errors" if issubclass(each, BaseException) else "Classes"


def _table(kind, names):
    head = [
        kind,
        "-" * len(kind),
        "",
        ".. autosummary::",
        "   :toctree: ../generated",
        "   :nosignatures:",
        "",
    ]
    return [*head, *(f"   {name}" for name in names), ""]


def pages():
    """The text of every page, by name."""
    return {path: page(path, title) for path, title in MODULES.items()} | {"results": results_page()}


def write_pages(app, config):
    """Write a page for each module, before autosummary looks for lists of names."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        path = folder / f"{name}.rst"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
