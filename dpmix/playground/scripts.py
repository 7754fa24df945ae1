"""The modules of JavaScript, and what else the page is made of, as one text each.

The rule by which modules become one script: each stands after those that it imports; its imports, which take a line
each and name a file beside it, and its ``export`` words go; all share the scope of one function. So no two modules
may have a name in common at their top, which a test holds.
"""

import graphlib
import re
from functools import cache
from importlib.resources import files

__all__ = ["modules", "part", "script"]

_IMPORT = re.compile(r'^import \{[^}\n]*\} from "\./(\w+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(async function|function|class|const|let)\b)", re.MULTILINE)


def part(name):
    """The text of a file of this package."""
    return files("dpmix.playground").joinpath(name).read_text(encoding="utf-8")


def modules():
    """Texts of the modules by name, each after those that it imports."""
    found = {}
    waiting = ["app.js"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = part(f"js/{name}")
            waiting += _IMPORT.findall(found[name])
    order = graphlib.TopologicalSorter({name: _IMPORT.findall(text) for name, text in found.items()})
    return {name: found[name] for name in order.static_order()}


@cache
def script():
    """All modules as one script, which starts the section that it stands in."""
    texts = [_EXPORT.sub("", _IMPORT.sub("", text)).strip() for text in modules().values()]
    body = "\n\n".join(texts)
    return (
        f'(() => {{\n"use strict";\n\n{body}\n\nstart(document.currentScript.closest(".dpmix-play"));\n}})();'
    )
