"""Every example runs to its end with little work to do, and writes the pictures that it says it writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = {
    "cluster_codes.py": ["--quick"],
    "reconstructing_digits.py": ["--digits", "--quick"],
    "tables.py": ["--quick"],
    "up_calls.py": ["--quick", "--n", "600"],
}
OF_MNIST = {
    "beyond_recognition.py": ["--quick"],
    "denoising_digits.py": ["--quick"],
    "half_digits.py": ["--quick", "--chains", "2"],
    "many_images.py": ["--quick"],
    "twos_and_threes.py": ["--quick"],
}


def run(name, words, out):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    words = [sys.executable, "-W", "error", str(ROOT / "examples" / name), "--out", str(out), *words]
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=600, cwd=out
    )
    assert done.returncode == 0, done.stderr
    pictures = {path.name for path in out.glob("*.png")}
    assert pictures and all((out / picture).stat().st_size > 5000 for picture in pictures)
    named = {word for word in done.stdout.replace("/", " ").split() if word.endswith(".png")}
    assert named <= pictures and (named or "pictures" in done.stdout)


def test_every_example_is_here():
    scripts = {path.name for path in (ROOT / "examples").glob("*.py") if "def main(" in path.read_text()}
    assert scripts == EXAMPLES.keys() | OF_MNIST.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_without_a_download(name, tmp_path):
    run(name, EXAMPLES[name], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_MNIST)
def test_with_mnist(name, tmp_path, mnist_home):
    if name == "many_images.py":
        pytest.importorskip("distributed")
    run(name, OF_MNIST[name], tmp_path)
