"""Names in the run folder: kept, given back, and looked at before they are believed."""

import hashlib
import json

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError
from dpmix.store.description import facts_writer, read_facts
from dpmix.tables.columns import Columns

QUICK = {"chains": 1, "sweeps": 4, "seed": 0, "jobs": 1, "progress": False}
ODD = ['[a] {b} "c" \\', "dé\n", "=1+1", "\udcff", "x" * 1000, "'"]


@pytest.fixture
def run(tmp_path):
    """A run folder of a table with odd names."""
    x = np.random.default_rng(0).integers(0, 2, (20, len(ODD)))
    columns = Columns(ODD, {name: ("ja", "nein") for name in ODD})
    images = dpmix.Images(x, names=[f'{k} "[{{' for k in range(20)], columns=columns)
    dpmix.sample(images, out=tmp_path / "run", **QUICK)
    return tmp_path / "run"


def test_names_come_back(run):
    posterior = dpmix.load(run)
    assert posterior.columns == Columns(ODD, {name: ("ja", "nein") for name in ODD})
    assert posterior.names[3] == '3 "[{'
    assert (
        dpmix.resume(run, sweeps=6, **{k: QUICK[k] for k in ("jobs", "progress")}).columns
        == posterior.columns
    )
    posterior.save(run.parent / "copy")
    assert dpmix.load(run.parent / "copy").names == posterior.names
    assert json.loads((run / "names.json").read_bytes())["columns"]["names"] == ODD


def test_a_run_without_names_has_no_file(tmp_path, run):
    x = np.eye(6, dtype=int)
    dpmix.sample(x, out=tmp_path / "plain", **QUICK)
    assert not (tmp_path / "plain" / "names.json").exists()
    assert "names" not in read_facts(tmp_path / "plain" / "run.json")["data"]  # as it was written before
    dpmix.sample(x, out=run, overwrite=True, **QUICK)
    assert not (run / "names.json").exists() and dpmix.load(run).columns is None


def test_names_of_pictures_are_kept(tmp_path):
    images = dpmix.Images(np.eye(4, dtype=int), names=["a.png", "b.png", "c.png", "d.png"])
    dpmix.sample(images, out=tmp_path / "run", **QUICK)
    posterior = dpmix.load(tmp_path / "run")
    assert posterior.names == images.names and posterior.columns is None and posterior.image_shape == (2, 2)


def forged(run, change):
    """Put other names in the folder, with the right digest in run.json."""
    fields = json.loads((run / "names.json").read_bytes())
    content = change(fields) or json.dumps(fields).encode()
    (run / "names.json").write_bytes(content)
    facts = read_facts(run / "run.json")
    facts["data"]["names"] = hashlib.sha256(content).hexdigest()
    with open(run / "run.json", "wb") as file:
        facts_writer(facts)(file)


FORGED = {
    "other names": lambda f: f["columns"]["names"].pop(),
    "a name twice": lambda f: f["columns"]["names"].__setitem__(0, ODD[1]),
    "a number": lambda f: f["columns"]["names"].__setitem__(0, 3),
    "a long name": lambda f: f["columns"]["names"].__setitem__(0, "x" * 1001),
    "values of no column": lambda f: f["columns"]["values"].update(z=["a", "b"]),
    "three values": lambda f: f["columns"]["values"].update({ODD[1]: ["a", "b", "c"]}),
    "rows that are missing": lambda f: f["rows"].pop(),
    "rows that are lists": lambda f: f["rows"].__setitem__(0, [1]),
    "rows that are no list": lambda f: f.update(rows={"0": "a"}),
    "columns that are a text": lambda f: f.update(columns="abc"),
    "another format": lambda f: f.update(format="dpmix"),
    "a list": lambda f: b"[]",
    "no JSON": lambda f: b"{",
    "deep lists": lambda f: b"[" * 200_000,
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_names_are_refused(run, case):
    def change(fields):
        content = FORGED[case](fields)
        return content if isinstance(content, bytes) else None

    forged(run, change)
    with pytest.raises(RunError, match="names.json"):
        dpmix.load(run)


def test_damaged_and_missing_names_are_refused(run):
    content = (run / "names.json").read_bytes()
    (run / "names.json").write_bytes(content.replace(b"ja", b"je", 1))
    with pytest.raises(RunError, match="names.json is damaged, or holds other names"):
        dpmix.load(run)
    (run / "names.json").unlink()
    with pytest.raises(RunError, match="names.json is missing"):
        dpmix.load(run)
