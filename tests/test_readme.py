"""The README does what it says: its Python runs, its commands exist, its pictures and files are there."""

import re
import shlex
from pathlib import Path

import matplotlib
import pytest

from dpmix.cli import _parser

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def blocks(language):
    """First line number and text of each fenced block in `language`."""
    text = README.read_text(encoding="utf-8")
    found = re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(1)) + 1, match[1]) for match in found]


@pytest.mark.slow
def test_python_runs_in_order(tmp_path, monkeypatch):
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    matplotlib.use("Agg")
    namespace = {}
    for line, code in blocks("python"):
        exec(
            compile("\n" * (line - 1) + code, str(README), "exec"), namespace
        )  # tracebacks then name README's line
    plt.close("all")
    assert {path.name for path in tmp_path.iterdir()} == {
        "clusters.png",
        "completions.png",
        "play.html",
        "run",
    }
    assert namespace["proba"].shape == (12, 64) and namespace["images"].shape == (3, 12, 64)
    assert (namespace["bottom"] >= namespace["nats"]).all()
    assert (namespace["gaps"].labels == namespace["same"].labels).all()
    assert namespace["answers"].shape == (12,) and len(namespace["sure"]) == 1600
    assert (namespace["again"].labels == namespace["longer"].labels).all()


COMMANDS = [line for _, code in blocks("sh") for line in code.splitlines()]


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("dpmix ")])
def test_commands_are_understood(line):
    arguments = _parser().parse_args(shlex.split(line, comments=True)[1:])
    assert callable(arguments.run)


def test_set_up_commands():
    assert COMMANDS[:3] == [
        "python -m pip install . && dpmix demo",
        "python -m pip install '.[test]' && python -m pytest",
        "python -m pip install '.[docs]' && sphinx-build -W -n docs docs/_build",
    ]


def test_files_it_names_are_there():
    text = README.read_text(encoding="utf-8")
    names = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r"python ([\w/]+\.py)", text)
    assert len(names) >= 7
    assert [name for name in names if not (ROOT / name).is_file()] == []
