"""A run folder that is damaged, foreign or made up is refused, naming the file; no number is ever wrong."""

import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dpmix.base.errors import InputTypeError, RunError
from dpmix.chain.plan import Plan
from dpmix.model.table import BinaryTable
from dpmix.posterior.load import load
from dpmix.store import chain_file, description
from dpmix.store.run_folder import RunFolder
from support.small_runs import (
    assert_same_posterior,
    assert_same_record,
    make_plan,
    make_table,
)


@pytest.fixture(scope="module")
def posterior(small_posterior):
    return small_posterior


@pytest.fixture
def saved(posterior, tmp_path):
    posterior.save(tmp_path / "run")
    return tmp_path / "run"


def flips(path, bits):
    """Flip bits of the file at `path`, one at a time; bits(at) are those of byte `at`. The file ends as it was."""
    content = path.read_bytes()
    with open(path, "r+b", buffering=0) as file:
        for at, byte in enumerate(content):
            for changed in [*(byte ^ 1 << bit for bit in bits(at)), byte]:
                file.seek(at)
                file.write(bytes([changed]))
                if changed != byte:
                    yield at


def test_no_flipped_bit_of_a_chain_goes_unnoticed(saved, posterior):
    folder = RunFolder.open(saved)
    for _ in flips(saved / "chain-001.npz", lambda at: [at % 8]):
        with pytest.raises(RunError, match=r"chain-001\.npz is damaged"):
            folder.read_chain(1)
    assert_same_record(folder.read_chain(1), posterior.records[1])


def test_no_flipped_bit_of_the_images_goes_unnoticed(saved, posterior):
    for _ in flips(saved / "data.npy", lambda at: [at % 8]):
        with pytest.raises(RunError, match=r"data\.npy is damaged"):
            RunFolder.open(saved)
    assert_same_posterior(load(saved), posterior)


def test_a_flipped_bit_of_run_json_is_noticed_or_changes_nothing(saved, posterior):
    path, unnoticed = saved / "run.json", []
    for at in flips(path, lambda at: range(8)):
        try:
            facts = description.read_facts(path)
        except RunError as error:
            assert "run.json" in str(error)
        else:
            unnoticed.append(at)
            assert Plan.from_json(facts).to_json() == posterior.plan.to_json()
            assert facts["data"]["digest"] == posterior.table.digest
    assert len(unnoticed) < 0.02 * 8 * path.stat().st_size, "all but the last digits of long numbers matter"
    assert_same_posterior(load(saved), posterior)


@pytest.mark.parametrize("name", ["run.json", "data.npy", "chain-000.npz"])
def test_no_cut_or_added_tail_goes_unnoticed(saved, posterior, name):
    content = (saved / name).read_bytes()
    lengths = sorted({*range(0, len(content), 37), *range(len(content) - 70, len(content))})
    for changed in [*(content[:length] for length in lengths), content + b"\0", content + content]:
        (saved / name).write_bytes(changed)
        if name == "run.json" and changed == content[:-1]:
            assert_same_posterior(load(saved), posterior)  # only the last line feed is gone
            continue
        with pytest.raises(RunError, match=name.replace(".", r"\.")):
            load(saved)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_bytes_in_any_file_are_noticed(posterior, tmp_path_factory, data):
    path = tmp_path_factory.mktemp("fuzz") / "run"
    posterior.save(path)
    name = data.draw(st.sampled_from(["run.json", "data.npy", "chain-000.npz"]))
    content = bytearray((path / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=20))
    (path / name).write_bytes(content)
    try:
        again = load(path)
    except RunError as error:
        assert name in str(error)
    else:
        assert_same_posterior(again, posterior)


def test_a_chain_of_another_run_or_place_is_refused(saved, posterior, tmp_path):
    posterior.save(tmp_path / "other")
    mine = (saved / "chain-000.npz").read_bytes()
    (saved / "chain-000.npz").write_bytes((tmp_path / "other" / "chain-000.npz").read_bytes())
    with pytest.raises(RunError, match=r"chain-000\.npz belongs to another run"):
        load(saved)
    (saved / "chain-000.npz").write_bytes((saved / "chain-001.npz").read_bytes())
    with pytest.raises(RunError, match="belongs to another chain: to 1, not to 0"):
        load(saved)
    (saved / "chain-000.npz").write_bytes(mine)
    assert_same_posterior(load(saved), posterior)


def test_images_of_another_run_are_refused(saved, tmp_path):
    RunFolder.create(tmp_path / "other", make_table(seed=1), make_plan()).close()
    (saved / "data.npy").write_bytes((tmp_path / "other" / "data.npy").read_bytes())
    with pytest.raises(RunError, match=r"data\.npy is damaged, or holds other data: its digest"):
        load(saved)


@pytest.mark.parametrize("name", ["run.json", "data.npy", "chain-001.npz"])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(RunError, match=name.replace(".", r"\.")):
        load(saved)


def test_things_that_are_no_run_folders_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "nothing", tmp_path / "file", tmp_path / "empty", tmp_path / "file" / "below"):
        for write in (False, True):
            with pytest.raises(RunError, match="not a run folder"):
                RunFolder.open(path, write=write)
    assert not os.listdir(tmp_path / "empty"), "looking leaves no trace"
    with pytest.raises(InputTypeError, match="path must be"):
        RunFolder.open(3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"format": "other"}',
        b"[" * 100_000,
        b"\xff\xfe",
        b'{"format": "dpmix run", "seed": ' + b"9" * 5000 + b"}",
    ],
)
def test_foreign_json_is_refused(saved, content):
    (saved / "run.json").write_bytes(content)
    with pytest.raises(RunError, match=r"run\.json"):
        load(saved)


def forge(path, **changes):
    """Change run.json as another program might, checksum and all."""
    facts = json.loads((path / "run.json").read_text())
    del facts["sha256"]
    with open(path / "run.json", "wb") as file:
        description.facts_writer({**facts, **changes})(file)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_other_format_versions_are_refused_by_name(saved, version):
    forge(saved, format_version=version, dpmix="9.9")
    with pytest.raises(
        RunError, match=r"run\.json has format version .* \(written by dpmix 9\.9\).* reads version 1"
    ):
        load(saved)


@pytest.mark.parametrize(
    "changes",
    [
        {"prior": {"alpha": -1.0, "a": 1.0, "b": 1.0}},
        {"prior": {"alpha": 1.0, "a": [[1.0], [1.0, 2.0]], "b": 1.0}},
        {"prior": {"alpha": 1.0, "a": [1.0, 2.0], "b": 1.0}},
        {"prior": {"gamma": 1.0}},
        {"prior": {"alpha": {"Unknown": 1}}},
        {"prior": None},
        {"chains": 0},
        {"sweeps": None},
        {"burn_in": 6},
        {"thin": "2"},
        {"init": "random:8"},
        {"init": None},
        {"data": {"n": 7}},
        {"data": []},
        {"data": {"n": 7, "d": 11, "shape": [2, 11], "digest": ""}},
        {"data": {"n": 7, "d": 0, "shape": [0], "digest": ""}},
    ],
)
def test_a_made_up_description_is_refused(saved, changes):
    forge(saved, **changes)
    with pytest.raises(RunError, match=r"run\.json does not describe a run"):
        load(saved)


def test_bits_beyond_the_last_pixel_are_refused(tmp_path):
    bits = np.array([[0b0100_0001]], np.uint8)
    with pytest.raises(RunError, match="bits beyond the last pixel"):
        RunFolder.create(tmp_path / "run", BinaryTable(bits, 6, (1, 6)), make_plan())


class Trap:
    """Sets a mark when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return setattr, (Trap, "sprung", True)


def write_arrays(path, **changes):
    """Rewrite the chain file at `path` with other arrays and a checksum that holds."""
    with np.load(path) as archive:
        arrays = {**{name: archive[name] for name in archive.files}, **changes}
    with open(path, "w+b") as file:
        with chain_file.zipfile.ZipFile(file, "w") as archive:
            archive.comment = b"0" * 64
            for name, values in arrays.items():
                with archive.open(name + ".npy", "w") as member:
                    np.lib.format.write_array(member, np.asarray(values))
        digest = chain_file._digest(file)
        file.seek(-64, os.SEEK_END)
        file.write(digest)


@pytest.mark.parametrize("member", ["state.z", "kept.labels", "run"])
def test_pickles_are_never_opened(saved, member):
    write_arrays(saved / "chain-000.npz", **{member: np.array([Trap()], object)})
    with pytest.raises(RunError, match=r"chain-000\.npz is not a chain .* pickled Python objects"):
        load(saved)
    assert not Trap.sprung


@pytest.mark.parametrize(
    ("member", "change"),
    [
        ("state.z", lambda z: z + 1),
        ("state.z", lambda z: z - 1),
        ("state.z", lambda z: z[1:]),
        ("state.z", lambda z: z.astype(float)),
        ("state.alpha", lambda alpha: -alpha),
        ("state.a", lambda a: a * np.nan),
        ("state.generator", lambda words: words[:5]),
        ("state.generator", lambda words: words * np.uint64(2)),
        ("trace.alpha", lambda trace: trace[1:]),
        ("trace.log_joint", lambda trace: trace * np.inf),
        ("kept.labels", lambda labels: labels + np.uint16(7)),
        ("kept.labels", lambda labels: labels[1:]),
        ("kept.labels", lambda labels: -labels.astype(np.int32) - 1),
        ("kept.b", lambda b: b[:, 1:]),
        ("sweeps", lambda sweeps: sweeps + 1),
        ("extra", lambda nothing: 1),
        ("chain", lambda chain: [chain, chain]),
    ],
)
def test_arrays_that_no_chain_can_have_are_refused(saved, member, change):
    with np.load(saved / "chain-000.npz") as archive:
        before = archive[member] if member in archive.files else None
    write_arrays(saved / "chain-000.npz", **{member: change(before)})
    with pytest.raises(RunError, match=r"chain-000\.npz"):
        load(saved)
