"""The folders import lower levels only, as in the table below, and the kernels nothing of what decides.

Imports are read from the sources, so one that hides in a function counts as well. A folder may import what
its row of `MAY_IMPORT` names and nothing else; a new arrow is a line there, which a reviewer sees.
"""

import ast
import graphlib
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
LEVELS = (
    {"kernels"},
    {"base"},
    {"tables"},
    {"model", "datasets"},
    {"chain", "features"},
    {"store", "sharding"},
    {"posterior"},
    {"sampling", "queries", "partitions"},
    {"plot", "playground", "estimator"},
    {"report"},
    {"cli"},
    {"dpmix"},
)
MAY_IMPORT = {
    "kernels": set(),
    "base": {"kernels"},
    "tables": {"base"},
    "model": {"kernels", "base", "tables"},
    "datasets": {"base", "tables"},
    "chain": {"kernels", "base", "model"},
    "features": {"kernels", "base", "datasets"},
    "store": {"tables", "base", "model", "chain"},
    "sharding": {"kernels", "base", "model", "chain"},
    "posterior": {"tables", "kernels", "base", "model", "chain", "store"},
    "sampling": {"tables", "kernels", "base", "model", "datasets", "chain", "store", "sharding", "posterior"},
    "queries": {"tables", "kernels", "base", "model", "posterior"},
    "partitions": {"tables", "kernels", "base", "posterior"},
    "plot": {"base", "tables", "datasets", "features", "posterior", "queries", "partitions"},
    "playground": {"base", "tables", "posterior", "queries"},
    "estimator": {
        "base",
        "tables",
        "model",
        "datasets",
        "chain",
        "features",
        "posterior",
        "sampling",
        "queries",
        "partitions",
    },
    "report": {
        "base",
        "model",
        "datasets",
        "tables",
        "features",
        "store",
        "posterior",
        "queries",
        "partitions",
        "plot",
        "playground",
    },
    "cli": {
        "base",
        "tables",
        "datasets",
        "features",
        "store",
        "posterior",
        "queries",
        "partitions",
        "plot",
        "report",
        "dpmix",
    },
    "dpmix": {"base", "cli"},  # dpmix/__init__.py and dpmix/__main__.py
}
KERNELS_USE = {"math", "numba", "numpy", "typing"}
# What knows how kernels are compiled, kept and linked, and uses the standard library for it.
KNOWS_THE_COMPILER = {"dpmix.kernels.compile", "dpmix.kernels.linkage"}
# The one place where functions import parts of dpmix: commands, so that ``dpmix --help`` stays light. What
# `dpmix`, `dpmix.features`, `dpmix.queries` and `dpmix.report` load on first use goes through their ``__getattr__``.
HIDDEN_IMPORTS = {"cli"}


class Import(NamedTuple):
    """Module `source` imports module `target` at a line; `hidden` where a function does."""

    source: str
    target: str
    line: int
    hidden: bool

    def __str__(self):
        return f"{self.source}, line {self.line}: imports {self.target}"


def modules_under(root):
    """Path of each module, by name; those of kernels/ as they are installed, in dpmix."""
    found = {}
    for path in [*(root / "dpmix").rglob("*.py"), *(root / "kernels").rglob("*.py")]:
        parts = path.relative_to(root).with_suffix("").parts
        parts = ("dpmix", *parts) if parts[0] == "kernels" else parts
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imports_under(root):
    modules = modules_under(root)
    return [
        Import(name, target, line, hidden)
        for name, path in sorted(modules.items())
        for target, line, hidden in imports_in(ast.parse(path.read_text(encoding="utf-8")), modules)
    ]


def imports_in(node, modules, hidden=False):
    """Yield target, line and whether in a function, of each import below `node`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno, hidden) for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "imports name the whole path, from dpmix on"
            for alias in child.names:
                whole = f"{child.module}.{alias.name}"
                yield whole if whole in modules else child.module, child.lineno, hidden
        function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        yield from imports_in(child, modules, hidden or function)


def folder_of(module):
    """The folder of a module of dpmix, or None; the top itself, with ``__main__``, is the folder dpmix."""
    first, _, rest = module.partition(".")
    if first != "dpmix":
        return None
    return "dpmix" if rest in ("", "__main__") else rest.split(".")[0]


def wrong_arrows(imports):
    """Imports that `MAY_IMPORT` does not allow."""
    return [
        each
        for each in imports
        if (target := folder_of(each.target)) not in (None, folder_of(each.source))
        and target not in MAY_IMPORT.get(folder_of(each.source), ())
    ]


def wrong_in_kernels(imports):
    """Imports of kernels that are neither kernels nor what arithmetic needs."""
    standard = sys.stdlib_module_names
    return [
        each
        for each in imports
        if folder_of(each.source) == "kernels" != folder_of(each.target)
        and (top := each.target.split(".")[0]) not in KERNELS_USE
        and not (each.source in KNOWS_THE_COMPILER and top in standard)
    ]


def wrongly_hidden(imports):
    """Imports of dpmix in functions, outside of the one place for them."""
    return [
        each
        for each in imports
        if each.hidden and folder_of(each.target) and folder_of(each.source) not in HIDDEN_IMPORTS
    ]


CHECKS = (wrong_arrows, wrong_in_kernels, wrongly_hidden)


@pytest.fixture(scope="module")
def imports():
    return imports_under(ROOT)


def test_table_points_down():
    level = {folder: number for number, folders in enumerate(LEVELS) for folder in folders}
    assert set(level) == set(MAY_IMPORT)
    up = [
        (folder, target)
        for folder, targets in MAY_IMPORT.items()
        for target in targets
        if level[target] >= level[folder]
    ]
    assert up == [
        ("cli", "dpmix")
    ]  # commands say ``dpmix.sample`` as anyone would; it loads what they ask for


def test_every_folder_is_in_the_table(imports):
    assert {folder_of(each) for each in modules_under(ROOT)} == set(MAY_IMPORT)


@pytest.mark.parametrize("check", CHECKS)
def test_sources_keep_to_the_table(check, imports):
    assert len(imports) > 500
    assert [str(each) for each in check(imports)] == []


def test_modules_form_no_circle(imports):
    modules = modules_under(ROOT)
    graph = {name: set() for name in modules}
    for each in imports:
        if each.target in modules and not each.hidden and each.target != each.source:
            graph[each.source].add(each.target)
    assert len(list(graphlib.TopologicalSorter(graph).static_order())) == len(modules)


def test_contributing_tells_the_same():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(?:dpmix/)?(\w+)(?:/|\.py)` \|", text, re.MULTILINE)
    told = [{folder for level, folder in rows if int(level) == number} for number in range(len(LEVELS) - 1)]
    assert told == list(LEVELS[:-1])
    paths = re.findall(r"`((?:dpmix|kernels|tests|benchmarks)/[\w/.]*|\.ci/run)`", text)
    assert len(paths) > 20
    assert [path for path in paths if not (ROOT / path).exists()] == []


# Twins that must fail, each planted in a made-up tree beside lines that are fine.
PLANTED = [
    ("dpmix/chain/moves.py", "from dpmix.store.run_folder import RunFolder", wrong_arrows),  # above
    ("dpmix/queries/query.py", "import dpmix.partitions", wrong_arrows),  # a neighbour
    ("dpmix/model/prior.py", "from dpmix import datasets", wrong_arrows),  # a neighbour, by way of the top
    ("dpmix/base/checks.py", "if True:\n    from dpmix.model.prior import Prior", wrong_arrows),
    ("dpmix/plot/style.py", "def f():\n    import dpmix", wrong_arrows),
    ("dpmix/extras/new.py", "from dpmix.base import errors", wrong_arrows),  # a folder that has no row
    ("dpmix/features/rbm.py", "def f():\n    from dpmix.base.checks import check_count", wrongly_hidden),
    ("dpmix/posterior/load.py", "class A:\n    def f(self):\n        import dpmix.store", wrongly_hidden),
    ("kernels/gibbs.py", "from dpmix.base.errors import InputError", wrong_in_kernels),
    ("kernels/gibbs.py", "import scipy.special", wrong_in_kernels),
    ("kernels/gibbs.py", "import os", wrong_in_kernels),
    ("kernels/compile.py", "import scipy", wrong_in_kernels),
]
FINE = {
    "dpmix/__init__.py": "from dpmix.base.version import __version__",
    "dpmix/cli/fit.py": "def fit():\n    import dpmix\n    from dpmix.base.checks import check_seed",
    "dpmix/base/errors.py": "import os",
    "kernels/compile.py": "import os, numba",
    "kernels/units.py": "import math\nimport numpy as np\nfrom dpmix.kernels.compile import kernel",
}


def made_up_tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return imports_under(root)


def test_made_up_tree_is_fine(tmp_path):
    imports = made_up_tree(tmp_path, FINE)
    assert [check(imports) for check in CHECKS] == [[], [], []]


@pytest.mark.parametrize("file, line, check", PLANTED)
def test_planted_import_is_found(file, line, check, tmp_path):
    imports = made_up_tree(tmp_path, {**FINE, "dpmix/datasets/__init__.py": "", file: line})
    [found] = check(imports)
    assert tmp_path.joinpath(file) == modules_under(tmp_path)[found.source]
