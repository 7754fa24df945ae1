"""Runs that end before their end, by Ctrl-C, by signals and by dead workers, and are resumed.

Afterwards each must have the bits of a run that nothing disturbed.
"""

import contextlib
import functools
import os
import random
import re
import signal
import time
from pathlib import Path

import pytest

import dpmix
from support.shell import (
    all_are_gone,
    assert_same_bits,
    descendants,
    info,
    is_one_error,
    program,
    wait_for,
    workers,
)

N_KILLS = 12
SWEEPS = 200  # some seconds: what strikes after the first sweeps strikes in the middle
LONG = ("--chains", "2", "--sweeps", str(SWEEPS), "--init", "random:40", "--seed", "5")

pytestmark = pytest.mark.slow
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run of some seconds that nothing interrupts."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    done = program("fit", "digits", "-o", folder, *LONG, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert f"sweeps {SWEEPS}/{SWEEPS}" in done.stderr
    return folder


def n_done(run):
    """Sweeps that every chain of the run has finished."""
    try:
        return dpmix.load(run).trace["log_joint"].shape[1]
    except dpmix.RunError:
        return 0


def wait_for_sweeps(run, after=0):
    """Wait until every chain has finished some segments since it had `after` sweeps: there is work to lose."""
    wait_for(lambda: n_done(run) >= after + 5)


def strike(process, number, run, status):
    """Send the signal to the process group of a program at work; check how it ends and what it leaves."""
    assert info(run)["state"] == "running"
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    said = rf"dpmix: interrupted after \d+ of {SWEEPS} sweeps; .*'dpmix resume '.*/a run''"
    assert re.fullmatch(said, err.splitlines()[-1])
    fields = info(run)
    assert fields["state"] == "stopped" and 0 < sum(fields["sweeps_done"]) < 2 * SWEEPS


@posix
def test_interrupted(undisturbed, started, tmp_path):
    """By Ctrl-C and by SIGTERM, with worker processes and without, one after the other."""
    run = tmp_path / "a run"
    words, before = ("fit", "digits", "-o", run, *LONG), 0
    for number, jobs, status in ((signal.SIGINT, 2, 130), (signal.SIGINT, 1, 130), (signal.SIGTERM, 2, 143)):
        process = started(*words, "--jobs", jobs)
        wait_for_sweeps(run, before)
        strike(process, number, run, status)
        words, before = ("resume", run), n_done(run)
    done = program("resume", run, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert info(run)["state"] == "complete"
    assert_same_bits(run, undisturbed)


@linux
def test_killed_at_random_moments(undisturbed, started, tmp_path):
    """Half of the kills strike while chains run, half of them while the program starts or soon after."""
    run, moments = tmp_path / "run", random.Random(3)
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2")
    wait_for_sweeps(run)
    kills = 0
    for starting in (True, False) * (N_KILLS // 2):
        time.sleep(moments.uniform(0, 0.5))
        family = [Path(f"/proc/{pid}") for pid in descendants(process.pid)]
        kills += process.poll() is None
        process.kill()
        process.communicate(timeout=20)
        wait_for(functools.partial(all_are_gone, family), seconds=3)
        before = n_done(run)
        process = started("resume", run, "--quiet")
        if starting:
            time.sleep(moments.uniform(0.3, 0.8))
        else:
            wait_for_sweeps(run, before)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and kills > N_KILLS // 2
    assert_same_bits(run, undisturbed)


@linux
def test_a_killed_worker_is_replaced(undisturbed, started, tmp_path):
    run = tmp_path / "run"
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet")
    wait_for_sweeps(run)
    os.kill(workers(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and out
    assert_same_bits(run, undisturbed)


@linux
def test_workers_that_keep_dying(undisturbed, started, tmp_path):
    run = tmp_path / "run"
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet")
    wait_for_sweeps(run)
    while process.poll() is None:
        for worker in workers(process.pid):
            with contextlib.suppress(ProcessLookupError):  # it may have ended since it was seen
                os.kill(worker, signal.SIGKILL)
        time.sleep(0.01)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, "") and is_one_error(err)
    assert "SIGKILL" in err and re.search(r"chain \d", err) and f"dpmix resume {run}" in err
    assert program("resume", run, "--quiet").returncode == 0
    assert_same_bits(run, undisturbed)
