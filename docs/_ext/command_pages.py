"""A page for every command, written from the parser itself when the site is built, so that none can be stale."""

import argparse
import re
from pathlib import Path

from dpmix.cli import _parser

FOLDER = "reference/commands"


def commands():
    """Parsers of all commands, by name, in the order of ``dpmix --help``."""
    [found] = [each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(found.choices)


def page(name, parser):
    """What stands on the page of the command `name`, in reStructuredText."""
    title = f"dpmix {name}"
    usage = re.sub(r"\s+", " ", parser.format_usage().removeprefix("usage: "))
    summary, _, details = parser.description.partition("\n\n")
    lines = [f".. _command-{name}:", "", title, "=" * len(title), "", _plain(summary), ""]
    lines += _literal(usage.strip(), "console") + _paragraphs(details)
    lines += [f".. program:: dpmix {name}", ""]
    lines += _arguments(parser, positional=True) + _arguments(parser, positional=False)
    return "\n".join(lines + _paragraphs(parser.epilog))


def _paragraphs(text):
    """Sentences as sentences; what is laid out in columns or lines as it stands in the terminal."""
    parts = (text or "").strip("\n").split("\n\n")
    return [line for part in parts if part.strip() for line in _paragraph(part)]


def _paragraph(part):
    return _literal(part, "text") if re.search(r"\S {2,}\S|^ ", part, re.MULTILINE) else [_plain(part), ""]


def _arguments(parser, positional):
    actions = [each for each in parser._actions if bool(each.option_strings) is not positional]
    actions = [each for each in actions if each.help is not argparse.SUPPRESS]
    if not actions:
        return []
    heading = "Arguments" if positional else "Options"
    return [heading, "-" * len(heading), "", *(line for each in actions for line in _argument(parser, each))]


def _argument(parser, action):
    value = "" if action.nargs == 0 else f" {action.metavar or action.dest.upper()}"
    names = ", ".join(f"{name}{value}" for name in action.option_strings) or value.strip()
    text = parser._get_formatter()._expand_help(action)
    return [f".. option:: {names}", "", f"   {_plain(text)}", ""]


def _literal(text, language):
    if not (text or "").strip():
        return []
    return [f".. code-block:: {language}", "", *(f"   {line}" for line in text.strip("\n").splitlines()), ""]


def _plain(text):
    """Text in which no character is markup."""
    return re.sub(r"([*`|_\\<>])", r"\\\1", " ".join(text.split()))


def write_pages(app, config):
    """Write a page for each command, and remove those of commands that are gone."""
    folder = Path(app.srcdir) / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    pages = {f"{name}.rst": page(name, parser) for name, parser in commands().items()}
    for path in folder.glob("*.rst"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
