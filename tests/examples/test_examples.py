"""Every example runs to its end with little work to do, in the time that it promises, and writes its pictures."""

import os
import resource
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
# What a quick run says plainly, and pictures that belong to its story.
SAYS = {
    "cluster_codes.py": ["Pixels beat codes"],
    "denoising_digits.py": ["learning rate", "best: "],
    "reconstructing_digits.py": [
        "--quick: ",
        "support vector machine",
        "logistic regression, standardised, on",
    ],
    "tables.py": ["Both tables are made up", "Who survived", "mixture, labels as a column", "Cluster 0, "],
    "twos_and_threes.py": ["--quick: ", "loaded again", "cluster     2s     3s"],
    "up_calls.py": ["k nearest neighbours, 150 clips"],
}
SHOWS = {
    "reconstructing_digits.py": {"digits.png", "confusion.png", "weights_2.png"},
    "tables.py": {"survival.png", "passengers_profiles.png", "flowers_profiles.png"},
    "twos_and_threes.py": {"grey_and_binary.png"},
    "up_calls.py": {"spectrograms.png"},
}
CPU = 60  # seconds: twice what the README promises, for slower machines and kernels that are not compiled yet


def run(name, words, out):
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    words = [sys.executable, "-W", "error", str(ROOT / "examples" / name), "-o", str(out), *words]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        words, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=600, cwd=out
    )
    assert done.returncode == 0, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < CPU
    assert [said for said in SAYS.get(name, ()) if said not in done.stdout] == []
    pictures = {path.name for path in out.glob("*.png")}
    assert pictures and all((out / picture).stat().st_size > 5000 for picture in pictures)
    assert SHOWS.get(name, set()) <= pictures
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
