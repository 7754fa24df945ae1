"""Images in a packed file: the draws of the same images in memory, wherever rows are read from."""

import gc
import os
import tempfile

import numpy as np
import pytest

import dpmix
from dpmix.base import file_rows
from dpmix.base.errors import InputError, RunError
from dpmix.base.file_rows import FileRows
from dpmix.datasets import PackedFile
from dpmix.sampling import dask_input
from dpmix.sampling.dask_crew import DaskCrew
from support.sharded_runs import GIVEN
from support.shell import assert_same_bits

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

N, SHAPE = 9_000, (4, 5)
X = (np.random.default_rng(1).random((N, 20)) < 0.1) ^ np.random.default_rng(2).integers(0, 2, (8, 20))[
    np.arange(N) % 8
].astype(bool)
RUN = {**GIVEN, "chains": 1, "sweeps": 4, "thin": 1}


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    path = tmp_path_factory.mktemp("packed") / "x.npy"
    np.save(path, np.packbits(X, axis=1, bitorder="little"))
    return PackedFile(path, SHAPE)


@pytest.fixture(scope="module")
def in_memory(tmp_path_factory):
    folder = tmp_path_factory.mktemp("memory") / "run"
    dpmix.sample(dpmix.datasets.Images(X.astype(np.uint8), shape=SHAPE), jobs=1, out=folder, **RUN)
    return folder


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def nothing_held(monkeypatch):
    """As if any table were a large one; how many bytes of rows are read at once at most."""
    read, real = [0], FileRows._read

    def noted(rows, first, last):
        read[0] = max(read[0], (last - first) * rows.shape[1])
        return real(rows, first, last)

    monkeypatch.setattr(file_rows, "HELD_BYTES", 0)
    monkeypatch.setattr(FileRows, "_read", noted)
    return read


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("large", [False, True])
def test_the_draws_are_those_of_images_in_memory(packed, in_memory, jobs, large, tmp_path, request):
    if large:
        request.getfixturevalue("nothing_held")
    posterior = dpmix.sample(packed, jobs=jobs, out=tmp_path / "run", **RUN)
    assert_same_bits(tmp_path / "run", in_memory)
    assert isinstance(posterior.table.packed, FileRows) == large
    if large:
        assert posterior.table.packed.path == tmp_path / "run" / "data.npy"
        dpmix.resume(tmp_path / "run", sweeps=6, jobs=jobs, progress=False)


@pytest.mark.slow
def test_workers_of_a_cluster_read_the_file(packed, in_memory, client, tmp_path, monkeypatch):
    """And not that of the run folder, which they need not see."""
    asked, real = [], DaskCrew._spread

    def spread(crew, table, path):
        asked.append(path)
        return real(crew, table, path)

    monkeypatch.setattr(DaskCrew, "_spread", spread)
    dpmix.sample(packed, executor=client, out=tmp_path / "run", **RUN)
    assert asked == [str(packed.path)]
    assert_same_bits(tmp_path / "run", in_memory)


def test_ordinary_chains_take_a_packed_file(packed):
    given = {**RUN, "shards": 1, "sweeps": 2, "jobs": 1}
    found = dpmix.sample(packed, **given)
    wanted = dpmix.sample(X.astype(np.uint8), **given)
    np.testing.assert_array_equal(found.labels, wanted.labels)
    assert found.image_shape == SHAPE


@pytest.mark.slow
def test_a_path_that_workers_cannot_read_is_refused_by_name(packed, client, tmp_path, monkeypatch):
    there = packed.path.rename(packed.path.with_name("moved.npy"))
    try:
        gone = PackedFile(there, SHAPE)
        gone.path = packed.path  # as on a machine where it is not
        with pytest.raises(InputError, match=r"worker tcp://\S+ cannot read \S+x.npy: No such file"):
            dpmix.sample(gone, executor=client, out=tmp_path / "run", **RUN)
    finally:
        there.rename(packed.path)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_worker_that_sees_another_file_is_named(packed, client, monkeypatch, tmp_path):
    np.save(tmp_path / "short.npy", np.zeros((7, 3), np.uint8))
    other = PackedFile(tmp_path / "short.npy", SHAPE)
    other.shape = packed.shape
    with pytest.raises(InputError, match=r"worker tcp://\S+ cannot read \S+short.npy: \(7, 3\)"):
        dpmix.sample(other, executor=client, **RUN)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"observed": np.ones(20, bool)}, "observed cannot be given for a PackedFile"),
        ({"labels": np.zeros(N, int)}, "labels cannot be given for a PackedFile"),
        ({"shards": N + 1}, "shards must be between 1 and 9000"),
    ],
)
def test_bad_arguments_are_named(packed, changes, told):
    with pytest.raises(InputError, match=told):
        dpmix.sample(packed, **{**RUN, **changes})


def test_bits_beyond_the_pixels_are_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.full((5, 3), 255, np.uint8))
    with pytest.raises(RunError, match="bits beyond the last pixel are set"):
        dpmix.sample(PackedFile(tmp_path / "x.npy", SHAPE), **{**RUN, "init": "one"})


@pytest.mark.slow
def test_the_program_never_holds_a_dask_array(client, in_memory, nothing_held, tmp_path, monkeypatch):
    """Neither in blocks from the workers, of which few are under way, nor in rows of the file."""
    monkeypatch.setattr(dask_input, "_BYTES_AT_ONCE", 3 * 500)
    under_way, real = [], client.gather
    monkeypatch.setattr(client, "gather", lambda some: under_way.append(len(some)) or real(some))
    monkeypatch.setattr("dpmix.model.table._BLOCK_BYTES", 3 * 1000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    x = da.from_array(X.reshape(N, 20), chunks=(500, -1))
    posterior = dpmix.sample(x, executor=client, **RUN)
    assert under_way == [1] * 18
    assert nothing_held[0] <= 3 * 4096 < posterior.table.packed.nbytes / 2  # a block of the pass
    wanted = dpmix.load(in_memory)
    np.testing.assert_array_equal(posterior.records[0].state.z, wanted.records[0].state.z)
    posterior.save(tmp_path / "saved")
    folder = posterior.table.packed.path.parent
    assert folder.parent == tmp_path and folder.exists()
    del posterior
    gc.collect()
    assert not folder.exists()
    assert dpmix.load(tmp_path / "saved").table.digest == wanted.table.digest


def test_no_temporary_file_is_left_of_blocks_that_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    x = da.from_array(X[:100] + np.uint8(1), chunks=(50, -1))
    with pytest.raises(InputError, match="block [01] of x must contain only 0 and 1"):
        dpmix.sample(x, **RUN)
    assert not os.listdir(tmp_path)
