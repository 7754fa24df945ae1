"""Commands about partitions: the point estimate, its pictures, and known labels."""

import csv
import json

import numpy as np
import pytest

import dpmix
from dpmix.cli import main
from dpmix.cli.wording import in_shell_words
from dpmix.partitions import cluster_members
from support.shell import is_one_error, program

CLASSES = ("--labels", "digits", "--classes", "0,1")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Digits of two classes, of which the run has learnt no labels."""
    folder = tmp_path_factory.mktemp("partitions") / "run"
    posterior = dpmix.sample(
        dpmix.datasets.load_digits(classes=[0, 1]), chains=2, sweeps=20, seed=1, jobs=1, progress=False
    )
    posterior.save(folder)
    return str(folder)


@pytest.fixture(scope="module")
def labelled_run(tmp_path_factory):
    """The same digits; the labels of every other one have been learnt."""
    folder = tmp_path_factory.mktemp("partitions") / "run"
    images = dpmix.datasets.load_digits(classes=[0, 1])
    y = np.where(np.arange(len(images)) % 2, images.y, -1)
    dpmix.sample(images, labels=y, chains=1, sweeps=10, seed=1, jobs=1, progress=False).save(folder)
    return str(folder)


def asked(capsys, *words):
    capsys.readouterr()
    assert main(list(map(str, words))) == 0
    return capsys.readouterr().out


def refused(capsys, *words):
    capsys.readouterr()
    assert main(list(map(str, words))) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err)
    return shown.err


def test_partition_is_the_point_estimate(run, capsys):
    found = json.loads(asked(capsys, "partition", run, "--json", *CLASSES))
    posterior, y = dpmix.load(run), dpmix.datasets.load_digits(classes=[0, 1]).y
    estimate = dpmix.partitions.point_estimate(posterior)
    ball = dpmix.partitions.credible_ball(posterior, estimate)
    members = cluster_members(posterior, estimate)
    expected = {"n": 360, "n_clusters": estimate.n_clusters, "loss": "vi", "unit": "nats", "draws": 20}
    expected |= {"expected_loss": estimate.expected_loss, "found_from": estimate.found_from}
    k = np.sort(posterior.n_clusters, axis=None).tolist()
    expected |= {"draw_clusters": {"least": k[0], "median": k[10], "most": k[-1]}, "max_clusters": k[10]}
    expected |= {"free": {"n_clusters": estimate.free_clusters, "expected_loss": estimate.free_loss}}
    expected |= {
        "alone": int(np.sum(estimate.sizes == 1)),
        "notes": list(map(in_shell_words, estimate.notes)),
    }
    assert expected.items() <= found.items()
    assert (
        found["ball"]["radius"] == ball.radius
        and found["ball"]["upper"]["n_clusters"] == ball.upper.n_clusters
    )
    assert found["confidence"] == pytest.approx(members.confidence.mean())
    assert found["unsure"] == np.sum(members.confidence < 0.5)
    assert [cluster["size"] for cluster in found["clusters"]] == estimate.sizes.tolist()
    assert found["clusters"][0]["typical"] == members.typical[0].tolist()
    agreement = dpmix.partitions.compare_labels(estimate, y)
    assert found["labels"] == {"n": 360, **vars(agreement)}


def test_partition_as_text(run, capsys):
    told = asked(capsys, "partition", run, "--most", 3, "--level", 0.5, *CLASSES)
    estimate = dpmix.partitions.point_estimate(dpmix.load(run))
    assert told.startswith(f"partition   360 images in {estimate.n_clusters} clusters")
    assert f"variation of information {estimate.expected_loss:.4g} nats" in told
    agreement = dpmix.partitions.compare_labels(estimate, dpmix.datasets.load_digits(classes=[0, 1]).y)
    assert f"ari {agreement.ari:.3f}" in told and f"purity {agreement.purity:.3f}" in told
    table = told.partition("\n\n")[2].splitlines()
    assert [line.split()[:2] for line in table[1:4]] == [[f"{k}", f"{estimate.sizes[k]}"] for k in range(3)]
    assert table[4] == f"+ {estimate.n_clusters - 3} smaller clusters with {estimate.sizes[3:].sum()} images"
    k = dpmix.load(run).n_clusters
    assert f"The draws have {k.min()} to {k.max()} clusters, the median draw" in " ".join(told.split())
    told = asked(capsys, "partition", run, "--most", 0, "--loss", "binder", "--draws", 5)
    assert "Binder's loss" in told and "the mean over 20 draws, 5 of them searched" in told
    assert "labels" not in told and "cluster  images" not in told


def test_number_of_clusters_may_be_bounded(run, capsys):
    told = " ".join(asked(capsys, "partition", run, "--max-clusters", 2).split())
    assert told.startswith("partition 360 images in 2 clusters;")
    assert "The estimate was allowed 2; with " in told and "--max-clusters K allows more" in told
    wider = json.loads(asked(capsys, "partition", run, "--max-clusters", 360, "--json"))
    assert wider["max_clusters"] == 360 and wider["n_clusters"] == wider["free"]["n_clusters"]
    assert "must be at least 1" in refused(capsys, "partition", run, "--max-clusters", 0)


def test_bound_is_for_the_point_estimate(run, tmp_path, capsys):
    np.save(tmp_path / "p.npy", np.zeros(360, int))
    words = ("--partition", tmp_path / "p.npy", "--max-clusters", 3)
    assert "--max-clusters is for the point estimate" in refused(
        capsys, "plot", run, "gallery", "-o", tmp_path / "g.png", *words
    )


def test_partition_is_written(run, tmp_path, capsys):
    estimate = dpmix.partitions.point_estimate(dpmix.load(run))
    for name in ("p.npy", "p.npz", "p.csv"):
        asked(capsys, "partition", run, "-o", tmp_path / name, *CLASSES)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), estimate.labels)
    with np.load(tmp_path / "p.npz") as arrays:
        np.testing.assert_array_equal(arrays["labels"], estimate.labels)
        np.testing.assert_array_equal(
            arrays["confidence"], dpmix.partitions.confidence(dpmix.load(run), estimate)
        )
    with open(tmp_path / "p.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["cluster"]) for row in rows] == estimate.labels.tolist()
    assert [int(row["label"]) for row in rows] == dpmix.datasets.load_digits(classes=[0, 1]).y.tolist()
    assert "--overwrite" in refused(capsys, "partition", run, "-o", tmp_path / "p.csv")
    asked(capsys, "partition", run, "-o", tmp_path / "p.csv", "--overwrite")
    assert (tmp_path / "p.csv").read_text().startswith("image,cluster,confidence\n0,")


def test_labels_that_the_run_has_learnt(labelled_run, tmp_path, capsys):
    found = json.loads(asked(capsys, "partition", labelled_run, "--json", "-o", tmp_path / "p.csv"))
    posterior = dpmix.load(labelled_run)
    y = posterior.table.classes
    agreement = dpmix.partitions.compare_labels(
        dpmix.partitions.point_estimate(posterior).labels[y >= 0], y[y >= 0]
    )
    assert found["labels"] == {"n": 180, **vars(agreement)}
    lines = (tmp_path / "p.csv").read_text().splitlines()[1:]
    assert [line.rpartition(",")[2] for line in lines[:4]] == [
        "" if label < 0 else str(label) for label in y[:4]
    ]
    assert main(["plot", labelled_run, "contingency", "-o", str(tmp_path / "c.png")]) == 0
    assert "labels are known for 180 of 360 images" in capsys.readouterr().err


def test_clusters_keep_their_numbers_where_labels_are_not_known(labelled_run, tmp_path, monkeypatch):
    """Those of the partition, also where no member of a cluster has a known label."""
    y = dpmix.load(labelled_run).table.classes
    partition = np.where(y < 0, 0, 1 + np.arange(len(y)) // 2 % 2)
    np.save(tmp_path / "p.npy", partition)
    drawn, draw = [], dpmix.plot.contingency
    monkeypatch.setattr(
        dpmix.plot,
        "contingency",
        lambda *words, **options: drawn.append(draw(*words, **options)) or drawn[-1],
    )
    words = ["plot", labelled_run, "contingency", "-o", tmp_path / "c.svg", "--partition", tmp_path / "p.npy"]
    assert main(list(map(str, words))) == 0
    assert sorted(text.get_text() for text in drawn[0].texts[-3:-1]) == ["1", "2"]
    assert drawn[0].get_title(loc="left") == "2 clusters of 180 images against 2 known labels"


def test_one_number_of_clusters_is_no_range(tmp_path, capsys):
    dpmix.sample(np.ones((1, 4), np.uint8), chains=1, sweeps=4, seed=0, progress=False).save(tmp_path / "run")
    assert "they have 1 cluster\n" in asked(capsys, "partition", tmp_path / "run")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["gallery", "similarity", "contingency"])
def test_pictures(run, tmp_path, what):
    """By the program itself, which needs no display; with a partition that was written before, no search."""
    picture, partition = tmp_path / "picture.png", tmp_path / "partition.npz"
    words = ["plot", run, what, "-o", picture, *(CLASSES if what == "contingency" else ())]
    done = program(*words, "--most", "5")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    first = picture.read_bytes()
    assert first.startswith(b"\x89PNG")
    estimate = dpmix.partitions.point_estimate(dpmix.load(run))
    np.savez(partition, labels=estimate.labels, confidence=np.zeros(360))
    assert main([*map(str, words), "--most", "5", "--partition", str(partition), "--overwrite"]) == 0
    assert picture.read_bytes() == first
    np.save(tmp_path / "other.npy", np.arange(360) % 3)
    assert (
        main([*map(str, words), "--most", "5", "--partition", str(tmp_path / "other.npy"), "--overwrite"])
        == 0
    )
    assert picture.read_bytes() != first


def test_pictures_are_those_of_the_library(run, tmp_path, monkeypatch):
    asked_for = {}
    for what in ("similarity", "gallery", "contingency"):
        monkeypatch.setattr(
            dpmix.plot,
            what,
            lambda *words, what=what, **options: (
                asked_for.update({what: (words, options)}) or dpmix.plot.trace(dpmix.load(run))
            ),
        )
        labels = CLASSES if what == "contingency" else ()
        assert (
            main(["plot", run, what, "-o", str(tmp_path / f"{what}.svg"), "--loss", "binder", *labels]) == 0
        )
    estimate = dpmix.partitions.point_estimate(dpmix.load(run), "binder").labels
    for what in ("similarity", "gallery"):
        np.testing.assert_array_equal(asked_for[what][0][1].labels, estimate)
    np.testing.assert_array_equal(asked_for["contingency"][0][0].labels, estimate)
    np.testing.assert_array_equal(
        asked_for["contingency"][0][1], dpmix.datasets.load_digits(classes=[0, 1]).y
    )


def test_names_of_labels_and_labels_from_files(run, tmp_path, capsys):
    """Folders name their labels; an array of labels has -1 where there is none; a table brings its y."""
    images = dpmix.datasets.load_digits(classes=[0, 1])
    y = images.y.copy()
    y[:5] = -1
    np.save(tmp_path / "y.npy", y)
    np.savez(tmp_path / "table.npz", x=np.where(images.x, 0.7, np.nan), y=images.y)
    for name, n in (("y.npy", 355), ("table.npz", 360)):
        found = json.loads(asked(capsys, "partition", run, "--json", "--labels", tmp_path / name))["labels"]
        labels = dpmix.partitions.point_estimate(dpmix.load(run)).labels
        assert found == {
            "n": n,
            **vars(dpmix.partitions.compare_labels(labels[360 - n :], images.y[360 - n :])),
        }
