"""What every test may use, and how tests are spread over processes."""

import os
import sys
from pathlib import Path

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Files are spread over the processes, those whose tests kill as one."""
    if config.getoption("dist") == "loadfile":
        from support.scheduling import ByFile

        return ByFile(config, log)


def pytest_sessionstart(session):
    """Before other processes start, the one that starts them compiles the kernels that all will need."""
    if session.config.getoption("numprocesses", None) and not os.environ.get("NUMBA_DISABLE_JIT"):
        from support.warmth import warm_kernels

        warm_kernels()


def pytest_collection_modifyitems(items):
    """What takes longest comes first, so that the processes end together."""
    slowest = ("cli/test_interruptions.py", "chain/test_exact", "cli/")
    items.sort(key=lambda item: [f"tests/{name}" not in item.nodeid for name in slowest])


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """Whatever a test draws is closed after it."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def mnist_home():
    """Folder of the MNIST files named by DPMIX_DATA; the test is skipped where it is not set."""
    home = os.environ.get("DPMIX_DATA")
    if not home or not Path(home).is_dir():
        pytest.skip("needs MNIST: set DPMIX_DATA to the folder of its four files")
    return Path(home)


@pytest.fixture(scope="session")
def digits():
    """The 1797 embedded digits."""
    from dpmix.datasets import load_digits

    return load_digits()


@pytest.fixture(scope="session")
def small_posterior():
    """Two chains of six sweeps over seven random images; no test may change it."""
    from support.small_runs import make_posterior

    return make_posterior()


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    """Folder of a small finished run over the twos and threes, written by the real program."""
    from support.shell import SMALL, program

    folder = tmp_path_factory.mktemp("finished") / "run"
    done = program("fit", "digits", "-o", folder, *SMALL, "--jobs", "1", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    head, *chains = done.stdout.splitlines()
    assert head.split() == "chain sweeps draws clusters log joint alpha seconds".split()
    assert [line.split()[:3] for line in chains] == [["0", "20", "10"], ["1", "20", "10"]]
    return folder


@pytest.fixture(scope="session")
def trained_models(tmp_path_factory):
    """Folder with a file of each kind of model, trained on zeros and ones by the command."""
    from dpmix.cli import main
    from support.shell import QUICK

    folder = tmp_path_factory.mktemp("models")
    layers = {"rbm": "24", "dbn": "24,12", "autoencoder": "24,12,24"}
    for kind, sizes in layers.items():
        path = str(folder / f"{kind}.npz")
        assert main(["train", "digits", "--model", kind, "--layers", sizes, "-o", path, *QUICK]) == 0
    init = str(folder / "dbn.npz")
    words = ["train", "digits", "--model", "classifier", "--init", init, "-o", str(folder / "classifier.npz")]
    assert main([*words, *QUICK]) == 0
    return folder
