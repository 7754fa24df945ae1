"""What a day at the shell needs: help that is found, words that were meant, rows, priors, new images, completion."""

import csv
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import dpmix
from dpmix.cli import main
from dpmix.store.run_folder import RunFolder
from support.shell import environment, is_one_error, program


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the run of the first 300 digits, chosen by rows, with a prior, a schedule and one chain."""
    folder = tmp_path_factory.mktemp("everyday")
    words = "--chains 1 --sweeps 20 --seed 1 --quiet --alpha gamma(2,1) --a 0.5 --schedule split-merge=5,pixel-step=2"
    assert main(["fit", "digits[:300]", "-o", str(folder / "run"), *words.split()]) == 0
    return folder


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return str(folder / "run")


# Help, and words that were meant.


def test_no_word_shows_help_and_does_nothing():
    alone, asked = program(), program("--help")
    assert (alone.returncode, asked.returncode) == (2, 0)
    assert alone.stdout == asked.stdout and alone.stderr == ""


def test_help_is_a_word_too(capsys):
    assert main(["help", "fit"]) == 0
    told = capsys.readouterr().out
    assert main(["fit", "--help"]) == 0
    assert told == capsys.readouterr().out
    assert main(["help"]) == 0
    assert capsys.readouterr().out.startswith("usage: dpmix COMMAND")


def test_help_lists_each_command_once_in_its_group(capsys):
    main(["--help"])
    told = capsys.readouterr().out.split("\n\n")
    groups = {part.split(":")[0]: [line.split()[0] for line in part.splitlines()[1:]] for part in told[3:8]}
    assert list(groups) == ["get started", "runs", "queries", "partitions", "features"]
    listed = [command for commands in groups.values() for command in commands]
    assert len(listed) == len(set(listed)) == 19
    assert {"assign", "profile"} <= set(groups["partitions"]) and {"sample", "denoise"} <= set(
        groups["queries"]
    )


@pytest.mark.parametrize(
    "words, said, after",
    [
        ("fti", "no command 'fti'; did you mean 'fit'?", "dpmix"),
        ("partitoin run", "did you mean 'partition'?", "dpmix"),
        ("help fti", "did you mean 'fit'?", "dpmix"),
        ("zzz", "no command 'zzz'; see", "dpmix"),
        ("fit digits -o r --chain 2", "--chain 2; did you mean '--chains'?", "dpmix fit"),
        ("fit digits --sweps=3", "did you mean '--sweeps'?", "dpmix fit"),
        ("complete r digits -o a.png --hid top", "did you mean '--hide'?", "dpmix complete"),
        ("info run --qqq", "unrecognized arguments: --qqq; see", "dpmix info"),
        ("info run too many", "unrecognized arguments: too many; see", "dpmix info"),
    ],
)
def test_what_was_meant(words, said, after, capsys):
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert told.out == "" and is_one_error(told.err)
    assert said in told.err and told.err.endswith(f"see '{after} --help'\n")


def test_the_shell_completes_words(tmp_path):
    pytest.importorskip("argcomplete")
    line = "dpmix partiti"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "9"}
    asked |= {"_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "words"), "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    command = [sys.executable, "-m", "dpmix"]
    subprocess.run(command, env=environment() | asked, capture_output=True, timeout=60, check=True)
    assert (tmp_path / "words").read_text() == "partition"
    with open(os.path.join(os.path.dirname(dpmix.__file__), "__main__.py")) as file:
        assert "PYTHON_ARGCOMPLETE_OK" in file.read(1024)


# Rows, priors, ink on white.


def test_a_run_of_rows_with_a_prior_and_a_schedule(run):
    posterior = dpmix.load(run)
    assert posterior.table.n == 300
    np.testing.assert_array_equal(posterior.table.dense(), dpmix.datasets.load_digits().x[:300])
    assert posterior.plan.prior.alpha == dpmix.Gamma(2, 1) and posterior.plan.prior.a == 0.5
    assert posterior.plan.schedule == dpmix.Schedule(split_merge=5, pixel_step=2)


def test_the_labels_of_the_same_rows(run, capsys):
    assert main(["partition", run, "--labels", "digits[:300]", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"]["n"] == 300


@pytest.mark.parametrize("load", ["load", "load_grey", "load_observed"])
def test_rows_are_those_of_the_source(load):
    load = getattr(dpmix.datasets, load)

    def x(source, *classes):
        found = load(source, *classes)
        return (found[0] if isinstance(found, tuple) else found).x

    np.testing.assert_array_equal(x("digits[2:7]"), x("digits")[2:7])
    np.testing.assert_array_equal(x("digits[-3:]"), x("digits")[-3:])
    y = dpmix.datasets.load_digits().y[:50]
    np.testing.assert_array_equal(x("digits[:50]", [3]), x("digits")[:50][y == 3])
    for source, said in [("digits[5:5]", "none of 1,797"), ("digits[7]", "A:B"), ("digits[a:b]", "A:B")]:
        with pytest.raises(dpmix.InputError, match=said):
            load(source)


def test_a_file_whose_name_looks_like_rows_is_that_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a[0:1].npy", np.eye(4, dtype=np.uint8))
    np.save("a[0:1]", np.eye(3, dtype=np.uint8))
    os.rename("a[0:1].npy", "b[0:1]")
    assert len(dpmix.datasets.load("b[0:1]")) == len(dpmix.datasets.load("./b[0:1]"))
    assert len(dpmix.datasets.load("b[0:1][0:2]")) == 2


def test_ink_on_white(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir("ink")
    for name in ("a", "b"):
        Image.fromarray(np.where(np.eye(4), 0, 255).astype(np.uint8)).save(f"ink/{name}.png")
    words = ["--chains", "1", "--sweeps", "2", "--seed", "1", "--quiet"]
    assert main(["fit", "ink", "-o", "run", "--invert", *words]) == 0
    np.testing.assert_array_equal(dpmix.load("run").table.dense()[0].reshape(4, 4), np.eye(4))
    gaps = np.array([[0, 1, np.nan], [1, 1, 0]])
    np.save("gaps.npy", gaps)
    assert main(["fit", "gaps.npy", "-o", "gaps", "--invert", *words]) == 0
    table = RunFolder.open("gaps").table
    np.testing.assert_array_equal(table.dense() & table.observed(), [[1, 0, 0], [0, 0, 1]])


# New images.


def read(name):
    with open(name, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_new_images_come_into_the_clusters_of_the_partition(run, capsys):
    assert main(["partition", run, "-o", "partition.npz"]) == 0
    assert main(["assign", run, "digits[:300]", "-o", "old.csv"]) == 0
    rows, labels = read("old.csv"), np.load("partition.npz")["labels"]
    assert [int(row["image"]) for row in rows] == list(range(300))
    clusters = np.array([int(row["cluster"]) for row in rows])
    assert (clusters == labels).mean() > 0.9  # an image is taken for a new one here
    assert all(0 <= float(row["probability"]) + float(row["new"]) <= 1 + 2e-6 for row in rows)
    expected = dpmix.log_predictive(dpmix.load(run), dpmix.datasets.load_digits().x[:300])
    np.testing.assert_allclose([float(row["log_predictive"]) for row in rows], expected, atol=1e-3)


def test_odd_ones_come_first(run):
    blank = np.ones((1, 64), np.uint8)
    np.save("new.npy", np.concatenate([dpmix.datasets.load_digits().x[300:310], blank]))
    assert main(["assign", run, "new.npy", "--odd-first", "-o", "new.csv"]) == 0
    rows = read("new.csv")
    assert rows[0]["image"] == "10"
    values = [float(row["log_predictive"]) for row in rows]
    assert values == sorted(values)


def test_clusters_keep_the_numbers_of_a_partition_from_a_file(run):
    labels = np.where(np.arange(300) < 200, 7, 40)
    np.save("mine.npy", labels)
    assert main(["assign", run, "digits[:300]", "--partition", "mine.npy", "-o", "mine.csv"]) == 0
    assert {row["cluster"] for row in read("mine.csv")} <= {"7", "40"}


def test_names_of_pictures_come_out(run):
    os.mkdir("new")
    for k in range(2):
        Image.fromarray(dpmix.datasets.load_digits().x[k].reshape(8, 8) * np.uint8(255)).save(f"new/{k}.png")
    assert main(["assign", run, "new", "-o", "new.csv"]) == 0
    assert [row["name"] for row in read("new.csv")] == ["0.png", "1.png"]


def test_new_images_are_drawn(run):
    assert main(["sample", run, "--size", "5", "--seed", "3", "-o", "new.npy"]) == 0
    assert main(["sample", run, "--size", "5", "--seed", "3", "-o", "again.npy"]) == 0
    x = np.load("new.npy")
    assert x.shape == (5, 64) and set(np.unique(x)) == {0, 1}
    np.testing.assert_array_equal(x, np.load("again.npy"))
    assert main(["sample", run, "-o", "new.png"]) == 0
    with Image.open("new.png") as picture:
        assert picture.size[0] > 100


def test_noise_is_taken_away(run):
    clean = dpmix.datasets.load_digits().x[300:340]
    noise = dpmix.datasets.MaskingNoise(0.3, 0.05)
    noisy = dpmix.datasets.corrupt(clean, noise, seed=0)
    np.save("noisy.npy", noisy)
    words = ["--noise", "0.3,0.05", "--rows", ":", "--probabilities", "clean.npy", "-o", "clean.png"]
    assert main(["denoise", run, "noisy.npy", *words]) == 0
    proba = np.load("clean.npy")
    np.testing.assert_allclose(proba, dpmix.denoise(dpmix.load(run), noisy, *noise.flip_rates), atol=1e-9)
    assert ((proba > 0.5) != clean).mean() < (noisy != clean).mean()
    assert os.path.getsize("clean.png") > 1000


def test_what_is_filled_in_as_json(run, capsys):
    assert main(["complete", run, "digits[300:]", "--hide", "top", "--rows", "5:7", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], found["d"]) == (2, 64) and [each["image"] for each in found["images"]] == [5, 6]
    proba = dpmix.predict_proba(dpmix.load(run), dpmix.datasets.load_digits().x[305:307], np.arange(64) >= 32)
    for each, p in zip(found["images"], proba, strict=True):
        assert each["hidden"] == list(range(32))
        np.testing.assert_allclose(each["probabilities"], p[:32], atol=1e-9)


def test_each_image_has_its_own_hidden_pixels_in_json(run, capsys):
    x = dpmix.datasets.load_digits().x[300:303].astype(float)
    x[0, 5] = x[2, 7] = x[2, 60] = np.nan
    np.save("gaps.npy", x)
    assert main(["complete", run, "gaps.npy", "--json"]) == 0
    assert [each["hidden"] for each in json.loads(capsys.readouterr().out)["images"]] == [[5], [], [7, 60]]
