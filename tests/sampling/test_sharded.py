"""Chains over shards: the same bits wherever and however their jobs run, through deaths, Ctrl-C and resume."""

import functools
import itertools
import os
import signal
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError, InputTypeError, Interrupted, WorkerError
from dpmix.chain.schedule import Schedule
from dpmix.sampling import run, sharded
from dpmix.sampling.workers import ProcessWorkers, WorkerDied
from dpmix.sharding import rounds
from support import sharded_runs
from support.shell import assert_same_bits

N = 300
sampled = functools.partial(sharded_runs.sampled, N, keep="labels")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded") / "run"
    sampled(jobs=1, out=folder)
    return folder


def assert_as_undisturbed(posterior, undisturbed, tmp_path):
    posterior.save(tmp_path / "found")
    assert_same_bits(tmp_path / "found", undisturbed)


@pytest.mark.parametrize("jobs", [2, 3])
def test_workers_make_no_difference(undisturbed, jobs, tmp_path):
    sampled(jobs=jobs, out=tmp_path / "run")
    assert_same_bits(tmp_path / "run", undisturbed)


def test_rounds_played_by_hand_are_those_of_a_run(undisturbed):
    posterior = dpmix.load(undisturbed)
    state = run.start(posterior.table, posterior.plan, None, 1)
    for done in range(0, 8, 2):
        state, _ = rounds.play(posterior.table, posterior.plan, 1, state, done)
    for name, value in state._asdict().items():
        np.testing.assert_array_equal(value, getattr(posterior.records[1].state, name))


def test_threads_answer_in_any_order(undisturbed, tmp_path):
    with ThreadPoolExecutor(4) as threads:
        assert_as_undisturbed(sampled(executor=threads), undisturbed, tmp_path)


def test_shards_change_the_draws_and_a_single_one_is_the_ordinary_chain():
    ordinary = sampled(jobs=1, shards=1)
    other = sampled(jobs=1, shards=1, schedule=Schedule(6, 6, 4, round_sweeps=5))
    np.testing.assert_array_equal(ordinary.labels, other.labels)
    assert "shards" not in ordinary.plan.to_json()
    assert not np.array_equal(ordinary.labels, sampled(jobs=1, shards=2).labels)


@pytest.mark.parametrize("by_folder", [True, False])
def test_a_run_made_longer_is_the_longer_run(undisturbed, by_folder, tmp_path):
    folder = tmp_path / "run"
    posterior = sampled(jobs=1, sweeps=4, out=folder if by_folder else None)
    if not by_folder:
        posterior.save(folder)
    dpmix.resume(folder, sweeps=8, jobs=2, progress=False)
    assert_same_bits(folder, undisturbed)


def test_ctrl_c_keeps_the_finished_rounds(undisturbed, tmp_path, monkeypatch):
    answers = itertools.count()

    def interrupted(table, job):
        if next(answers) == 20:
            raise KeyboardInterrupt
        return rounds.on_rows(table, job)

    monkeypatch.setattr(sharded, "on_rows", interrupted)
    with pytest.raises(Interrupted, match="of 8 sweeps"):
        sampled(jobs=1, out=tmp_path / "run")
    done = [record.sweeps for record in dpmix.load(tmp_path / "run").records]
    assert 0 < sum(done) < 16 and all(sweeps % 2 == 0 for sweeps in done)
    monkeypatch.undo()
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


class Failing(Executor):
    """Runs each call here, but for those that `fails` picks, whose worker dies."""

    def __init__(self, fails):
        self._fails, self._calls = fails, itertools.count()

    def submit(self, function, asked, handle, job):
        future = Future()
        if self._fails(next(self._calls), job):
            future.set_exception(WorkerDied(-signal.SIGKILL))
        else:
            future.set_result(function(asked, handle, job))
        return future


def test_jobs_that_were_lost_are_done_again(undisturbed, tmp_path):
    posterior = sampled(executor=Failing(lambda call, job: call % 3 == 0))
    assert_as_undisturbed(posterior, undisturbed, tmp_path)


def test_a_job_that_kills_every_worker_ends_the_run_with_its_name(undisturbed, tmp_path):
    def poison(call, job):
        return job.name == "shard-1" and job.args[1].round_ix == 2 and job.args[1].chain_ix == 0

    with pytest.raises(
        WorkerError, match=r"chain 0, round 3, shard-1 failed 4 times: .*SIGKILL.*; the 4 sweeps"
    ):
        sampled(executor=Failing(poison), out=tmp_path / "run")
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
def test_workers_that_are_killed_are_replaced(undisturbed, tmp_path):
    with ProcessWorkers(2) as workers:

        class Killing(Executor):
            calls = itertools.count()

            def submit(self, function, *args):
                if next(self.calls) % 7 == 3:
                    workers.submit(exec, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
                return workers.submit(function, *args)

        assert_as_undisturbed(sampled(executor=Killing()), undisturbed, tmp_path)


def test_a_worker_that_cannot_read_the_file_is_sent_the_images(undisturbed, tmp_path, monkeypatch):
    sent = []

    class Elsewhere(Executor):
        def submit(self, function, asked, handle, job):
            sent.append(handle.packed is not None)
            future = Future()
            there = handle.packed is not None
            future.set_result(function(asked, handle, job) if there else sharded.MISSING)
            return future

    assert_as_undisturbed(sampled(executor=Elsewhere()), undisturbed, tmp_path)
    assert any(sent) and not all(sent)


def failed(error):
    future = Future()
    future.set_exception(error)
    return future


def done(value):
    future = Future()
    future.set_result(value)
    return future


def forged(change):
    """Jobs are done, and their results changed."""
    return lambda *call: done((answer := call[0](*call[1:]))._replace(result=change(answer.result)))


WRONG = {  # what an executor does with its eighth call and those after it, and what the error says
    "refuses": (lambda *call: 1 / 0, "takes no work: ZeroDivisionError"),
    "returns no future": (lambda *call: None, "takes no work: TypeError: submit must return a .*Future"),
    "fails": (
        lambda *call: failed(OSError("the line is cut")),
        "the executor failed: OSError: the line is cut",
    ),
    "is cancelled": (lambda *call: failed(CancelledError()), "the executor failed: CancelledError"),
    "answers with nothing": (lambda *call: done(None), "answered with None where .* was asked for"),
    "mixes answers up": (
        lambda function, asked, handle, job: done(function((*asked[:-1], asked[-1] + 1), handle, job)),
        "answered with what was not asked for in the place of",
    ),
    "never finds the images": (
        lambda *call: done(sharded.MISSING),
        "answered with an object of type str where",
    ),
    "answers with text": (forged(lambda end: sharded.MISSING), "what makes no round: "),
    "loses an image": (forged(lambda end: end._replace(z=end.z[1:])), "what makes no round: "),
    "shifts clusters": (forged(lambda end: end._replace(z=end.z - 1)), "what makes no round: "),
    "lacks memory": (lambda *call: failed(MemoryError()), "ran out of memory 4 times: MemoryError"),
}


@pytest.mark.parametrize("name", WRONG)
def test_an_executor_is_trusted_with_nothing(name, undisturbed, tmp_path):
    act, told = WRONG[name]
    calls = itertools.count()

    class Wrong(Executor):
        def submit(self, function, *args):
            return done(function(*args)) if next(calls) < 7 else act(function, *args)

    with pytest.raises(
        WorkerError, match=f"^chain \\d, round \\d.*{told}.*sweeps before that round"
    ) as caught:
        sampled(executor=Wrong(), out=tmp_path / "run")
    assert caught.value.posterior is None or caught.value.posterior.records
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"shards": 0}, InputError, "shards must be between 1 and 300; got 0"),
        ({"shards": -2}, InputError, "shards must be between 1 and 300; got -2"),
        ({"shards": N + 1}, InputError, "shards must be between 1 and 300; got 301"),
        ({"shards": 2.0}, InputTypeError, "shards must be an integer"),
        ({"sweeps": 7}, InputError, "multiple of the 2 sweeps of a round .* ask for 8 sweeps"),
    ],
)
def test_bad_input_is_refused_before_any_work(changes, error, text, tmp_path):
    with pytest.raises(error, match=text):
        sampled(out=tmp_path / "run", **changes)
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="round_sweeps must be at least 1"):
        Schedule(round_sweeps=0)


def test_a_run_of_rounds_is_made_longer_by_whole_rounds(tmp_path):
    sampled(jobs=1, sweeps=4, out=tmp_path / "run")
    with pytest.raises(InputError, match="ask for 6 sweeps"):
        dpmix.resume(tmp_path / "run", sweeps=5, progress=False)


def test_progress_shows_rounds_shards_and_images_a_second(capsys):
    sampled(jobs=1, progress=True)
    told = capsys.readouterr().err
    assert "3 shards, 2 sweeps a round" in told
    assert "sweeps 8/8" in told and "round 4" in told and "images/s" in told
