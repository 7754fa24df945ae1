"""The run folder: what is written comes back exactly, whatever happens to the process that writes."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dpmix.base import files
from dpmix.base.errors import InputError, RunError
from dpmix.chain.plan import Plan
from dpmix.chain.record import ChainRecord, Draws
from dpmix.chain.segment import run_segment
from dpmix.model.prior import Prior
from dpmix.posterior.load import load
from dpmix.store import run_folder
from dpmix.store.run_folder import RunFolder
from support.small_runs import (
    assert_same_posterior,
    assert_same_record,
    make_plan,
    make_posterior,
    make_table,
    run_chain,
)

REPOSITORY = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture(scope="module")
def posterior(small_posterior):
    return small_posterior


@pytest.fixture
def saved(posterior, tmp_path):
    posterior.save(tmp_path / "run")
    return tmp_path / "run"


def test_a_saved_posterior_comes_back_bit_for_bit(saved, posterior):
    again = load(saved)
    assert_same_posterior(again, posterior)
    np.testing.assert_array_equal(again.log_joint, posterior.log_joint)
    assert type(again.table.packed) is np.ndarray, "what is mapped is gone when somebody cuts the file"
    with pytest.raises(ValueError, match="read-only"):
        again.table.packed[0, 0] = 0


def test_a_chain_goes_on_from_the_folder_as_if_it_had_never_stopped(saved, posterior):
    folder = RunFolder.open(saved)
    plan = posterior.plan.lengthened(10)
    record = folder.read_chain(1)
    state, later = run_segment(folder.table, plan, record.state, record.sweeps, 4)
    through = run_chain(posterior.table, plan, 1, 10)
    for draws in (later, record.draws, through.draws):
        for name in [name for name in draws.trace if name.endswith("seconds")]:
            draws.trace[name] = 0 * draws.trace[name]
    assert_same_record(ChainRecord(state, record.draws.followed_by(later)), through)


def test_the_files_are_what_other_tools_expect(saved, posterior):
    np.testing.assert_array_equal(
        np.load(saved / "data.npy", allow_pickle=False), posterior.table.packed, strict=True
    )
    np.testing.assert_array_equal(np.load(saved / "data.npy", mmap_mode="r"), posterior.table.packed)
    with np.load(saved / "chain-000.npz", allow_pickle=False) as archive:
        np.testing.assert_array_equal(archive["kept.labels"], posterior.labels[0])
        assert archive["sweeps"] == 6
    facts = json.loads((saved / "run.json").read_text())
    assert facts["data"] == {
        "n": 7,
        "d": 11,
        "shape": [1, 11],
        "masked": False,
        "n_classes": 0,
        "digest": posterior.table.digest,
    }
    assert (facts["prior"]["a"], facts["prior"]["b"]) == (posterior.plan.prior.a.tolist(), 1e-3)
    assert facts["chains"] == 2 and facts["seed"] == 5 and facts["created"].endswith("+00:00")
    assert len((saved / "run.json").read_text().splitlines()) < 40, "arrays stand on one line"


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=4), st.floats(1e-6, 1e6))
def test_plan_and_prior_survive_json_exactly(a, alpha):
    plan = make_plan(prior=Prior(alpha, np.array(a), a[0]), seed=2**53 - 1)
    again = Plan.from_json(json.loads(json.dumps(plan.to_json())))
    assert again.to_json() == plan.to_json()
    np.testing.assert_array_equal(again.prior.a, plan.prior.a, strict=True)
    assert isinstance(again.prior.b, float) and isinstance(again.sweeps, int)


@pytest.mark.parametrize("d", [1, 7, 8, 9, 64])
def test_any_number_of_pixels_and_one_image(tmp_path, d):
    table, plan = make_table(1, d), make_plan(prior=Prior(), chains=1)
    with RunFolder.create(tmp_path / "run", table, plan) as folder:
        folder.write_chain(0, run_chain(table, plan, 0, 6))
    np.testing.assert_array_equal(load(tmp_path / "run").table.dense(), table.dense())


def test_labels_of_32_bits_come_back_as_such(saved, posterior):
    record = posterior.records[0]
    kept = {**record.draws.kept, "labels": record.draws.kept["labels"].astype(np.int32)}
    wide = ChainRecord(record.state, Draws(record.draws.trace, kept))
    with RunFolder.open(saved, write=True) as folder:
        folder.write_chain(0, wide)
        assert_same_record(folder.read_chain(0), wide)


# --- runs that are not finished ---


def test_a_run_without_a_segment_says_so_and_one_in_burn_in_loads(tmp_path):
    table, plan = make_table(), make_plan()
    with RunFolder.create(tmp_path / "run", table, plan) as folder:
        assert folder.read_chain(0) is None
        with pytest.raises(RunError, match="no chain has finished its first segment"):
            load(tmp_path / "run")
        for chain_ix in range(2):
            folder.write_chain(chain_ix, run_chain(table, plan, chain_ix, 0))
        assert folder.read_chain(1).sweeps == 0
        with pytest.raises(RunError, match="no chain has finished its first segment"):
            load(tmp_path / "run")
        for chain_ix in range(2):
            folder.write_chain(chain_ix, run_chain(table, plan, chain_ix, 1 + chain_ix))
    early = load(tmp_path / "run")
    assert early.labels.shape == (2, 0, 7) and early.trace["log_joint"].shape == (2, 1)
    early.save(tmp_path / "copy")
    assert_same_posterior(load(tmp_path / "copy"), early)


def test_a_lengthened_plan_is_kept(saved, posterior):
    with RunFolder.open(saved, write=True) as folder:
        created = folder.created
        folder.set_plan(folder.plan.lengthened(50))
        with pytest.raises(AssertionError, match="only the sweeps"):
            folder.set_plan(replace(folder.plan, seed=1))
    again = RunFolder.open(saved)
    assert again.plan.sweeps == 50 and again.created == created
    assert_same_record(again.read_chain(0), posterior.records[0])


# --- places that cannot be written ---


def test_what_exists_is_not_overwritten_unasked(saved, posterior, tmp_path):
    with pytest.raises(InputError, match="holds a run already; .* overwrite=True"):
        RunFolder.create(saved, posterior.table, posterior.plan)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "data.npy").write_text("x")
    for overwrite in (False, True):
        with pytest.raises(InputError, match="is a file"):
            RunFolder.create(tmp_path / "file", posterior.table, posterior.plan, overwrite=overwrite)
        with pytest.raises(InputError, match=r"other things in it \(data\.npy"):
            RunFolder.create(tmp_path / "folder", posterior.table, posterior.plan, overwrite=overwrite)
        with pytest.raises(InputError, match="no folder .*missing; create it first"):
            RunFolder.create(
                tmp_path / "missing" / "run", posterior.table, posterior.plan, overwrite=overwrite
            )
        with pytest.raises(InputError, match="is not a|no folder"):
            RunFolder.create(tmp_path / "file" / "run", posterior.table, posterior.plan, overwrite=overwrite)
    assert os.listdir(tmp_path / "folder") == ["data.npy"]
    assert_same_posterior(load(saved), posterior)


def test_overwriting_replaces_the_run_and_leaves_other_files(saved, posterior):
    (saved / "clusters.png").write_bytes(b"picture")
    (saved / ".run.json.0123abcd.part").write_bytes(b"leftover")
    table, plan = make_table(3, 4), make_plan(prior=Prior(), chains=1)
    with RunFolder.create(saved, table, plan, overwrite=True) as folder:
        assert folder.table.digest == table.digest and folder.read_chain(0) is None
    assert sorted(os.listdir(saved)) == [".lock", "clusters.png", "data.npy", "run.json"]
    posterior.save(saved, overwrite=True)
    assert_same_posterior(load(saved), posterior)
    load(saved).save(saved, overwrite=True)
    assert_same_posterior(load(saved), posterior)


def test_a_damaged_run_can_be_overwritten(saved, posterior):
    (saved / "run.json").write_bytes((saved / "run.json").read_bytes()[:200])
    posterior.save(saved, overwrite=True)
    assert_same_posterior(load(saved), posterior)


def test_an_empty_folder_is_used_and_a_killed_beginning_counts_as_empty(posterior, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".lock").touch()
    (tmp_path / "run" / ".data.npy.0123abcd.part").write_bytes(b"leftover")
    posterior.save(tmp_path / "run")
    assert_same_posterior(load(tmp_path / "run"), posterior)


def test_too_little_room_is_said_before_anything_is_written(saved, posterior, tmp_path, monkeypatch):
    usage = run_folder.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(run_folder.shutil, "disk_usage", lambda path: usage._replace(free=1_200_000))
    huge = make_plan(sweeps=100_000)
    with pytest.raises(RunError, match=r"needs room for .* MB, and 1\.2 MB are free"):
        RunFolder.create(tmp_path / "new", posterior.table, huge)
    assert not (tmp_path / "new").exists()
    with RunFolder.open(saved, write=True) as folder:
        with pytest.raises(RunError, match="needs room"):
            folder.set_plan(huge)
        assert folder.plan.sweeps == 6
    with pytest.raises(RunError, match="needs room"):
        RunFolder.create(saved, posterior.table, huge, overwrite=True)
    assert_same_posterior(load(saved), posterior)


def no_space(descriptor):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_what_was_there(saved, posterior, tmp_path, monkeypatch):
    before = sorted(os.listdir(saved))
    with RunFolder.open(saved, write=True) as folder:
        monkeypatch.setattr(files.os, "fsync", no_space)
        longer = make_plan(sweeps=9)
        for write in (lambda: folder.write_chain(0, posterior.records[1]), lambda: folder.set_plan(longer)):
            with pytest.raises(
                RunError, match=r"cannot write .*No space left .* is kept; .* dpmix\.resume\('"
            ):
                write()
        assert folder.plan.sweeps == 6
    with pytest.raises(RunError, match="No space left"):
        posterior.save(saved, overwrite=True)
    with pytest.raises(RunError, match="No space left"):
        posterior.save(tmp_path / "new")
    assert not (tmp_path / "new").exists() and sorted(os.listdir(saved)) == before
    assert_same_posterior(load(saved), posterior)


@posix
def test_a_write_that_breaks_off_in_the_middle_leaves_what_was_there(saved, posterior):
    import resource

    with RunFolder.open(saved, write=True) as folder:
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(RunError, match="too large"):
                folder.write_chain(0, posterior.records[1])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        folder.write_chain(1, posterior.records[1])
    assert not [name for name in os.listdir(saved) if files.is_leftover(name)]
    assert_same_posterior(load(saved), posterior)


@posix
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_can_still_be_read(saved, posterior):
    saved.chmod(0o500)
    try:
        assert_same_posterior(load(saved), posterior)
        with pytest.raises(RunError, match="cannot write"):
            RunFolder.open(saved, write=True)
        with pytest.raises(RunError, match="cannot write"):
            RunFolder.create(saved / "below", posterior.table, posterior.plan)
    finally:
        saved.chmod(0o700)


# --- several processes ---


def test_a_second_writer_is_refused_and_readers_are_not(saved, posterior):
    with RunFolder.open(saved, write=True):
        for write in (
            lambda: RunFolder.open(saved, write=True),
            lambda: posterior.save(saved, overwrite=True),
        ):
            with pytest.raises(RunError, match="in use"):
                write()
        assert_same_posterior(load(saved), posterior)
    RunFolder.open(saved, write=True).close()
    folder = RunFolder.open(saved)
    with pytest.raises(AssertionError, match="for writing first"):
        folder.write_chain(0, posterior.records[0])


def test_opening_for_writing_clears_what_killed_writers_left(saved):
    leftover, mine = saved / ".chain-001.npz.0123abcd.part", saved / ".notes.part"
    for path in (leftover, mine):
        path.write_bytes(b"x")
    RunFolder.open(saved)
    assert leftover.exists()
    RunFolder.open(saved, write=True).close()
    assert mine.exists() and not leftover.exists()


WRITER = """
import os, sys, time
from dpmix.store.run_folder import RunFolder
folder = RunFolder.open(sys.argv[1], write=True)
if sys.argv[2] == "fork":
    child = os.fork()
    if not child:
        time.sleep(60)
        os._exit(0)
    print(child, flush=True)
records = [folder.read_chain(0), folder.read_chain(1)]
print("ready", flush=True)
while True:
    for chain_ix, record in enumerate(records):
        folder.write_chain(chain_ix, record)
"""


def start_writer(path, how):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), how], stdout=subprocess.PIPE, cwd=REPOSITORY
    )


@posix
@pytest.mark.slow
def test_a_writer_killed_at_any_moment_leaves_a_whole_run(saved, posterior):
    delays = np.random.default_rng(3).uniform(0, 0.05, 3)
    for delay in delays:
        with start_writer(saved, "write") as writer:
            assert writer.stdout.readline() == b"ready\n"
            with pytest.raises(RunError, match="in use"):
                RunFolder.open(saved, write=True)
            for _ in range(5):
                assert_same_posterior(load(saved), posterior)
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        assert_same_posterior(load(saved), posterior)
        RunFolder.open(saved, write=True).close()
        assert not [name for name in os.listdir(saved) if files.is_leftover(name)]


@posix
def test_a_forked_child_does_not_hold_the_lock_of_a_killed_parent(saved):
    with start_writer(saved, "fork") as writer:
        child = int(writer.stdout.readline())
        try:
            assert writer.stdout.readline() == b"ready\n"
            writer.send_signal(signal.SIGKILL)
            writer.wait()
            RunFolder.open(saved, write=True).close()
        finally:
            os.kill(child, signal.SIGKILL)


@posix
@pytest.mark.parametrize("fate", ["moved", "removed", "lock removed", "replaced"])
def test_a_writer_writes_only_into_the_folder_it_locked(posterior, saved, tmp_path, fate):
    with RunFolder.open(saved, write=True) as folder:
        if fate == "lock removed":
            (saved / ".lock").unlink()
        else:
            saved.rename(tmp_path / "elsewhere")
        if fate == "removed":
            shutil.rmtree(tmp_path / "elsewhere")
        if fate == "replaced":
            other = make_posterior(seed=77)
            other.save(saved)
        before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        for write in (
            lambda: folder.write_chain(0, posterior.records[1]),
            lambda: folder.set_plan(make_plan(sweeps=9)),
        ):
            with pytest.raises(RunError, match="moved, removed or replaced"):
                write()
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    if fate == "replaced":
        assert_same_posterior(load(saved), other)


@posix
def test_a_folder_replaced_while_a_file_is_written_is_noticed(posterior, saved, tmp_path):
    def write(file, *arguments):
        saved.rename(tmp_path / "elsewhere")
        make_posterior(seed=77).save(saved)
        file.write(b"never to be seen")

    with RunFolder.open(saved, write=True) as folder:
        with pytest.raises(RunError, match="moved, removed or replaced"):
            folder._lock.replace_files({"chain-000.npz": write})
    assert_same_posterior(load(tmp_path / "elsewhere"), posterior)
    assert not [path for path in tmp_path.rglob("*.part")]
