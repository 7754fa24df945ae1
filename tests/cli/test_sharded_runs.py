"""``dpmix fit --shards``: the real program, and that it comes through kills with the bits of an undisturbed run."""

import functools
import os
import random
import signal
import time
from pathlib import Path

import pytest

from dpmix.cli import main
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

SWEEPS = 400
LONG = ("--chains", "1", "--sweeps", SWEEPS, "--init", "random:40", "--seed", "5", "--shards", "3")
pytestmark = pytest.mark.slow
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    done = program("fit", "digits", "-o", folder, *LONG, "--jobs", "1")
    assert done.returncode == 0 and "3 shards, 5 sweeps a round" in done.stderr
    return folder


def n_done(run):
    fields = info(run)
    return sum(fields["sweeps_done"])


def test_shards_are_told_and_change_the_draws(undisturbed, capsys):
    fields = info(undisturbed)
    assert fields["shards"] == 3 and fields["sweeps_done"] == [SWEEPS] and fields["draws"] == [100]
    assert main(["info", str(undisturbed)]) == 0
    assert f"1 of {SWEEPS} sweeps, each over 3 shards" in capsys.readouterr().out


def test_workers_make_no_difference(undisturbed, tmp_path):
    run = tmp_path / "run"
    assert program("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet").returncode == 0
    assert_same_bits(run, undisturbed)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--shards", "0"), "shards must be between 1 and 1797; got 0"),
        (("--shards", "2", "--sweeps", "8"), "multiple of the 5 sweeps of a round"),
    ],
)
def test_bad_numbers_are_refused(words, said, tmp_path, capsys):
    assert main(["fit", "digits", "-o", str(tmp_path / "run"), *words]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err) and said in shown.err
    assert not (tmp_path / "run").exists()


@linux
def test_killed_at_random_moments(undisturbed, started, tmp_path):
    """In turn a worker, which is replaced, and the program, after which the run is resumed; 20 kills in all."""
    run, moments, kills = tmp_path / "run", random.Random(4), 0
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet")
    wait_for(lambda: (run / "run.json").exists() and n_done(run) > 0)
    while kills < 20 and n_done(run) < SWEEPS:
        time.sleep(moments.uniform(0, 0.3))
        if kills % 2 == 0 and (there := workers(process.pid)):
            os.kill(there[0], signal.SIGKILL)
        else:
            family = [Path(f"/proc/{pid}") for pid in descendants(process.pid)]
            process.kill()
            process.communicate(timeout=20)
            wait_for(functools.partial(all_are_gone, family), seconds=5)
            process = started("resume", run, "--jobs", "2", "--quiet")
            wait_for(lambda process=process: process.poll() is not None or workers(process.pid))
        kills += 1
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "") and kills >= 6
    assert_same_bits(run, undisturbed)
