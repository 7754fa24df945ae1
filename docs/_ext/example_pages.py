"""A page for every script in ``examples/``: its docstring and its text, and what it prints and draws where it was run.

``DPMIX_DOCS_EXAMPLES`` names the scripts that are run with ``--quick`` when the site is built, separated by commas, or
is ``all``. Nothing is run by default: some take minutes, and most need MNIST. `.ci/run` runs those that need none.
"""

import ast
import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "examples"
WORDS = {"up_calls": ["--quick", "--n", "600"], "reconstructing_digits": ["--quick", "--digits"]}


def scripts():
    """Paths of all examples, by name; modules that examples import are left out."""
    found = sorted((ROOT / "examples").glob("*.py"))
    return {path.stem: path for path in found if "def main(" in path.read_text(encoding="utf-8")}


def page(name, path, shown):
    """What stands on the page of an example, in Markdown; `shown` is what a run of it printed and drew."""
    script = ast.parse(path.read_text(encoding="utf-8"))
    summary, _, rest = ast.get_docstring(script).partition("\n\n")
    code = script.body[1].lineno  # behind the docstring
    title = name.replace("_", " ").capitalize()
    source = f"```{{literalinclude}} /../examples/{path.name}\n:language: python\n:lines: {code}-\n```"
    parts = [f"(example-{name})=\n# {title}", summary, _markdown(rest), *shown, "## The script", source]
    return "\n\n".join(part for part in parts if part) + "\n"


def _markdown(text):
    """Paragraphs of a docstring: those that are indented are commands."""
    return "\n\n".join(
        f"```sh\n{textwrap.dedent(part).strip()}\n```" if part.startswith("    ") else _escaped(part)
        for part in text.split("\n\n")
    )


def _escaped(text):
    return text.replace("<", "&lt;").replace("$", "\\$")


def run(name, path, folder):
    """Run a script with little to do; its output and its pictures, as parts of a page."""
    out = folder / name
    out.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, str(path), "--out", str(out), *WORDS.get(name, ["--quick"])]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        words, capture_output=True, text=True, check=True, env=surroundings, cwd=out, timeout=900
    )
    options = " ".join(WORDS.get(name, ["--quick"]))
    printed = f"## What it prints\n\nWith `{options}`:\n\n```text\n{done.stdout.rstrip()}\n```"
    pictures = [f"![{each.stem}]({name}/{each.name})" for each in sorted(out.glob("*.png"))]
    return [printed, *(["## What it draws", *pictures] if pictures else [])]


def wanted():
    """Names of the examples to run."""
    named = os.environ.get("DPMIX_DOCS_EXAMPLES", "")
    return list(scripts()) if named == "all" else [name for name in named.split(",") if name]


def write_pages(app, config):
    """Write a page for each example."""
    folder, chosen = Path(app.srcdir) / FOLDER, wanted()
    folder.mkdir(parents=True, exist_ok=True)
    for name, path in scripts().items():
        text = page(name, path, run(name, path, folder) if name in chosen else [])
        there = folder / f"{name}.md"
        if not there.is_file() or there.read_text(encoding="utf-8") != text:
            there.write_text(text, encoding="utf-8")


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("config-inited", write_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
