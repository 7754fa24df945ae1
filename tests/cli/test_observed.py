"""Commands with pixels that are not observed, by NaN or by a mask: the same answers as in Python."""

import json

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError
from dpmix.cli import main
from dpmix.datasets import load_observed

FIT = ("--chains", "1", "--sweeps", "6", "--seed", "3", "--quiet")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A folder with one table in three forms: with NaN, whole with a mask, and the mask as 0 and 1 by picture."""
    folder, rng = tmp_path_factory.mktemp("observed"), np.random.default_rng(0)
    images = dpmix.datasets.load_digits(classes=[0, 1])[:60]
    seen = rng.random(images.x.shape) < 0.8
    seen[0] = True
    np.savez(folder / "nan.npz", x=np.where(seen, images.x, np.nan).reshape(-1, 8, 8), y=images.y)
    np.savez(folder / "whole.npz", x=images.x, y=images.y)
    np.save(folder / "mask.npy", seen)
    np.save(folder / "picture.npy", seen.reshape(-1, 8, 8).astype(np.uint8))
    return folder, images, seen


@pytest.fixture(scope="module")
def run(table):
    folder, images, seen = table
    posterior = dpmix.sample(images, observed=seen, chains=1, sweeps=6, seed=3, progress=False)
    posterior.save(folder / "run")
    return posterior


def command(capsys, *words):
    capsys.readouterr()
    assert main(list(map(str, words))) == 0
    return capsys.readouterr()


TOLD = "not observed: {:,} of 3,840 pixels ({:.1%}), in 59 of 60 images\n"


@pytest.mark.parametrize(
    "words",
    [("nan.npz",), ("whole.npz", "--observed", "mask.npy"), ("whole.npz", "--observed", "picture.npy")],
    ids=["NaN", "mask", "picture"],
)
def test_fit_learns_from_what_is_observed(table, run, tmp_path, monkeypatch, capsys, words):
    folder, images, seen = table
    monkeypatch.chdir(folder)
    told = command(capsys, "fit", *words, "-o", tmp_path / "run", *FIT)
    assert told.err == TOLD.format((~seen).sum(), (~seen).mean())
    found = dpmix.load(tmp_path / "run")
    assert found.table.digest == run.table.digest and found.image_shape == (8, 8)
    np.testing.assert_array_equal(found.labels, run.labels)


def test_score_is_about_what_is_observed(table, run, capsys):
    folder, images, seen = table
    for words in (("nan.npz",), ("whole.npz", "--observed", folder / "mask.npy")):
        told = command(capsys, "score", folder / "run", folder / words[0], *words[1:], "--json", "--labels")
        fields = json.loads(told.out)
        assert fields["log_predictive"] == pytest.approx(dpmix.log_predictive(run, images, seen).mean())
        best = dpmix.queries.responsibilities(run, images, observed=seen).argmax(axis=1)
        assert fields["labels"]["ari"] == [pytest.approx(dpmix.partitions.compare_labels(best, images.y).ari)]
        assert told.err == TOLD.format((~seen).sum(), (~seen).mean())


def test_complete_fills_in_what_is_not_observed(table, run, tmp_path, capsys):
    folder, images, seen = table
    out = "--probabilities", tmp_path / "p.npy", "--overwrite", "--rows", "2:9"
    command(capsys, "complete", folder / "run", folder / "nan.npz", *out, "-o", tmp_path / "p.png")
    np.testing.assert_array_equal(
        np.load(tmp_path / "p.npy"), dpmix.predict_proba(run, images[2:9], seen[2:9])
    )
    shown = seen[2:9] & dpmix.datasets.masks.mask((8, 8), "left")
    command(capsys, "complete", folder / "run", folder / "nan.npz", *out, "--hide", "left")
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), dpmix.predict_proba(run, images[2:9], shown))


def test_nothing_is_told_where_all_is_observed(table, run, tmp_path, capsys):
    folder, images, _ = table
    assert command(capsys, "score", folder / "run", folder / "whole.npz").err == ""
    command(
        capsys, "complete", folder / "run", folder / "whole.npz", "--hide", "top", "-o", tmp_path / "p.png"
    )
    assert (
        main(["complete", str(folder / "run"), str(folder / "whole.npz"), "-o", str(tmp_path / "q.png")]) == 2
    )
    assert "pass --hide WHAT or --observed FILE" in capsys.readouterr().err


# Labels.


@pytest.fixture(scope="module")
def labelled_run(table):
    folder, images, seen = table
    posterior = dpmix.sample(
        images, observed=seen, labels=images.y, chains=1, sweeps=6, seed=3, progress=False
    )
    posterior.save(folder / "labelled")
    return posterior


def test_classify_sums_over_what_is_not_observed(table, labelled_run, tmp_path, capsys):
    folder, images, seen = table
    expected = dpmix.predict_labels(labelled_run, images, seen)
    for ix, words in enumerate((("nan.npz",), ("whole.npz", "--observed", folder / "mask.npy"))):
        path = tmp_path / f"{ix}.npy"
        words = (folder / words[0], *words[1:])
        told = command(capsys, "classify", folder / "labelled", *words, "--json", "--probabilities", path)
        assert json.loads(told.out)["accuracy"] == np.mean(expected.argmax(axis=1) == images.y)
        assert told.err == TOLD.format((~seen).sum(), (~seen).mean())
        np.testing.assert_array_equal(np.load(path), expected)


def test_classify_images_without_labels(table, labelled_run, tmp_path, capsys):
    folder, images, _ = table
    np.save(tmp_path / "x.npy", images.x)
    np.savez(tmp_path / "none.npz", x=images.x, y=np.full(60, -1))
    expected = dpmix.predict_labels(labelled_run, images)
    counts = np.bincount(expected.argmax(axis=1))
    for name in ("x.npy", "none.npz"):
        words = "classify", folder / "labelled", tmp_path / name
        out = "--probabilities", tmp_path / "p.npy", "--overwrite"
        found = json.loads(command(capsys, *words, *out, "--json").out)
        assert found == {"n": 60, "answers": {"0": counts[0], "1": counts[1]}}
        np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), expected)
        told = command(capsys, *words, *out).out.split()
        assert told == ["label", "images", "0", str(counts[0]), "1", str(counts[1])]
        for bad in ((), (*out, "-o", tmp_path / "p.png")):
            assert main(list(map(str, (*words, *bad)))) == 2
            assert "no labels to compare with" in capsys.readouterr().err


def test_labels_that_are_not_known_are_left_out(table, labelled_run, tmp_path, capsys):
    folder, images, _ = table
    known = np.arange(60) % 3 > 0
    np.savez(tmp_path / "some.npz", x=images.x, y=np.where(known, images.y, -1))
    told = command(capsys, "classify", folder / "labelled", tmp_path / "some.npz", "--json")
    found, right = json.loads(told.out), dpmix.predict_labels(labelled_run, images).argmax(axis=1) == images.y
    assert (found["n"], found["accuracy"]) == (40, right[known].mean())
    assert told.err == "labels are known for 40 of 60 images; what follows is about these\n"
    fields = json.loads(
        command(capsys, "score", folder / "labelled", tmp_path / "some.npz", "--labels", "--json").out
    )
    best = dpmix.queries.responsibilities(labelled_run, images).argmax(axis=1)
    assert fields["labels"]["nmi"] == [dpmix.partitions.compare_labels(best[known], images.y[known]).nmi]
    assert fields["n"] == 60
    np.savez(tmp_path / "wrong.npz", x=images.x, y=np.where(known, images.y, -2))
    assert main(["classify", str(folder / "labelled"), str(tmp_path / "wrong.npz")]) == 2
    assert "or -1 where not known; found -2" in capsys.readouterr().err


def test_labels_far_beyond_those_learnt(table, labelled_run, tmp_path, capsys):
    """As many classes are never made."""
    folder, images, _ = table
    np.savez(tmp_path / "far.npz", x=images.x, y=images.y * 10**12)
    told = command(capsys, "classify", folder / "labelled", tmp_path / "far.npz").out.splitlines()
    assert told[2].split() == ["label", "0", "1", "1000000000000", "AUC"]
    assert "log loss infinite" in told[0] and len({len(line.rstrip()) for line in told[2:4]}) == 1


def test_one_label_is_no_reason_to_warn(table, labelled_run, tmp_path, capsys):
    folder, images, _ = table
    zeros = images[(images.y == 0) & (dpmix.predict_labels(labelled_run, images).argmax(axis=1) == 0)]
    np.savez(tmp_path / "zeros.npz", x=zeros.x, y=zeros.y)
    told = command(capsys, "classify", folder / "labelled", tmp_path / "zeros.npz", "-o", tmp_path / "p.png")
    assert told.err == "" and told.out.startswith("accuracy 1.0000, log loss 0.")


# The loader.


def test_load_observed(table):
    folder, images, seen = table
    for source, mask in (("nan.npz", None), ("whole.npz", "mask.npy"), ("nan.npz", "mask.npy")):
        found, known = load_observed(folder / source, observed=None if mask is None else folder / mask)
        np.testing.assert_array_equal(found.x, images.x & seen)
        np.testing.assert_array_equal(known, seen)
        assert found.image_shape == (8, 8) and found.y.tolist() == images.y.tolist()
    found, known = load_observed(folder / "nan.npz", classes=[1])
    np.testing.assert_array_equal(known, seen[images.y == 1])
    assert (found.y == 1).all() and len(found) == (images.y == 1).sum()


def test_one_mask_for_all_images_of_any_source(tmp_path):
    left = dpmix.datasets.masks.mask((8, 8), "right")
    for name, mask in (("flat.npy", left), ("picture.npy", left.reshape(8, 8).astype(float))):
        np.save(tmp_path / name, mask)
        found, known = load_observed("digits", classes=[4], observed=tmp_path / name)
        assert (known == left).all() and known.shape == found.x.shape
        np.testing.assert_array_equal(found.x, dpmix.datasets.load_digits(classes=[4]).x & left)


@pytest.mark.parametrize("other", [-9, 255, np.inf, np.nan])
def test_what_a_mask_leaves_out_may_be_any_number(table, other):
    folder, images, seen = table
    x = np.where(seen, images.x, np.float64(other) if np.isinf(other) or np.isnan(other) else np.int16(other))
    np.save(folder / "other.npy", x.reshape(-1, 8, 8))
    found, known = load_observed(folder / "other.npy", observed=folder / "mask.npy")
    np.testing.assert_array_equal(found.x, images.x & seen)
    np.testing.assert_array_equal(known, seen)


def test_whole_images_come_as_they_are(tmp_path):
    np.save(tmp_path / "grey.npy", np.array([[0.2, 0.9, np.nan]]))
    images, known = load_observed("digits")
    assert known is None and len(images) == 1797
    images, known = load_observed(tmp_path / "grey.npy", threshold=-1.0)
    assert images.x.tolist() == [[1, 1, 0]] and known.tolist() == [[True, True, False]]


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        (np.ones(5, bool), r"mask.npy: must have shape \(1797, 64\).*or \(64,\); got \(5,\)"),
        (np.ones((3, 64), bool), r"got \(3, 64\)"),
        (np.full(64, 0.5), "True or 1 where a pixel is observed"),
        (np.full(64, np.nan), "True or 1 where a pixel is observed"),
    ],
)
def test_wrong_masks(tmp_path, mask, text):
    np.save(tmp_path / "mask.npy", mask)
    with pytest.raises(InputError, match=text):
        load_observed("digits", observed=tmp_path / "mask.npy")


def test_a_wrong_mask_of_an_array(table, tmp_path):
    folder = table[0]
    np.save(tmp_path / "mask.npy", np.ones((60, 8, 7), bool))
    with pytest.raises(InputError, match=r"mask.npy: must have shape \(60, 64\).*got \(60, 8, 7\)"):
        load_observed(folder / "whole.npz", observed=tmp_path / "mask.npy")


def test_values_other_than_0_1_and_nan(tmp_path):
    np.save(tmp_path / "x.npy", np.array([[0, 1, np.nan], [1, np.inf, 0]]))
    with pytest.raises(InputError, match=r"x.npy: x must contain only 0 and 1; found inf at row 1, column 1"):
        load_observed(tmp_path / "x.npy")
    with pytest.raises(InputError, match="nothing.*no file or folder|no file or folder.*nothing"):
        load_observed("nothing")
