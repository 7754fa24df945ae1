"""Fixtures of the tests of commands."""

import signal
import subprocess
import sys

import pytest

from dpmix.cli import main
from support.shell import QUICK, environment


@pytest.fixture
def started():
    """A function that starts the program, in a process group of its own as a shell would."""
    processes = []

    def start(*words):
        process = subprocess.Popen(
            [sys.executable, "-m", "dpmix", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate(timeout=20)


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A file of each kind of model, trained on zeros and ones."""
    folder = tmp_path_factory.mktemp("models")
    layers = {"rbm": "24", "dbn": "24,12", "autoencoder": "24,12,24"}
    for kind, sizes in layers.items():
        path = str(folder / f"{kind}.npz")
        assert main(["train", "digits", "--model", kind, "--layers", sizes, "-o", path, *QUICK]) == 0
    init = str(folder / "dbn.npz")
    words = ["train", "digits", "--model", "classifier", "--init", init, "-o", str(folder / "classifier.npz")]
    assert main([*words, *QUICK]) == 0
    return folder
