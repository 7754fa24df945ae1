"""The first use: who compiles what, and what is shown of it."""

import io
import os

import numba
import pytest

from dpmix.base.progress import Progress
from dpmix.sampling import compiling
from support import overlay

FIRST_USE = """
    import numpy as np
    from dpmix.kernels import compile as compiling
    from dpmix.sampling import run
    posterior = run.sample(np.eye(6, dtype=int), chains=1, sweeps=2, seed=0, jobs=1, burn_in=0)
    print(posterior.log_joint.tolist(), compiling.is_complete(), compiling.is_complete("-rounds"))
"""


@pytest.fixture
def stages(monkeypatch):
    """What `compile_first` does, in order, with nothing compiled; whether kernels are there is the first item."""
    done = []
    monkeypatch.setattr(compiling, "are_ready", lambda shards: done[0])
    monkeypatch.setattr(compiling, "warm_up", lambda shards: done.append(f"compiled for {shards}"))
    monkeypatch.setattr(compiling, "_started", lambda: Helper(done))
    monkeypatch.setattr(compiling, "can_share", lambda: True)
    monkeypatch.setattr(compiling, "available_cores", lambda: 2)
    return done


class Helper:
    def __init__(self, done):
        self._done = done
        done.append("help")

    def kill(self):
        self._done.append("killed")

    def wait(self):
        self._done.append("gone")


def test_a_helper_is_there_while_kernels_are_compiled(stages):
    stages.append(False)
    assert compiling.compile_first(Progress(1, 1, show=False), 2) >= compiling.SECONDS_TO_START
    assert stages[1:] == ["help", "compiled for 2", "killed", "gone"]


def test_the_helper_is_gone_after_ctrl_c(stages, monkeypatch):
    def interrupted(shards):
        raise KeyboardInterrupt

    stages.append(False)
    monkeypatch.setattr(compiling, "warm_up", interrupted)
    with pytest.raises(KeyboardInterrupt):
        compiling.compile_first(Progress(1, 1, show=False))
    assert stages[1:] == ["help", "killed", "gone"]


def test_nothing_starts_where_all_is_there(stages):
    stages.append(True)
    assert compiling.compile_first(Progress(1, 1, show=False)) == compiling.SECONDS_TO_START
    assert stages == [True]


@pytest.mark.parametrize("name, value", [("can_share", lambda: False), ("available_cores", lambda: 1)])
def test_one_process_does_without_a_helper(stages, monkeypatch, name, value):
    stages.append(False)
    monkeypatch.setattr(compiling, name, value)
    compiling.compile_first(Progress(1, 1, show=False))
    assert stages[1:] == ["compiled for 1"]


def test_time_before_the_clock_starts_anew_is_no_part_of_the_estimate():
    now, stream = [0.0], io.StringIO()
    with Progress(1, 100, stream=stream, clock=lambda: now[0]) as shown:
        for now[0], done in ((5.0, 1), (11.0, 2), (12.0, 2), (22.0, 3)):
            shown.aside("compiling", done, 3)
        now[0] = 1000.0
        shown.restart_clock()
        now[0] = 1010.0
        shown.update(0, 50)
    told = stream.getvalue().splitlines()
    assert told == ["compiling: 2 of 3", "chains 1, sweeps 50/100, 10 s, about 10 s left"]


@pytest.mark.slow
@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT=1 compiles nothing")
def test_first_use_compiles_what_it_needs_and_says_so_once(tmp_path):
    folder, told = overlay.copy_package(tmp_path), []
    for _ in range(2):
        run = overlay.run_python(folder, "-c", compiling_text(), NUMBA_CACHE_DIR=tmp_path / "cache")
        assert run.returncode == 0, run.stderr
        told.append(run)
    assert told[0].stdout == told[1].stdout and told[0].stdout.endswith("True False\n")
    assert [run.stderr.count("compiling kernels") for run in told] == [1, 0]
    n_kernels = sum(name.endswith(".nbi") for _, _, names in os.walk(tmp_path / "cache") for name in names)
    assert 0.8 < n_kernels / compiling._KERNELS < 1.25


def compiling_text():
    return "\n".join(line[4:] for line in FIRST_USE.splitlines())
