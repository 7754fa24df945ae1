"""Chains over shards on a Dask cluster of two worker processes: the bits of a run that has no Dask.

Needs the extra ``dask``.
"""

import os
import signal
import threading

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError, WorkerError
from dpmix.chain.schedule import Schedule
from dpmix.sampling import dask_crew
from dpmix.sharding import rounds
from support.shell import assert_same_bits

distributed = pytest.importorskip("distributed")

N = 9_000  # images: three blocks of the pass
GIVEN = {
    "chains": 2,
    "sweeps": 8,
    "burn_in": 1,
    "thin": 3,
    "init": "random:20",
    "seed": 3,
    "shards": 3,
    "schedule": Schedule(6, 6, 4, round_sweeps=2),
    "progress": False,
}


def images():
    rng = np.random.default_rng(7)
    centres = rng.integers(0, 2, (8, 20))[np.arange(N) % 8]
    x = np.where(rng.random((N, 20)) < 0.1, 1 - centres, centres)
    return np.ma.MaskedArray(x, rng.random((N, 20)) < 0.05)


def sampled(**changes):
    return dpmix.sample(images(), labels=np.arange(N) % 3 - 1, **{**GIVEN, **changes})


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded") / "run"
    sampled(jobs=1, out=folder)
    return folder


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def pids(client):
    return list(client.run(os.getpid).values())


@pytest.mark.parametrize("form", [pytest.param("client", marks=pytest.mark.slow), "executor"])
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


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
@pytest.mark.parametrize("which", ["one", "all"])
def test_killed_workers_make_no_difference(client, undisturbed, which, tmp_path):
    stop = threading.Event()

    def kill():
        for _ in range(2):
            if stop.wait(0.4):
                return
            for pid in pids(client)[: 1 if which == "one" else None]:
                os.kill(pid, signal.SIGKILL)
            client.wait_for_workers(2)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        sampled(executor=client, out=tmp_path / "run")
    finally:
        stop.set()
        killer.join()
    assert_same_bits(tmp_path / "run", undisturbed)


@pytest.mark.slow
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


@pytest.mark.slow
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
    monkeypatch.undo()
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        with distributed.Client(cluster) as idle, pytest.raises(InputError, match="no workers"):
            sampled(executor=idle, out=tmp_path / "run")
    with pytest.raises(InputError, match="executor is a Client that is closed; make a new one"):
        sampled(executor=idle, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
