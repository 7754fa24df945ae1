"""The documentation does what it says: its Python runs and prints what it shows, its commands are understood."""

import functools
import shlex

import matplotlib
import pytest

import dpmix
from dpmix.cli import _parser
from support.pages import ROOT, blocks, pages, run_page

PAGES = [path for path in pages() if blocks(ROOT / "docs" / path, "python", "pycon")]
COMMANDS = [
    (path.as_posix(), line)
    for path in pages()
    for _, _, code in blocks(ROOT / "docs" / path, "sh")
    for line in code.replace("\\\n", " ").splitlines()
    if line.startswith("dpmix ")
]


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=str)
def test_python_runs(page, tmp_path, monkeypatch):
    """In this process, whose draws are the same bits as those of workers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dpmix, "sample", functools.partial(dpmix.sample, jobs=1), raising=False)
    matplotlib.use("Agg")
    run_page(ROOT / "docs" / page, {"__name__": "page"})


def test_commands_are_understood():
    assert len(COMMANDS) > 20
    parser = _parser()
    for page, line in COMMANDS:
        words = shlex.split(line.partition(" > ")[0].partition(" | ")[0], comments=True)
        assert callable(parser.parse_args(words[1:]).run), page


def test_a_wrong_page_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n```pycon\n>>> x\n2\n```\n")
    with pytest.raises(AssertionError, match="Expected:"):
        run_page(page, {})
    page.write_text("```python\nx = nothing\n```\n")
    with pytest.raises(NameError):
        run_page(page, {})
