"""Runs that lack memory: tried again, and then an error that says how much a chain needs; in all kinds of places."""

import errno
import re
import sys

import numpy as np
import pytest

import dpmix
from dpmix.chain.plan import Plan
from dpmix.chain.starts import start
from dpmix.chain.state import Chain
from dpmix.cli import main
from dpmix.model.prior import Prior
from dpmix.model.table import BinaryTable
from dpmix.sampling import delivery
from dpmix.sampling.shortage import bytes_of_chain
from support.processes import run
from support.shell import assert_same_bits, is_one_error

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits memory as Linux does")
X = np.random.default_rng(4).integers(2, size=(30, 9))
PLAN = {"chains": 2, "sweeps": 6, "init": "random:3", "seed": 6, "progress": False}


def short_of_memory(monkeypatch, calls):
    """Let `run_segment` lack memory at its calls of these numbers, counted from 1."""
    usual, made = delivery.run_segment, []

    def run_segment(*args):
        made.append(args)
        if len(made) in calls:
            raise MemoryError("Unable to allocate 7 TiB")
        return usual(*args)

    monkeypatch.setattr(delivery, "run_segment", run_segment)
    return made


def test_three_failures_in_a_row_are_survived(monkeypatch, tmp_path):
    dpmix.sample(X, jobs=1, out=tmp_path / "undisturbed", **PLAN)
    made = short_of_memory(monkeypatch, {1, 2, 3, 6, 7})
    dpmix.sample(X, jobs=1, out=tmp_path / "run", **PLAN)
    assert len(made) > 7
    assert_same_bits(tmp_path / "run", tmp_path / "undisturbed")


def test_the_fourth_is_an_error_that_names_memory_and_the_way_out(monkeypatch):
    short_of_memory(monkeypatch, range(4, 99))
    with pytest.raises(dpmix.WorkerError, match="ran out of memory 4 times at sweep .*7 TiB") as caught:
        dpmix.sample(X, jobs=1, **PLAN)
    assert "a chain needs about 1 MB" in caught.value.remedy and "jobs=1" in caught.value.remedy
    assert isinstance(caught.value.__cause__, MemoryError) and caught.value.posterior is not None


def test_the_command_says_so_in_one_line_with_status_3(monkeypatch, tmp_path, capsys):
    short_of_memory(monkeypatch, range(4, 99))
    path = str(tmp_path / "run")
    words = ["fit", "digits", "-o", path, "--sweeps", "9", "--seed", "1", "--jobs", "1", "--quiet"]
    assert main(words) == 3
    said = capsys.readouterr().err
    assert is_one_error(said) and "memory" in said and "--jobs 1" in said
    assert f"what was drawn is in {path}; go on with 'dpmix resume {path}'" in said
    assert "last_run" not in said and "jobs=1" not in said
    monkeypatch.undo()
    assert main(["resume", path, "--quiet"]) == 0


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        ImportError("/lib/x.so: failed to map segment from shared object"),
    ],
    ids=["Python", "the system", "the loader"],
)
def test_a_command_without_a_run_does_too(error, monkeypatch, capsys, tmp_path):
    def load_observed(arguments):
        raise error

    monkeypatch.setattr("dpmix.cli.fit.load_observed", load_observed)
    assert main(["fit", "digits", "-o", str(tmp_path / "run")]) == 3
    assert capsys.readouterr().err.startswith("dpmix: error: memory ran out")


@pytest.mark.parametrize(
    "n, d, k, masked, labelled",
    [(900, 300, 40, False, False), (3000, 60, 20, True, False), (300, 900, 9, True, True)],
)
def test_a_chain_needs_about_what_is_said(n, d, k, masked, labelled):
    rng = np.random.default_rng(n)
    observed = rng.random((n, d)) < 0.8 if masked else None
    labels = rng.integers(5, size=n) if labelled else None
    table = BinaryTable.from_input(rng.integers(2, size=(n, d)), observed, labels)
    chain = Chain(table, start(table, Plan.checked(Prior(), 1, 2, None, None, f"random:{k}", 0), None, 0))
    assert 0.9 < bytes_of_chain(table, k) / held_by(vars(chain)) < 1.1


def held_by(attributes):
    owners, values = {}, list(attributes.values())
    while values:
        value = values.pop()
        if isinstance(value, tuple):
            values += value
        elif isinstance(value, np.ndarray):
            while isinstance(value.base, np.ndarray):
                value = value.base
            owners[id(value)] = value.nbytes
    return sum(owners.values())


LIMITED = """
    import resource, time
    from pathlib import Path
    import numpy as np
    import dpmix
    from dpmix.sampling import server
    from dpmix.sampling.workers import ProcessWorkers

    def limit(megabytes, size):
        usual = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (size + megabytes * 10**6, usual[1]))
        return usual

    x = np.random.default_rng(0).integers(2, size=(3000, 3000)).astype(np.uint8)
    small = {{"chains": 2, "sweeps": 2, "progress": False, "seed": 1}}
    dpmix.sample(x[:20, :20], jobs={jobs}, **small)
    if {jobs} > 1:
        with ProcessWorkers(1) as workers:
            pages = workers.submit(Path("/proc/self/statm").read_text).result()
        server.kill_server()
        time.sleep(0.3)
        usual = limit(60, int(pages.split()[0]) * resource.getpagesize())
        server.start_server()  # it and its workers keep the limit
        resource.setrlimit(resource.RLIMIT_AS, usual)
    else:
        pages = Path("/proc/self/statm").read_text()
        limit(60, int(pages.split()[0]) * resource.getpagesize())
    try:
        dpmix.sample(x, jobs={jobs}, init="random:1500", **small)
    except dpmix.WorkerError as error:
        print(error)
    """


@linux
@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_memory_that_is_really_limited(jobs, tmp_path):
    said = run(LIMITED.format(jobs=jobs), tmp_path, 90)
    assert re.search(r"memory.*a chain needs about 1\d\d MB", said), said
