"""What editors and type checkers see of dpmix: everything public, with types, and mistakes in a user's script.

Names that load on first use are told by `.pyi` files beside the modules that load them, which must say the same.
"""

import ast
import importlib
import importlib.util
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import dpmix
from support.interface import public_callables

ROOT = Path(__file__).resolve().parent.parent
LAZY = ("dpmix", "dpmix.features", "dpmix.queries", "dpmix.report")
PUBLIC = [public for public in public_callables() if public.function is not None]

RIGHT = '''\
"""What a user writes, all of it right."""

from pathlib import Path

import numpy as np

import dpmix
from dpmix.queries import responsibilities

images = dpmix.datasets.load_digits(classes=[0, 1])
n, d = images.shape
last = int(images.y.max())
table = np.zeros((4, d), dtype=np.uint8)
prior = dpmix.Prior(alpha=dpmix.Gamma(2, 1), a=0.5)
posterior = dpmix.sample(images, prior, chains=2, sweeps=np.int64(20), seed=0, progress=False, out=Path("run"))
again: dpmix.Posterior = dpmix.resume("run", 40, progress=False)
k: int = posterior.labels.shape[2] + int(posterior.n_clusters.max())
half = dpmix.datasets.masks.mask(images.image_shape, "top")
proba = dpmix.predict_proba(posterior, images[:3], half).mean(axis=0).tolist()
shares = responsibilities(posterior, table.tolist(), chain=1)
estimate = dpmix.partitions.point_estimate(posterior, loss="binder")
largest = int(estimate.sizes[0]) + estimate.n_clusters
ax = dpmix.plot.clusters(posterior, shrink=True)
posterior.plot.trace(ax=None)
ax = posterior.plot.gallery(estimate, most=3, ax=ax)
ax.set_title(str(posterior.summary().verdict))
names = [str(label) for label in dpmix.DPMixture(chains=1).fit(images).predict(images)]
rbm = dpmix.features.BernoulliRBM(16, n_iter=2).fit(images, validation=images)
codes = rbm.transform(images).astype(np.uint8)
noisy = dpmix.datasets.corrupt(images, dpmix.datasets.MaskingNoise(0.2))
try:
    dpmix.load(Path("run"))
except dpmix.RunError as error:
    print(error.text, error.remedy)
'''
MISTAKES = {
    "a name that dpmix has not": "dpmix.smaple(x)",
    "an argument that a function has not": "dpmix.sample(x, chain=3)",
    "a word in the place of a number": 'dpmix.sample(x, chains="three")',
    "a method that a posterior has not": "posterior.sumary()",
    "arguments in the wrong order": "dpmix.predict_proba(x, posterior)",
    "a field that an estimate has not": "dpmix.partitions.point_estimate(posterior).n_cluster",
    "a choice that there is not": 'dpmix.partitions.point_estimate(posterior, loss="kl")',
    "a name that a folder has not": "dpmix.plot.cluster(posterior)",
    "a picture that a posterior has not": "posterior.plot.cluster()",
    "an argument that a picture has not": "posterior.plot.clusters(mots=3)",
    "an argument that an extractor has not": "dpmix.features.BernoulliRBM(n_component=4)",
}
UNSEEN = {
    "mypy": {"an argument that an extractor has not"},
    "pyright": set(),
}  # scikit-learn tells mypy no types
START = "import numpy as np\n\nimport dpmix\n\nx = np.eye(4)\nposterior = dpmix.sample(x)\n"
WRONG = START + "".join(f"{line}  # {mistake}\n" for mistake, line in MISTAKES.items())
LINE_OF = {mistake: line for line, mistake in enumerate(MISTAKES, START.count("\n") + 1)}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    """Folder of the two scripts, where checkers look for dpmix in the checkout and report of the scripts alone."""
    folder = tmp_path_factory.mktemp("user")
    (folder / "right.py").write_text(RIGHT)
    (folder / "wrong.py").write_text(WRONG)
    settings = {
        "include": ["right.py", "wrong.py"],
        "extraPaths": [str(ROOT)],
        "typeCheckingMode": "standard",
        "reportMissingModuleSource": "none",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    return folder


def by_mypy(folder):
    """File and line of each error that ``mypy --strict`` finds."""
    words = ("--strict", "--follow-imports=silent", "--no-error-summary", f"--cache-dir={folder / 'cache'}")
    found = checked([sys.executable, "-m", "mypy", *words, "right.py", "wrong.py"], folder)
    return {(name, int(line)) for name, line in re.findall(r"^(\w+\.py):(\d+): error", found, re.MULTILINE)}


def by_pyright(folder):
    """File and line of each error that pyright finds, in an editor's settings."""
    checker = next(name for name in ("basedpyright", "pyright") if importlib.util.find_spec(name))
    words = ("--outputjson", "--pythonpath", sys.executable, "-p", str(folder))
    found = json.loads(checked([sys.executable, "-m", checker, *words], folder))["generalDiagnostics"]
    return {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in found
        if each["severity"] == "error"
    }


def checked(command, folder):
    environment = {**os.environ, "MYPYPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    return done.stdout


CHECKERS = {
    "mypy": (by_mypy, ("mypy",)),
    "pyright": (by_pyright, ("basedpyright", "pyright")),
}


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_mistakes_are_found_and_nothing_else(checker, scripts):
    check, modules = CHECKERS[checker]
    if not any(map(importlib.util.find_spec, modules)):
        pytest.skip(f"{checker} is not installed")
    lines = [line for mistake, line in LINE_OF.items() if mistake not in UNSEEN[checker]]
    assert sorted(check(scripts)) == [("wrong.py", line) for line in lines]


def test_the_right_script_is_right(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    exec(compile(RIGHT, "right.py", "exec"), {})


# What loads on first use, told twice


def told(module):
    """Names of a module's ``.pyi``, each with where it comes from, and its ``__all__``."""
    body = ast.parse(Path(module.__file__).with_suffix(".pyi").read_text()).body
    homes = {}
    for node in body:
        if isinstance(node, ast.ImportFrom):
            assert all(alias.asname == alias.name for alias in node.names)  # the form of a re-export
            homes |= {alias.name: node.module for alias in node.names}
    [listed] = [node.value for node in body if isinstance(node, ast.Assign)]
    return homes, ast.literal_eval(listed)


@pytest.mark.parametrize("name", LAZY)
def test_stub_tells_what_the_module_loads(name):
    module = importlib.import_module(name)
    homes, listed = told(module)
    modules = dict.fromkeys(dpmix._MODULES if module is dpmix else (), "dpmix")
    assert homes == module._HOME | modules
    assert listed == module.__all__
    assert set(homes) == set(dir(module))


def test_every_lazy_module_is_here():
    lazy = {path for path in (ROOT / "dpmix").rglob("*.py") if "def __getattr__(name):" in path.read_text()}
    assert lazy == {Path(importlib.import_module(name).__file__) for name in LAZY}


# Annotations


def bare(function):
    """Names of the arguments without a type, ``return`` among them."""
    signature = inspect.signature(function)
    names = [name for name, each in signature.parameters.items() if each.annotation is each.empty]
    missing = [name for name in names if name not in ("self", "cls")]
    return missing + ["return"] * (signature.return_annotation is signature.empty)


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.path)
def test_public_function_is_annotated(public):
    assert bare(public.function) == []


def test_missing_annotation_is_found():
    def half(x: int, y):
        return x + y

    assert bare(half) == ["y", "return"]
