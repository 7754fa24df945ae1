"""Runs that end early keep what they have drawn: in the error, in `last_run`, and on the way to the same bits."""

import contextlib
import functools
import gc
import multiprocessing
import os
import pickle
import signal
import weakref
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError
from dpmix.chain.record import Draws
from dpmix.cli.wording import message_of
from dpmix.posterior.posterior import Posterior
from dpmix.sampling import chains, delivery, drawn, run
from dpmix.store.run_folder import RunFolder
from support.shell import assert_same_bits
from support.small_runs import assert_same_record

X = np.random.default_rng(4).integers(2, size=(30, 9))
PLAN = {"chains": 2, "sweeps": 12, "burn_in": 4, "thin": 2, "init": "random:3", "seed": 6, "progress": False}


class Odd(Exception):
    """An error that is not of dpmix."""


@pytest.fixture(autouse=True)
def no_run_before():
    drawn._ended.clear()
    yield
    drawn._ended.clear()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "run"
    dpmix.sample(X, jobs=1, out=path, **PLAN)
    return path


@pytest.fixture(autouse=True)
def short_segments(monkeypatch):
    """Segments of one sweep, so that errors strike between them."""
    monkeypatch.setattr(chains, "_next_size", lambda *_: 1)


def nth(n, error, usual):
    """`usual`, except that its `n`-th call raises `error`, and each later one, too."""
    calls = []

    @functools.wraps(usual)
    def call(*args, **kwargs):
        calls.append(1)
        if len(calls) >= n:
            raise error
        return usual(*args, **kwargs)

    return call


def in_segment(patch, n, error):
    patch.setattr(delivery, "run_segment", nth(n, error, delivery.run_segment))


def in_joining(patch, n, error):
    patch.setattr(Draws, "followed_by", nth(n, error, Draws.followed_by))


def in_writing(patch, n, error):
    patch.setattr(RunFolder, "write_chain", nth(n + 2, error, RunFolder.write_chain))  # two at the start


def in_showing(patch, n, error):
    patch.setattr(run.Progress, "update", nth(n, error, run.Progress.update))


def in_ending(patch, n, error):
    """While everything is taken down, when all is drawn."""
    usual = run.run_chains

    @contextlib.contextmanager
    def opened(*args):
        yield from usual_opened(*args)
        raise error

    usual_opened = run.opened.__wrapped__
    patch.setattr(run, "opened", opened)
    assert usual is run.run_chains


PLACES = (in_segment, in_joining, in_writing, in_showing, in_ending)
ERRORS = {
    "Ctrl-C": (KeyboardInterrupt, dpmix.Interrupted),
    "memory": (MemoryError, dpmix.WorkerError),
    "worker": (functools.partial(dpmix.WorkerError, "it died"), dpmix.WorkerError),
    "disk": (functools.partial(RunError, "the disk is full"), RunError),
    "ours": (Odd, Odd),
    "exit": (SystemExit, SystemExit),
}
QUICK_ERRORS = {"Ctrl-C", "disk"}  # the others are slow


@pytest.mark.parametrize(
    "place, kind",
    [
        pytest.param(place, kind, marks=[] if kind in QUICK_ERRORS else [pytest.mark.slow])
        for place in PLACES
        for kind in ERRORS
        if place is in_segment or kind not in ("worker", "exit")
    ],
)
@pytest.mark.parametrize(
    "with_folder, after",
    [
        pytest.param(True, 15, id="folder"),
        pytest.param(False, 5, id="in burn-in", marks=pytest.mark.slow),
    ],
)
def test_every_end_keeps_what_was_drawn(place, kind, with_folder, after, monkeypatch, tmp_path, undisturbed):
    with_folder = with_folder or place is in_writing
    error, expected = ERRORS[kind]
    out = tmp_path / "run" if with_folder else None
    with monkeypatch.context() as patch:
        place(patch, after, error())
        with pytest.raises(expected) as caught:
            dpmix.sample(X, jobs=1, out=out, **PLAN)
    posterior = caught.value.posterior
    assert sum(record.sweeps for record in posterior.records) >= after - 1
    said = " ".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert ".posterior" in said and "last_run()" in said
    assert said.count("dpmix.resume(") == 1 and (str(out) in said) == with_folder
    late = after == 15 or place is in_ending
    assert posterior.in_burn_in != late and posterior.labels.shape[1] >= 1
    for one, other in zip(dpmix.last_run().records, posterior.records, strict=True):
        assert_same_record(one, other)
    posterior.save(tmp_path / "copy")
    dpmix.resume(tmp_path / "copy", jobs=1, progress=False)
    assert_same_bits(tmp_path / "copy", undisturbed)
    if with_folder:
        dpmix.resume(out, jobs=1, progress=False)
        assert_same_bits(out, undisturbed)


def test_a_resumed_run_keeps_what_it_has_drawn_too(tmp_path, monkeypatch, undisturbed):
    with monkeypatch.context() as patch:
        in_segment(patch, 3, KeyboardInterrupt())
        with pytest.raises(dpmix.Interrupted):
            dpmix.sample(X, jobs=1, out=tmp_path / "run", **PLAN)
        with pytest.raises(dpmix.Interrupted) as caught:
            dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert caught.value.posterior.in_burn_in and "dpmix.resume(" in str(caught.value)
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)
    assert dpmix.last_run() is None


def test_before_the_first_sweep_there_is_nothing(monkeypatch, tmp_path):
    in_segment(monkeypatch, 1, KeyboardInterrupt())
    with pytest.raises(dpmix.Interrupted, match=r"^interrupted after 0 of 12 sweeps$") as caught:
        dpmix.sample(X, jobs=1, **PLAN)
    assert caught.value.posterior is None and dpmix.last_run() is None
    with pytest.raises(
        dpmix.Interrupted, match=r"^interrupted after 0 of 12 sweeps; go on with dpmix"
    ) as caught:
        dpmix.sample(X, jobs=1, out=tmp_path / "run", **PLAN)
    assert caught.value.posterior is None


def test_mistakes_of_the_caller_stay_as_they_are(tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    with pytest.raises(dpmix.InputError) as caught:
        dpmix.sample(X, jobs=1, out=tmp_path / "other", **PLAN)
    assert not hasattr(caught.value, "posterior") and "last_run" not in str(caught.value)
    with pytest.raises(RunError) as caught:
        dpmix.resume(tmp_path / "nothing")
    assert caught.value.posterior is None and "last_run" not in str(caught.value)


def test_a_second_ctrl_c_leaves_the_draws_in_last_run(monkeypatch):
    in_segment(monkeypatch, 5, KeyboardInterrupt())
    monkeypatch.setattr(drawn, "Posterior", nth(1, KeyboardInterrupt("again"), Posterior))
    with pytest.raises(KeyboardInterrupt, match="again"):
        dpmix.sample(X, jobs=1, **PLAN)
    monkeypatch.undo()
    assert sum(record.sweeps for record in dpmix.last_run().records) == 4


def test_too_little_memory_for_the_posterior_itself(monkeypatch):
    in_segment(monkeypatch, 5, KeyboardInterrupt())
    monkeypatch.setattr(drawn, "Posterior", nth(1, MemoryError(), Posterior))
    with pytest.raises(dpmix.Interrupted, match="last_run.. puts the draws together") as caught:
        dpmix.sample(X, jobs=1, **PLAN)
    monkeypatch.undo()
    assert caught.value.posterior is None and dpmix.last_run().in_burn_in


@pytest.mark.slow
def test_last_run_forgets_after_a_run_that_comes_to_its_end(monkeypatch):
    with monkeypatch.context() as patch, contextlib.suppress(Odd):
        in_segment(patch, 5, Odd())
        dpmix.sample(X, jobs=1, **PLAN)
    table = weakref.ref(dpmix.last_run().table)
    gc.collect()
    assert table() is not None
    posterior = dpmix.sample(X, jobs=1, **PLAN)
    gc.collect()
    assert dpmix.last_run() is None and table() is None
    table = weakref.ref(posterior.table)
    del posterior
    gc.collect()
    assert table() is None


def test_a_run_that_did_nothing_leaves_the_one_before(monkeypatch):
    with monkeypatch.context() as patch:
        in_segment(patch, 5, Odd())
        with contextlib.suppress(Odd):
            dpmix.sample(X, jobs=1, **PLAN)
        with contextlib.suppress(Odd):
            dpmix.sample(X[:10], jobs=1, **PLAN)
    assert dpmix.last_run().table.n == len(X)


def test_the_estimator_keeps_draws_while_it_samples_and_while_it_searches(monkeypatch):
    mixture = dpmix.DPMixture(chains=1, sweeps=8, init="random:3", random_state=0)
    with monkeypatch.context() as patch:
        in_segment(patch, 7, KeyboardInterrupt())
        with pytest.raises(dpmix.Interrupted) as caught:
            mixture.fit(X)
    assert caught.value.posterior.labels.shape == (1, 2, len(X))
    monkeypatch.setattr("dpmix.estimator.point_estimate", nth(1, KeyboardInterrupt(), dpmix.sample))
    with pytest.raises(dpmix.Interrupted) as caught:
        mixture.fit(X)
    assert dpmix.last_run().labels.shape == caught.value.posterior.labels.shape == (1, 4, len(X))


# Burn-in


@pytest.fixture
def burning(monkeypatch):
    """The posterior of a run that was stopped in its burn-in, the second chain a sweep behind."""
    with monkeypatch.context() as patch:
        in_segment(patch, 6, KeyboardInterrupt())
        with pytest.raises(
            dpmix.Interrupted, match="after 2 of 12 sweeps; the chains were still in"
        ) as caught:
            dpmix.sample(X, jobs=1, **PLAN)
    return caught.value.posterior


def test_burn_in_shows_where_each_chain_stands(burning):
    assert burning.in_burn_in and burning.labels.shape == (2, 1, len(X))
    for chain, record in enumerate(burning.records):
        z, labels = record.state.z, burning.labels[chain, 0]
        assert len(np.unique(np.stack([z, labels]), axis=1).T) == len(np.unique(z)) == len(np.unique(labels))
        assert (np.diff(np.bincount(labels)) <= 0).all()
        assert burning.log_joint[chain, 0] == record.draws.trace["log_joint"][-1]
        assert burning.n_clusters[chain, 0] == labels.max() + 1
        assert burning.alpha[chain, 0] == record.state.alpha
        np.testing.assert_array_equal(burning.a[chain, 0], record.state.a)
    assert sorted(record.sweeps for record in burning.records) == [2, 3]
    assert burning.trace["log_joint"].shape == (2, 2) and burning.draw_sweeps.tolist() == [1]


def test_burn_in_is_said(burning):
    assert repr(burning).endswith("2 chains in burn-in, after 2 of 12 sweeps>")
    summary = burning.summary()
    assert summary.in_burn_in and summary.to_dict()["in_burn_in"] and summary.verdict == "unknown"
    assert "2 chains in burn-in" in str(summary) and "no draws from the posterior" in summary.notes[0]
    with pytest.raises(dpmix.InputError, match="burn-in"):
        burning.to_arviz()


def test_burn_in_can_be_asked_and_copied(burning):
    assert dpmix.predict_proba(burning, X[:2], np.arange(9) < 4).shape == (2, 9)
    again = pickle.loads(pickle.dumps(burning))
    assert again.in_burn_in and repr(again) == repr(burning)
    np.testing.assert_array_equal(again.labels, burning.labels)


def test_loading_a_run_in_burn_in(burning, tmp_path):
    burning.save(tmp_path / "run")
    plain, asked = dpmix.load(tmp_path / "run"), dpmix.load(tmp_path / "run", burn_in=True)
    assert not plain.in_burn_in and plain.labels.shape == (2, 0, len(X))
    np.testing.assert_array_equal(asked.labels, burning.labels)
    with pytest.raises(dpmix.InputError, match="burn_in"):
        dpmix.load(tmp_path / "run", burn_in="yes")


def test_loading_a_run_with_draws_is_the_same_either_way(undisturbed):
    one, two = dpmix.load(undisturbed), dpmix.load(undisturbed, burn_in=True)
    assert not two.in_burn_in
    np.testing.assert_array_equal(one.labels, two.labels)


def test_chains_without_a_sweep_are_left_out_of_what_is_shown_and_kept(monkeypatch, tmp_path, undisturbed):
    in_segment(monkeypatch, 2, KeyboardInterrupt())
    with pytest.raises(dpmix.Interrupted) as caught:
        dpmix.sample(X, jobs=1, **PLAN)
    monkeypatch.undo()
    posterior = caught.value.posterior
    assert posterior.labels.shape == (1, 1, len(X)) and len(posterior.records) == 2
    posterior.save(tmp_path / "run")
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


# Executors of the caller


class Strange:
    """Runs calls at once, the first few as it should."""

    def __init__(self, then, good=6):
        self.then, self.left = then, good

    def submit(self, function, *args):
        self.left -= 1
        return _done(function(*args)) if self.left >= 0 else self.then(function, *args)


def _done(result=None, error=None):
    future = Future()
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
    return future


def _refuses(function, *args):
    raise OSError("the line is cut")


def _cancels(function, *args):
    future = Future()
    future.cancel()
    future.set_running_or_notify_cancel()
    return future


def _cancels_untold(function, *args):
    """As a thread pool does that is shut down with cancel_futures=True: nobody who waits is told."""
    future = Future()
    future.cancel()
    return future


class Unspeakable(Exception):
    def __str__(self):
        raise LookupError("nothing to say")


class _Fails(Future):
    def result(self, timeout=None):
        raise OSError("the result is gone")


def _loses(function, *args):
    future = _Fails()
    future.set_result(function(*args))
    return future


def _forged(part, name, change):
    """An answer of which one array, or number, is changed."""

    def forge(function, *args):
        answer = function(*args)
        if part == "state":
            state = answer.state._replace(**{name: change(getattr(answer.state, name))})
            return _done(answer._replace(state=state))
        arrays = {**getattr(answer.draws, part)}
        arrays[name] = change(arrays[name])
        both = {"trace": answer.draws.trace, "kept": answer.draws.kept, part: arrays}
        return _done(answer._replace(draws=Draws(**both)))

    return forge


FORGED = {
    "one cluster": _forged("state", "z", np.zeros_like),
    "wide labels": _forged("state", "z", lambda z: z.astype(np.int64)),
    "alpha": _forged("state", "alpha", lambda alpha: 1e300),
    "pseudo-counts": _forged("state", "a", lambda a: a * np.nan),
    "generator": _forged("state", "generator", np.zeros_like),
    "labels": _forged("kept", "labels", lambda labels: labels * 3 + 1),
    "text": _forged("kept", "labels", lambda labels: labels.astype(str)),
    "objects": _forged("kept", "labels", lambda labels: labels.astype(object)),
    "drawn alpha": _forged("kept", "alpha", lambda alpha: alpha * np.nan),
    "clusters": _forged("trace", "n_clusters", lambda k: k + 5),
    "seconds": _forged("trace", "seconds", lambda seconds: seconds * np.nan),
    "negative seconds": _forged("trace", "seconds", lambda seconds: seconds - 1e9),
    "list": _forged("trace", "alpha", list),
}


@pytest.mark.parametrize("name", FORGED)
def test_an_answer_that_no_chain_can_give_never_reaches_the_run(name, tmp_path, undisturbed):
    with pytest.raises(dpmix.WorkerError, match="the executor answered with a segment that"):
        dpmix.sample(X, executor=Strange(FORGED[name], good=14), out=tmp_path / "run", **PLAN)
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


def _another(**changes):
    return lambda function, asked, *args: _done(function(asked._replace(**changes), *args))


def _damaged(change):
    return lambda function, *args: _done(change(function(*args)))


STRANGE = {
    "refuses": (_refuses, OSError, "takes no work: OSError: the line is cut"),
    "cancels": (_cancels, Exception, "failed: CancelledError"),
    "cancels untold": (_cancels_untold, Exception, "failed: CancelledError"),
    "cannot say": (lambda *_: _done(error=Unspeakable()), Unspeakable, "failed: Unspeakable"),
    "loses": (_loses, OSError, "failed: OSError: the result is gone"),
    "fails": (lambda *_: _done(error=OSError("gone")), OSError, "failed: OSError: gone"),
    "exits": (lambda *_: _done(error=SystemExit(3)), SystemExit, "failed: SystemExit: 3"),
    "lacks memory": (lambda *_: _done(error=MemoryError()), MemoryError, "ran out of memory 4 times"),
    "no future": (
        lambda *_: None,
        TypeError,
        "submit must return a concurrent.futures.Future; it returned None",
    ),
    "None": (lambda *_: _done(None), TypeError, "answered with None where a segment"),
    "text": (lambda *_: _done("done"), TypeError, "answered with an object of type str"),
    "no table": (lambda *_: _done(delivery.MISSING), TypeError, "answered with an object of type str"),
    "another chain": (_another(chain=7), ValueError, "answered with sweeps .* of chain 7, where"),
    "another start": (_another(generator=b""), ValueError, "of other images or from another start"),
    "other sweeps": (_another(n_sweeps=2), ValueError, "answered with sweeps"),
    "half": (_damaged(lambda a: a._replace(state=None)), ValueError, "a segment that is damaged"),
    "short": (
        _damaged(lambda a: a._replace(state=a.state._replace(z=a.state.z[1:]))),
        ValueError,
        "does not fit the images",
    ),
    "nan": (
        _damaged(lambda a: a.draws.trace["log_joint"].fill(np.nan) or a),
        ValueError,
        "does not fit the images",
    ),
}


@pytest.mark.parametrize("name", STRANGE)
def test_a_strange_executor_is_a_worker_error_with_cause_chain_and_draws(name, monkeypatch):
    monkeypatch.setattr("dpmix.sampling.attempts._SECONDS_TO_LOOK", 0.2)
    then, cause, text = STRANGE[name]
    with pytest.raises(dpmix.WorkerError, match=text) as caught:
        dpmix.sample(X, executor=Strange(then), **PLAN)
    error = caught.value
    assert isinstance(error.__cause__, cause) and not isinstance(error.__cause__, dpmix.WorkerError)
    assert "chain 0 " in str(error) or "chain 1 " in str(error)
    assert "sweeps before are kept" in str(error) and "dpmix.resume(" in error.remedy
    assert sum(record.sweeps for record in error.posterior.records) in (5, 6)


def test_an_executor_that_was_shut_down():
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(dpmix.WorkerError, match="chain 0 stopped before sweep 1: .*after shutdown") as caught:
        dpmix.sample(X, executor=executor, **PLAN)
    assert caught.value.posterior is None and isinstance(caught.value.__cause__, RuntimeError)


def test_a_table_that_is_missing_once_is_sent(undisturbed, tmp_path):
    asked = []

    def forgetful(function, *args):
        asked.append(args)
        return _done(delivery.MISSING if args[1].packed is None else function(*args))

    dpmix.sample(X, executor=Strange(forgetful, good=0), out=tmp_path / "run", **PLAN)
    assert any(args[1].packed is not None for args in asked)
    assert_same_bits(tmp_path / "run", undisturbed)


class Client:
    """What of dask.distributed.Client can be seen from outside: its futures are its own."""

    def submit(self, function, *args, **kwargs):
        return object()

    def get_executor(self, **kwargs):
        return ThreadPoolExecutor(1)


def test_a_client_is_recognised_before_any_work(tmp_path):
    with pytest.raises(dpmix.InputError, match=r"got a Client.*; pass executor=client.get_executor\(\)"):
        dpmix.sample(X, executor=Client(), out=tmp_path / "run", **PLAN)
    assert not (tmp_path / "run").exists()
    with Client().get_executor() as executor:
        dpmix.sample(X, executor=executor, **PLAN)


def test_a_class_is_recognised_too():
    with pytest.raises(dpmix.InputError, match=r"the class ThreadPoolExecutor; pass ThreadPoolExecutor\("):
        dpmix.sample(X, executor=ThreadPoolExecutor, **PLAN)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.slow
def test_a_pool_of_the_caller_whose_process_is_killed():
    class Doomed(ProcessPoolExecutor):
        left = 6

        def submit(self, *args):
            self.left -= 1
            future = super().submit(*args)
            if self.left < 0:
                for pid in list(self._processes):
                    os.kill(pid, signal.SIGKILL)
            return future

    with Doomed(1, multiprocessing.get_context("spawn")) as executor:
        with pytest.raises(dpmix.WorkerError, match="BrokenProcessPool") as caught:
            dpmix.sample(X, executor=executor, **PLAN)
    assert isinstance(caught.value.__cause__, BrokenProcessPool)
    assert sum(record.sweeps for record in caught.value.posterior.records) >= 4


def test_who_lost_the_folder_is_not_sent_to_what_stands_at_its_path(tmp_path, monkeypatch):
    out, usual, calls = tmp_path / "run", RunFolder.write_chain, []

    def write_chain(folder, *args):
        calls.append(1)
        if len(calls) == 9:
            out.rename(tmp_path / "moved")
            dpmix.sample(X, jobs=1, out=out, **PLAN)
        usual(folder, *args)

    monkeypatch.setattr(RunFolder, "write_chain", write_chain)
    with pytest.raises(RunError, match="is no longer the folder") as caught:
        dpmix.sample(X, jobs=1, out=out, **PLAN)
    assert caught.value.posterior.records[0].sweeps
    assert "posterior.save(path)" in caught.value.remedy and str(out) not in caught.value.remedy
    assert str(out) not in message_of(caught.value, str(out)).partition("what is there now; ")[2]
