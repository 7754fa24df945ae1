"""The reference has a page for every public name and every command, and the gallery a script for every picture."""

import re
import sys
from pathlib import Path

import pytest

from dpmix.cli import _parser
from support.interface import public_callables

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture(scope="module")
def pages(request):
    """The modules that write the pages, which need no Sphinx."""
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    patch.syspath_prepend(str(DOCS / "_ext"))
    import command_pages
    import name_pages

    for module in (command_pages, name_pages):
        request.addfinalizer(lambda name=module.__name__: sys.modules.pop(name))
    return name_pages, command_pages


def listed(text):
    """Names that the lists of a page name, and those that it links at the top of the package."""
    return set(re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)) | set(re.findall(r"`dpmix\.(\w+)`", text))


def test_every_public_name_is_listed(pages):
    names, _ = pages
    found = {path: listed(names.page(path, title)) for path, title in names.MODULES.items()}
    results = listed(names.results_page())
    public = {each.path for each in public_callables() if each.function is None or each.owner is None}
    assert len(public) > 80
    for path in public:
        module, _, name = path.rpartition(".")
        assert path in results or name in found[module], path


def test_errors_are_listed(pages):
    names, _ = pages
    assert {"InputError", "Interrupted", "RunError", "WorkerError"} <= listed(names.page("dpmix", ""))


def test_every_command_and_option_is_described(pages):
    _, commands = pages
    [subparsers] = [each for each in _parser()._actions if hasattr(each, "choices") and each.choices]
    assert commands.commands().keys() == subparsers.choices.keys()
    for name, parser in subparsers.choices.items():
        described = re.findall(r"^\.\. option:: (.*)$", commands.page(name, parser), re.MULTILINE)
        words = {word for line in described for word in re.split(r"[ ,]+", line)}
        assert {option for action in parser._actions for option in action.option_strings} <= words
