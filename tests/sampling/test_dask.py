"""Chains over shards on a Dask cluster of two worker processes: the bits of a run that has no Dask.

Needs the extra ``dask``.
"""

import functools
import os
import random
import signal
import threading
import time

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError, InputTypeError, Interrupted, WorkerError
from dpmix.sampling import dask_crew, sharded
from dpmix.sharding import rounds
from support import sharded_runs
from support.dask_workers import immortal_workers
from support.sharded_runs import GIVEN
from support.shell import assert_same_bits

distributed, da = pytest.importorskip("distributed"), pytest.importorskip("dask.array")
key_split = pytest.importorskip("dask.utils").key_split
pytestmark = pytest.mark.slow

N_WORKERS = 2
sampled = functools.partial(sharded_runs.sampled, 9_000)  # three blocks of the pass


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded") / "run"
    sampled(jobs=1, out=folder)
    return folder


@pytest.fixture(scope="module")
def running_client():
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
        immortal_workers(client, N_WORKERS),
    ):
        yield client


@pytest.fixture
def client(running_client):
    """Whose workers all answer, whatever the test before did to them."""
    wait_for_answers(running_client)
    return running_client


def pids(client):
    """Of the workers that answer."""
    return [pid for pid in client.run(os.getpid, on_error="return").values() if isinstance(pid, int)]


def wait_for_answers(client, killed=()):
    """From all workers but those that were `killed`: the scheduler may not have seen yet that these are dead."""
    give_up = time.monotonic() + 60
    while len(set(pids(client)) - set(killed)) < N_WORKERS:
        assert time.monotonic() < give_up, "workers did not come back"
        time.sleep(0.05)


@pytest.mark.parametrize("form", ["client", "executor"])
def test_a_cluster_makes_no_difference(client, undisturbed, form, tmp_path):
    executor = client if form == "client" else client.get_executor()
    sampled(executor=executor, out=tmp_path / "run")
    assert_same_bits(tmp_path / "run", undisturbed)


def test_images_are_sent_where_workers_cannot_read_the_file(client, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_crew.os.path, "abspath", lambda path: "/no/such/folder/data.npy")
    posterior = sampled(executor=client)
    monkeypatch.undo()
    posterior.save(tmp_path / "run")
    assert_same_bits(tmp_path / "run", undisturbed)


def test_ordinary_chains_run_on_a_client(client):
    given = {"shards": 1, "sweeps": 3, "thin": 1}
    wanted = sampled(jobs=1, **given)
    np.testing.assert_array_equal(sampled(executor=client, **given).labels, wanted.labels)


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize(("which", "n_kills"), [("one", 20), ("all", 2)])
def test_killed_workers_make_no_difference(client, undisturbed, which, n_kills, tmp_path, monkeypatch):
    """At random times, over as many runs as it takes.

    By chance the same task may be the one that is lost each time, and with every worker that is killed: one that was
    waiting on the first is sent to the second before that dies too.
    """
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", n_kills * N_WORKERS)
    kills, moments = [], random.Random(6)

    def kill(stop):
        while len(kills) < n_kills and not stop.wait(moments.uniform(0.1, 2.0)):
            killed = pids(client)[: 1 if which == "one" else None]
            for pid in killed:
                os.kill(pid, signal.SIGKILL)
            kills.append(which)
            wait_for_answers(client, killed)

    while len(kills) < n_kills:
        stop = threading.Event()
        killer = threading.Thread(target=kill, args=(stop,))
        killer.start()
        try:
            sampled(executor=client, out=tmp_path / "run", overwrite=True)
        finally:
            stop.set()
            killer.join()
        assert_same_bits(tmp_path / "run", undisturbed)


def test_a_task_that_kills_every_worker_ends_with_its_name(client, undisturbed, tmp_path, monkeypatch):
    space = {"__name__": "__main__"}
    exec("def poison(table, rows, plan, streams, *rest):\n    import os\n    os._exit(1)", space)
    poison, real = space["poison"], rounds.run_shard

    def play_round(plan, chain_ix, state, done):
        monkeypatch.setattr(rounds, "run_shard", poison if done == 4 else real)
        return rounds.play_round(plan, chain_ix, state, done)

    monkeypatch.setattr("dpmix.sampling.sharded.play_round", play_round)
    with pytest.raises(
        WorkerError, match=r"chain 0, round 3, shard-\d stopped: every worker that tried died"
    ):
        sampled(executor=client, out=tmp_path / "run", chains=1)
    monkeypatch.undo()
    dpmix.resume(tmp_path / "run", jobs=2, progress=False)
    one = dpmix.load(tmp_path / "run").records[0]
    np.testing.assert_array_equal(one.state.z, dpmix.load(undisturbed).records[0].state.z)


def test_a_scheduler_that_is_gone_ends_the_run_and_resume_goes_on(undisturbed, tmp_path):
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as cluster:
        with distributed.Client(cluster) as client:
            threading.Timer(0.5, cluster.close).start()
            with pytest.raises(WorkerError, match="dpmix.resume"):
                sampled(executor=client, out=tmp_path / "run")
    dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


def test_bad_clusters_are_refused_before_any_work(client, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_crew, "__version__", "9.9.9")
    with pytest.raises(InputError, match=r"worker tcp://\S+ has dpmix \S+, and this program has dpmix 9.9.9"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.setattr(dask_crew, "_ASK_VERSION", dask_crew._ASK_VERSION.replace("'dpmix'", "'nodpmix'"))
    with pytest.raises(InputError, match=r"worker tcp://\S+ has no dpmix"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.setattr(dask_crew, "_ASK_VERSION", "1 / 0")
    with pytest.raises(InputError, match=r"a dpmix that cannot be imported \(ZeroDivisionError"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.setattr(dask_crew, "_ASK_VERSION", "(_ for _ in ()).throw(OSError('timed out'))")
    with pytest.raises(InputError, match="none of whose workers answers"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.undo()
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        with distributed.Client(cluster) as idle, pytest.raises(InputError, match="no workers"):
            sampled(executor=idle, out=tmp_path / "run")
    for executor in (idle, idle.get_executor()):
        with pytest.raises(InputError, match="executor is a Client that is closed; make a new one"):
            sampled(executor=executor, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def dask_images(values=None, n=240, block=20):
    values = np.random.default_rng(3).integers(0, 2, (n, 12)) if values is None else values
    return da.from_array(values, chunks=(block, -1)), values


@pytest.mark.parametrize("labels", [None, np.arange(240) % 3 - 1], ids=["pixels", "labels"])
def test_a_dask_array_gives_the_table_of_its_images(client, labels):
    x, values = dask_images()
    given = {**GIVEN, "sweeps": 2, "chains": 1, "thin": 1, "keep": "labels"}
    wanted = dpmix.sample(values, labels=labels, jobs=1, **given)
    for executor in (client, None):
        where = {"jobs": 1} if executor is None else {"executor": executor}
        found = dpmix.sample(x, labels=labels, **where, **given)
        assert found.table.digest == wanted.table.digest
        np.testing.assert_array_equal(found.labels, wanted.labels)


def dask_cases():
    x, values = dask_images(n=360)
    wrong, missing = values.copy(), values.astype(float)
    wrong[17 * 20 + 3, 5], missing[17 * 20 + 3, 5] = 7, np.nan
    narrow = x.map_blocks(lambda block, block_id: block[:, : 12 - (block_id[0] == 17)], dtype=x.dtype)
    return {
        "values": (
            dask_images(wrong)[0],
            "block 17 of x must contain only 0 and 1; found 7 at row 3, column 5",
        ),
        "gaps": (dask_images(missing)[0], "block 17 of x has unobserved pixels"),
        "widths": (narrow, r"block 17 of x must have the shape \(20, 12\); it has \(20, 11\)"),
        "unknown": (x[x.sum(1) > 3], r"unknown chunk sizes; call x.compute_chunk_sizes\(\) first"),
        "cut rows": (x.rechunk((20, 5)), r"cut into 3 parts; call x.rechunk\(\{1: -1\}\) first"),
        "empty": (x[:0], "at least one image of one pixel"),
        "one dimension": (x[0], "2 dimensions"),
    }


@pytest.mark.parametrize(
    "name", ["values", "gaps", "widths", "unknown", "cut rows", "empty", "one dimension"]
)
def test_bad_dask_arrays_are_refused_by_name(name, tmp_path):
    x, text = dask_cases()[name]
    with pytest.raises(InputError, match=text):
        dpmix.sample(x, **{**GIVEN, "out": tmp_path / "run"})
    assert not (tmp_path / "run").exists()


def never(block):
    raise AssertionError("a block was made")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"shards": 241}, "shards must be between 1 and 240; got 241"),
        ({"shards": 0}, "shards must be between 1 and 240; got 0"),
        ({"sweeps": 7}, "multiple of the 2 sweeps of a round"),
        ({"labels": np.zeros(239, int)}, "labels"),
        ({"executor": 3}, "executor must have a submit method"),
        ({"executor": "closed"}, "executor is a Client that is closed"),
    ],
    ids=str,
)
def test_bad_input_is_refused_before_a_block_is_made(changes, error, client):
    x = dask_images()[0].map_blocks(never, dtype=np.uint8, meta=np.empty((0, 0), np.uint8))
    if changes.get("executor") == "closed":
        changes = {"executor": distributed.Client(client.scheduler.address)}
        changes["executor"].close()
    with pytest.raises((InputError, InputTypeError), match=error):
        dpmix.sample(x, **{**GIVEN, **changes})


def test_a_block_with_another_value_is_named_by_a_worker(client):
    x, values = dask_images(n=360)
    values[17 * 20 + 3, 5] = 7
    x = da.from_array(values, chunks=(20, -1))
    with pytest.raises(
        InputError, match="^block 17 of x must contain only 0 and 1; found 7 at row 3, column 5"
    ):
        dpmix.sample(x, **{**GIVEN, "executor": client})


def test_a_worker_without_memory_ends_the_run_which_can_then_go_on(
    client, undisturbed, tmp_path, monkeypatch
):
    """At once, on the same cluster, where tasks of the run that ended are perhaps still about to be cancelled."""
    space = {"__name__": "__main__"}
    exec("def poor(*job):\n    raise MemoryError('no room')", space)
    monkeypatch.setattr(rounds, "run_shard", space["poor"])
    told = r"chain \d, round 1, shard-\d stopped: a worker ran out of memory \(MemoryError: no room\).*more shards"
    with pytest.raises(WorkerError, match=told):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.undo()
    dpmix.resume(tmp_path / "run", executor=client, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


def test_a_dask_array_takes_no_mask():
    with pytest.raises(InputError, match="observed cannot be given for a dask array"):
        dpmix.sample(dask_images()[0], observed=np.ones(12, bool), **GIVEN)


def test_ctrl_c_keeps_the_finished_rounds(client, undisturbed, tmp_path, monkeypatch):
    landings = []

    def ended_of(*args):
        landings.append(args)
        if len(landings) == 14:
            raise KeyboardInterrupt
        return real(*args)

    real = sharded.ended_of
    monkeypatch.setattr(sharded, "ended_of", ended_of)
    with pytest.raises(Interrupted, match="of 8 sweeps"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.undo()
    assert 0 < sum(record.sweeps for record in dpmix.load(tmp_path / "run").records) < 16
    dpmix.resume(tmp_path / "run", executor=client, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


def test_the_dashboard_groups_tasks_under_readable_names(client, monkeypatch):
    keys = []
    real = client.submit
    monkeypatch.setattr(
        client, "submit", lambda *args, **given: keys.append(given["key"]) or real(*args, **given)
    )
    sampled(executor=client, chains=1, sweeps=2, thin=1)
    assert len(set(keys)) == len(keys)
    names = "rows deal piece segment components pass counts ends"
    assert {key_split(key) for key in keys} == {f"dpmix-{name}" for name in names.split()}


def test_a_worker_that_loses_sight_of_the_file_is_told_of(client, tmp_path, monkeypatch):
    monkeypatch.setattr(dask_crew, "load_rows", lambda path, block, digest: open("/no/such/file").close())
    with pytest.raises(
        WorkerError, match=r"chain \d, round 1, shard-\d stopped: a worker cannot read the images"
    ):
        sampled(executor=client, chains=1)
