"""A checksum that is right tells nothing about who made a file: every value of a run is looked at."""

import shutil

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError
from dpmix.chain.record import FIGURES
from dpmix.posterior.load import load
from dpmix.store.run_folder import RunFolder
from support.forgery import forge_chain, forge_facts
from support.small_runs import assert_same_posterior


@pytest.fixture(scope="module")
def learned():
    """A run in which everything is learned, with gaps and labels."""
    digits = dpmix.datasets.load_digits(classes=[0, 1, 2])[:35]
    seen = np.random.default_rng(0).random(digits.x.shape) < 0.9
    return dpmix.sample(
        digits,
        observed=seen,
        labels=digits.y,
        chains=2,
        sweeps=8,
        seed=1,
        init="random:4",
        jobs=1,
        progress=False,
    )


@pytest.fixture(scope="module")
def saved_once(learned, tmp_path_factory):
    path = tmp_path_factory.mktemp("forged") / "run"
    learned.save(path)
    return path


@pytest.fixture
def run(saved_once, tmp_path):
    shutil.copytree(saved_once, tmp_path / "run")
    return tmp_path / "run"


def last(value):
    """A function that puts `value` at the end of a copy."""

    def change(values):
        values = values.copy()
        values[..., -1] = value
        return values

    return change


def with_gap(labels):
    """Labels of which the largest is one larger."""
    return np.where(labels == labels.max(), labels.max() + 1, labels).astype(labels.dtype)


def upside_down(labels):
    """The same clusters, numbered from the smallest to the largest."""
    return (labels.max(axis=1, keepdims=True) - labels).astype(labels.dtype)


def of_the_last(change):
    """A function that changes the last row of a copy."""

    def changed(values):
        values = values.copy()
        values[-1] = change(values[-1])
        return values

    return changed


def regrouped(labels):
    """Other clusters of the same sizes: the images in another order."""
    return np.roll(labels, 1, axis=-1)


FORGERIES = [
    ("state.z", with_gap),
    ("state.z", lambda z: z - 1),
    ("state.z", lambda z: np.zeros_like(z)),  # fewer clusters than the trace ends with
    ("state.z", regrouped),
    ("state.alpha", lambda alpha: np.float64(1e300)),
    ("state.alpha", lambda alpha: np.float64(np.nan)),
    ("state.alpha", lambda alpha: alpha * 2),
    ("state.a", last(0.0)),
    ("state.a", last(np.inf)),
    ("state.a", last(1e7)),
    ("state.b", last(-1.0)),
    ("state.b", last(np.nan)),
    ("state.b", last(0.5)),  # fine by itself, but not what the last draw has
    ("state.generator", lambda words: words * np.uint64(2)),
    ("state.generator", last(1 << 40)),
    ("kept.labels", with_gap),
    ("kept.labels", lambda labels: np.zeros_like(labels)),
    ("kept.labels", upside_down),
    ("kept.labels", of_the_last(regrouped)),
    ("kept.labels", lambda labels: labels.astype(np.int32) - 1),
    ("kept.labels", lambda labels: labels.astype(np.int64)),
    ("kept.alpha", last(1e300)),
    ("kept.alpha", last(0.5)),
    ("kept.a", lambda a: a * np.nan),
    ("kept.a", lambda a: a * 0),
    ("kept.b", lambda b: b * 1e12),
    ("trace.n_clusters", last(10**6)),
    ("trace.n_clusters", last(-1)),
    ("trace.n_clusters", lambda k: k + 1),
    ("trace.n_moved", last(10**6)),
    ("trace.alpha", last(np.nan)),
    ("trace.alpha", last(1e300)),
    ("trace.alpha", lambda alpha: alpha[::-1]),
    ("trace.split_accepted", lambda n: n + 10**6),
    ("sweeps", lambda sweeps: sweeps + 1),
    ("chain", lambda chain: chain + 1),
    ("chain", lambda chain: np.float64(chain)),
    ("run", lambda run: np.array(str(run)[:-1])),
    ("run", lambda run: np.array([str(run)])),
    ("run", lambda run: np.array("x" * 10_000)),
    ("extra", lambda nothing: np.zeros(3)),
]
FORGERIES += [(f"trace.{name}", last(np.nan)) for name, dtype in FIGURES.items() if dtype == "f8"]
FORGERIES += [(f"trace.{name}", last(-1)) for name in FIGURES if name != "log_joint"]


@pytest.mark.parametrize(("name", "change"), FORGERIES, ids=[name for name, _ in FORGERIES])
def test_a_forged_chain_is_refused_by_name(run, name, change):
    forge_chain(run / "chain-001.npz", **{name: change(0) if name == "extra" else change})
    with pytest.raises(RunError, match=r"chain-001\.npz"):
        load(run)


def test_every_array_of_a_chain_is_among_the_forgeries(run):
    with np.load(run / "chain-001.npz") as archive:
        assert set(archive.files) <= {name for name, _ in FORGERIES}


def test_every_array_must_be_there_and_of_its_form(run):
    before = (run / "chain-001.npz").read_bytes()
    with np.load(run / "chain-001.npz") as archive:
        names = archive.files
    for name in names:
        for change in (lambda values: None, lambda values: values.astype("O"), lambda values: values[None]):
            (run / "chain-001.npz").write_bytes(before)
            forge_chain(run / "chain-001.npz", **{name: change})
            with pytest.raises(RunError, match=rf"chain-001\.npz is not a chain .*{name.split('.')[-1]}"):
                load(run)


def test_a_fixed_prior_fixes_the_chain(small_posterior, tmp_path):
    small_posterior.save(tmp_path / "run")
    for name in ("state.a", "kept.b"):
        small_posterior.save(tmp_path / "run", overwrite=True)
        forge_chain(tmp_path / "run" / "chain-000.npz", **{name: lambda values: values * 1.5})
        with pytest.raises(RunError, match=f"{name} must be what the prior fixes"):
            load(tmp_path / "run")


def test_what_is_not_changed_still_loads(run, learned):
    forge_chain(run / "chain-001.npz")
    forge_facts(run / "run.json", lambda facts: None)
    assert_same_posterior(load(run), learned)


def put(*path):
    """A change of run.json: the last word is the new value of what the others lead to."""
    *keys, last_key, value = path

    def change(facts):
        for key in keys:
            facts = facts[key]
        facts[last_key] = value

    change.path = ".".join(map(str, path))[:40]
    return change


FACTS = [
    put("chains", 10**18),
    put("chains", 3.0),
    put("chains", True),
    put("sweeps", 4),  # fewer than the chains have
    put("burn_in", -1),
    put("thin", 10**30),
    put("seed", -1),
    put("seed", [1]),
    put("init", [0] * 35),
    put("init", "seeds"),
    put("init", "seeds:36"),
    put("init", "random:4x"),
    put("init", {}),
    put("schedule", "split_merge", -1),
    put("schedule", "pixel_step", 0),
    put("schedule", "more", 1),
    put("schedule", []),
    put("prior", "alpha", 1e300),
    put("prior", "alpha", "1"),
    put("prior", "a", {"gamma": [1]}),
    put("prior", "a", {"gamma": [1, 0]}),
    put("prior", "b", [1.0] * 63),
    put("prior", "c", -1),
    put("run", 7),
    put("run", "x" * 1000),
    put("dpmix", None),
    put("dpmix", ["0.1.0"]),
    put("created", {}),
    put("data", "n", 10**18),
    put("data", "n", 34),
    put("data", "d", 10**12),
    put("data", "shape", [8]),
    put("data", "shape", [64, 1.0]),
    put("data", "masked", 1),
    put("data", "masked", False),
    put("data", "n_classes", 10**9),
    put("data", "n_classes", 4),
    put("data", "digest", None),
]


@pytest.mark.parametrize("change", FACTS, ids=lambda change: change.path)
def test_forged_facts_are_refused(run, change):
    forge_facts(run / "run.json", change)
    with pytest.raises(RunError, match=r"run\.json|data\.npy|chain-00\d\.npz"):
        load(run)
    with pytest.raises(RunError):
        RunFolder.open(run, write=True).read_chains()


def forge_table(run, change):
    """Change the bits of data.npy, and let run.json know their digest."""
    table = RunFolder.open(run).table
    packed = table.packed.copy()
    change(packed, table.width)
    header = (run / "data.npy").read_bytes()[: -packed.size]
    (run / "data.npy").write_bytes(header + packed.tobytes())
    from dpmix.model.table import BinaryTable

    forged = BinaryTable(packed, table.d, table.shape, table.masked, table.n_classes)
    forge_facts(run / "run.json", lambda facts: facts["data"].update(digest=forged.digest))


def test_forged_bits_of_the_images_are_refused(run):
    def on_where_not_observed(packed, width):
        packed[3, 0] = 255
        packed[3, width] = 0

    def another_class(packed, width):
        packed[3, -1] = 7

    for change, what in ((on_where_not_observed, "are on that are not observed"), (another_class, "labels")):
        content = {name: (run / name).read_bytes() for name in ("run.json", "data.npy")}
        forge_table(run, change)
        with pytest.raises(RunError, match=rf"data\.npy .*{what}"):
            load(run)
        for name, before in content.items():
            (run / name).write_bytes(before)


def test_the_images_are_written_again_where_they_were_cut_meanwhile(run, learned):
    """Whoever writes to a run still has its images: nothing is lost, and nothing crashes."""
    with RunFolder.open(run, write=True) as folder:
        with open(run / "data.npy", "r+b") as file:
            file.truncate(100)
        folder.write_chain(1, folder.read_chain(1))
    assert_same_posterior(load(run), learned)


def test_folders_with_the_names_of_our_files_are_left_alone(run, learned):
    for name in ("chain-007.npz", ".run.json.0123abcd.part", "pictures"):
        (run / name).mkdir()
        (run / name / "mine").touch()
    with RunFolder.open(run, write=True) as folder:
        folder.write_chain(1, folder.read_chain(1))
    assert_same_posterior(load(run), learned)
    learned.save(run, overwrite=True)
    assert (run / "chain-007.npz" / "mine").exists() and (run / ".run.json.0123abcd.part" / "mine").exists()
