"""Fixtures of the tests of commands."""

import signal
import subprocess
import sys

import pytest

from support.shell import environment


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
def models(trained_models):
    return trained_models
