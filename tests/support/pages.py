"""The pages of the documentation: their blocks of code, and how they are run as a reader would."""

import doctest
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = (
    "_build",
    "examples",
    "gallery_pages",
    "reference/commands",
    "reference/generated",
    "reference/names",
)
_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def pages():
    """Paths of all pages that people write, relative to ``docs/``."""
    docs = ROOT / "docs"
    found = sorted(path.relative_to(docs) for path in docs.rglob("*.md"))
    return [path for path in found if not path.as_posix().startswith(WRITTEN)]


def blocks(path, *languages):
    """First line number, language and text of each fenced block of the file at `path` in one of `languages`."""
    text = path.read_text(encoding="utf-8")
    found = re.finditer(rf"^```({'|'.join(languages)})\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, match.start(2)) + 1, match[1], match[2]) for match in found]


def run_page(path, namespace):
    """Run the blocks ``python``, and those ``pycon`` with what they print, in the order of the page."""
    for line, language, code in blocks(path, "python", "pycon"):
        if language == "python":
            exec(compile("\n" * (line - 1) + code, str(path), "exec"), namespace)
        else:
            _run_session(code, namespace, path, line)


def _run_session(code, namespace, path, line):
    test = doctest.DocTestParser().get_doctest(code, namespace, path.name, str(path), line - 1)
    told = []
    runner = doctest.DocTestRunner(optionflags=_FLAGS, verbose=False)
    runner.run(test, out=told.append, clear_globs=False)
    namespace.update(test.globs)  # it runs in a copy
    assert runner.failures == 0, "".join(told)
