"""Chains over shards on clusters of real processes that die, are replaced, or are not what they should be.

Needs the extra ``dask``.
"""

import functools
import importlib.util
import shutil
import subprocess
import threading
import time

import pytest

import dpmix
from dpmix.base.errors import InputError, WorkerError
from support import sharded_runs
from support.dask_processes import DaskProcesses
from support.shell import assert_same_bits

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.slow

sampled = functools.partial(sharded_runs.sampled, 9_000)  # three blocks of the pass


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharded") / "run"
    sampled(jobs=1, out=folder)
    return folder


@pytest.fixture
def processes(tmp_path):
    with DaskProcesses(tmp_path) as processes:
        yield processes


@pytest.fixture
def client(processes):
    with distributed.Client(scheduler_file=str(processes.file), timeout=60) as client:
        yield client


def after_rounds(count, act, monkeypatch):
    """Have a thread call `act` when so many rounds have begun."""
    begun, real = [], dpmix.sampling.sharded.play_round

    def play_round(*args):
        begun.append(args)
        if len(begun) == count:
            threading.Thread(target=act).start()
        return real(*args)

    monkeypatch.setattr("dpmix.sampling.sharded.play_round", play_round)


def test_all_workers_are_killed_and_new_ones_join(processes, client, undisturbed, tmp_path, monkeypatch):
    processes.add_workers(2)
    client.wait_for_workers(2, timeout=60)
    told = []
    monkeypatch.setattr("dpmix.base.progress.Progress.message", lambda progress, text: told.append(text))
    monkeypatch.setattr("dpmix.sampling.attempts._SECONDS_TO_LOOK", 0.2)

    def replace():
        processes.kill_workers()
        deadline = time.monotonic() + 60
        while not any("no workers" in text for text in told) and time.monotonic() < deadline:
            time.sleep(0.05)
        processes.add_workers(2)

    after_rounds(4, replace, monkeypatch)
    sampled(executor=client, out=tmp_path / "run")
    assert len(processes.workers) == 2
    waits = [text.split(":")[0] for text in told if "workers" in text]
    assert waits == ["the cluster has no workers", "workers have joined the cluster"]
    assert_same_bits(tmp_path / "run", undisturbed)


@pytest.mark.parametrize("elsewhere", ["without Dask", "another cluster"])
def test_the_scheduler_is_killed_and_the_run_goes_on(
    processes, client, undisturbed, tmp_path, monkeypatch, elsewhere
):
    processes.add_workers(1)
    client.wait_for_workers(1, timeout=60)
    after_rounds(4, processes.scheduler.kill, monkeypatch)
    with pytest.raises(WorkerError, match="cluster.*dpmix.resume"):
        sampled(executor=client, out=tmp_path / "run")
    monkeypatch.undo()
    if elsewhere == "without Dask":
        dpmix.resume(tmp_path / "run", jobs=1, progress=False)
    else:
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
            with distributed.Client(cluster) as other:
                dpmix.resume(tmp_path / "run", executor=other, progress=False)
    assert_same_bits(tmp_path / "run", undisturbed)


def test_a_worker_without_dpmix_is_named(processes, client, tmp_path):
    processes.add_workers(1)
    client.wait_for_workers(1, timeout=60)
    (good,) = client.scheduler_info()["workers"]
    processes.add_workers(1, with_dpmix=False)
    client.wait_for_workers(2, timeout=60)
    (bad,) = client.scheduler_info()["workers"].keys() - {good}
    with pytest.raises(InputError, match=f"worker {bad} has no dpmix, and this program has dpmix"):
        sampled(executor=client, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_worker_with_another_version_is_named(processes, client, tmp_path):
    processes.add_workers(2)
    client.wait_for_workers(2, timeout=60)
    _, bad = client.scheduler_info()["workers"]
    client.run(exec, "import dpmix.base.version as found; found.__version__ = '0.0.7'", workers=[bad])
    with pytest.raises(InputError, match=f"worker {bad} has dpmix 0.0.7, and this program has"):
        sampled(executor=client, out=tmp_path / "run")


def keys_for_the_occasion(folder):
    """By the package that Dask uses for it, or else by the program openssl."""
    if importlib.util.find_spec("cryptography"):
        return distributed.Security.temporary()
    if not shutil.which("openssl"):
        pytest.skip("needs the package cryptography or the program openssl")
    key, cert = str(folder / "key.pem"), str(folder / "cert.pem")
    words = f"req -x509 -newkey rsa:2048 -nodes -keyout {key} -out {cert} -days 1 -subj /CN=dpmix"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    both = {
        f"tls_{who}_{what}": path
        for who in ("client", "scheduler", "worker")
        for what, path in (("key", key), ("cert", cert))
    }
    return distributed.Security(tls_ca_file=cert, require_encryption=True, **both)


def test_a_cluster_with_tls_takes_the_users_security(undisturbed, tmp_path):
    security = keys_for_the_occasion(tmp_path)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", security=security, protocol="tls"
        ) as cluster,
        distributed.Client(cluster, security=security) as client,
    ):
        assert client.scheduler.address.startswith("tls://")
        assert all(worker.startswith("tls://") for worker in client.scheduler_info()["workers"])
        sampled(executor=client, out=tmp_path / "run")
    assert_same_bits(tmp_path / "run", undisturbed)
