"""Counts of draws that somebody made up, checksum and all: every value is looked at, as those of labels are."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError, WorkerError
from dpmix.chain.kept import COUNTS
from dpmix.chain.schedule import Schedule
from dpmix.sampling import sharded
from dpmix.sharding import rounds
from support.forgery import forge_chain

N = 35


def sampled(**changes):
    """A run in which everything is learned, with gaps and labels."""
    digits = dpmix.datasets.load_digits(classes=[0, 1, 2])[:N]
    seen = np.random.default_rng(0).random(digits.x.shape) < 0.9
    given = {"chains": 1, "sweeps": 8, "seed": 1, "init": "random:4", "jobs": 1, "progress": False}
    return dpmix.sample(digits, observed=seen, labels=digits.y, keep="counts", **{**given, **changes})


@pytest.fixture(scope="module")
def saved_once(tmp_path_factory):
    path = tmp_path_factory.mktemp("forged") / "run"
    sampled(out=path)
    return path


@pytest.fixture
def run(saved_once, tmp_path):
    shutil.copytree(saved_once, tmp_path / "run")
    return tmp_path / "run"


def at(place, change):
    """A function that changes one value of a copy."""

    def changed(values):
        values = values.copy()
        values[place] = change(values[place])
        return values

    return changed


def shifted(values):
    """One more in the first cluster, one less in the next where there is one to take."""
    values = values.copy()
    column = np.flatnonzero(values[1] > 0)[0]
    values[0, column] += 1
    values[1, column] -= 1
    return values


MOST = np.iinfo(np.int64).max
FORGED = [
    ("n_clusters", at(0, lambda k: k + 1), "is of length"),
    ("n_clusters", at(0, lambda k: MOST), "is of length"),
    ("n_clusters", at(0, lambda k: -1), "is of length"),
    ("n_clusters", lambda k: k[::-1] if k[0] != k[-1] else k + 1, "n_clusters|is of length"),
    ("n_clusters", lambda k: k.astype(float), "kept.n_clusters.* is float64"),
    ("sizes", lambda sizes: sizes[::-1], "kept.sizes must hold images in every cluster, in order of size"),
    ("sizes", at(0, lambda size: size + 1), "kept.sizes must add up to those of all images"),
    ("sizes", at(0, lambda size: MOST), "kept.(sizes|gaps|ones|classes)"),
    ("sizes", at(-1, lambda size: 0), "kept.sizes must hold images in every cluster"),
    ("sizes", at(-1, lambda size: -1), "kept.sizes must hold images in every cluster"),
    ("ones", at((0, 0), lambda one: -1), "kept.ones must lie between 0 and the images observed"),
    ("ones", at((0, 0), lambda one: N + 1), "kept.ones must lie between 0 and the images observed"),
    ("ones", at((-1, 0), lambda one: 2**31 - 1), "kept.ones must lie between 0 and the images observed"),
    ("ones", lambda ones: np.where(ones > 0, ones - 1, 0).astype(np.int32), "kept.ones must add up"),
    ("ones", lambda ones: ones[:, :-1], "kept.ones"),
    ("ones", lambda ones: ones[:-1], "kept.ones is of length"),
    ("ones", lambda ones: ones.astype(np.int64), "kept.ones.* is int64"),
    ("gaps", at((0, 0), lambda gap: -1), "kept.gaps must lie between 0 and the sizes"),
    ("gaps", at((0, 0), lambda gap: 2**31 - 1), "kept.gaps must lie between 0 and the sizes"),
    ("gaps", lambda gaps: gaps * 0, "kept.gaps must add up"),
    ("classes", at((0, 0), lambda labelled: N + 1), "kept.classes must lie between"),
    ("classes", at((0, 0), lambda labelled: -1), "kept.classes must lie between"),
    ("classes", lambda classes: classes * 0, "kept.classes must add up"),
    ("alpha", lambda alpha: alpha[::-1] * 2, "kept.alpha"),
    ("a", at((-1, 0), lambda a: a * 2), "kept.a must end with that of the state"),
]


@pytest.mark.parametrize(
    ("name", "change", "told"), FORGED, ids=[f"{ix}-{row[0]}" for ix, row in enumerate(FORGED)]
)
def test_no_value_is_believed(run, name, change, told):
    forge_chain(run / "chain-000.npz", **{f"kept.{name}": change})
    with pytest.raises(RunError, match=told):
        dpmix.load(run)


def test_draws_must_end_where_the_chain_stands(run):
    """Sizes of the last draw that are possible, but not those of the clusters of the state."""
    path, key = run / "chain-000.npz", "state.z"
    forge_chain(path, **{key: lambda z: z.max() - z})
    dpmix.load(run)  # clusters may have any numbers
    forge_chain(path, **{key: lambda z: np.where(np.arange(N) == np.argmax(z), 0, z).astype(z.dtype)})
    with pytest.raises(RunError, match="must end with|without gaps"):
        dpmix.load(run)


@pytest.mark.parametrize("missing", COUNTS)
def test_no_array_may_be_missing(run, missing):
    forge_chain(run / "chain-000.npz", **{f"kept.{missing}": None})
    with pytest.raises(RunError, match=f"it lacks kept.{missing}"):
        dpmix.load(run)


def test_labels_have_no_place_among_counts(run):
    forge_chain(run / "chain-000.npz", **{"kept.labels": np.zeros((4, N), np.uint16)})
    with pytest.raises(RunError, match="kept.labels.* is not one of the arrays"):
        dpmix.load(run)


@pytest.mark.parametrize("name", COUNTS)
def test_rounds_of_an_executor_are_looked_at_too(name, monkeypatch):
    """Counts within a round come from shards as they told them."""

    def forged(table, job):
        end = rounds.on_rows(table, job)
        kept = getattr(end, "kept", {})
        for sweep, counts in kept.items():
            kept[sweep] = counts._replace(**{name: getattr(counts, name) + 1})
        return end

    monkeypatch.setattr(sharded, "on_rows", forged)
    given = {
        "shards": 2,
        "burn_in": 0,
        "thin": 1,
        "schedule": Schedule(3, 3, 2, round_sweeps=4),
        "jobs": None,
    }
    with ThreadPoolExecutor(1) as threads, pytest.raises(WorkerError, match="makes no round: .*kept."):
        sampled(executor=threads, **given)
