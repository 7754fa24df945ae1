"""What is installed: one top-level package with everything in it, which is light to import."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("numba", "sklearn", "matplotlib", "scipy", "PIL", "pooch", "tqdm", "jinja2")
BUILD = "from setuptools import build_meta; build_meta.build_wheel('built')"
IMPORT = f"import json, sys, dpmix; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"


def python(*words, cwd=ROOT):
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory):
    """Names of the files in a wheel built from a copy of the sources."""
    source = tmp_path_factory.mktemp("source")
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("dpmix", "kernels"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    python("-c", BUILD, cwd=source)
    [wheel] = (source / "built").glob("*.whl")
    return zipfile.ZipFile(wheel).namelist()


def test_dpmix_is_the_only_top_level_package(wheel_files):
    top = {name.split("/")[0] for name in wheel_files if ".dist-info/" not in name}
    assert top == {"dpmix"}


def test_wheel_holds_every_module_and_template(wheel_files):
    modules = {path.relative_to(ROOT) for path in (ROOT / "dpmix").rglob("*.py")}
    modules |= {"dpmix" / path.relative_to(ROOT) for path in (ROOT / "kernels").rglob("*.py")}
    modules |= {path.relative_to(ROOT) for path in (ROOT / "dpmix").rglob("*.pyi")} | {Path("dpmix/py.typed")}
    modules |= {path.relative_to(ROOT) for path in (ROOT / "dpmix").glob("*/templates/*")}
    modules |= {
        path.relative_to(ROOT)
        for suffix in ("html", "css", "js")
        for path in (ROOT / "dpmix" / "playground").rglob(f"*.{suffix}")
    }
    assert {path.as_posix() for path in modules} == {
        name for name in wheel_files if name.startswith("dpmix/")
    }
    assert "dpmix/report/templates/page.html.j2" in wheel_files


def test_import_is_light():
    assert json.loads(python("-W", "error", "-c", IMPORT).stdout) == []


def test_help_is_light():
    loaded = python("-X", "importtime", "-m", "dpmix", "--help").stderr
    assert not any(f" {name}\n" in loaded for name in (*HEAVY, "numpy"))
    assert " dpmix.cli.fit\n" in loaded


OLD_ADVICE = re.compile(
    r"pip(3|x)? +(install|download)[^\n&;|]*[ '\"]dpmix(?![-\w./])|distribution\(['\"]dpmix['\"]"
)


def test_nobody_is_told_to_install_the_other_project_of_this_name():
    """An unrelated project owns `dpmix` on the package index; ours is `dpmix-toolkit`."""
    assert OLD_ADVICE.search("pip install -U dpmix") and OLD_ADVICE.search("pip install 'dpmix[arviz]'")
    assert not OLD_ADVICE.search("pip install . && dpmix demo")
    suffixes = (".py", ".md", ".cfg", ".toml", ".rst", ".txt", ".yaml", ".html", ".j2")
    tracked = [
        path
        for folder in ("dpmix", "kernels", "examples", "benchmarks", "docs", ".")
        for path in ((ROOT / folder).glob("*") if folder == "." else (ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in suffixes
    ]
    assert len(tracked) > 100
    told = {path.name: found[0] for path in tracked if (found := OLD_ADVICE.search(path.read_text()))}
    assert not told
    assert "name = dpmix-toolkit\n" in (ROOT / "setup.cfg").read_text()
