"""The commands about models, ``train``, ``encode``, ``reconstruct`` and ``classify``, and what they read."""

import json

import numpy as np
import pytest
from PIL import Image

import dpmix
from dpmix.cli import main
from dpmix.datasets import load_digits, load_grey
from support.shell import QUICK, program


@pytest.mark.slow
def test_images_are_encoded_and_clustered(tmp_path, capsys):
    """From pictures to codes to clusters that know the labels, in three commands."""
    codes, model, run = tmp_path / "codes.npz", tmp_path / "rbm.npz", tmp_path / "run"
    done = program(
        "encode", "digits", "--model", "rbm", "--layers", "24", "-o", codes, "--save", model, *QUICK[:-1]
    )
    assert done.returncode == 0, done.stderr
    assert "rbm, 64 - 24 units" in done.stdout and "codes    360 of 24 bits" in done.stdout
    assert "RBM" in done.stderr and "epoch" in done.stderr
    capsys.readouterr()
    fit = ["fit", str(codes), "-o", str(run), "--chains", "1", "--sweeps", "10", "--seed", "1", "--jobs", "1"]
    assert main([*fit, "--quiet"]) == 0
    capsys.readouterr()
    assert main(["score", str(run), str(codes), "--labels", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["labels"]["purity"][0] > 0.9
    picture = tmp_path / "clusters.png"
    assert main(["plot", str(run), "clusters", "--decode", str(model), "-o", str(picture)]) == 0
    with Image.open(picture) as drawn:
        assert drawn.size[0] > 100
    assert main(["plot", str(run), "trace", "--decode", str(model), "-o", str(tmp_path / "no.png")]) == 2
    assert "--decode is for clusters" in capsys.readouterr().err


def test_a_decoder_must_fit_the_run(models, tmp_path, capsys):
    run = tmp_path / "run"
    assert (
        main(["fit", "digits", "-o", str(run), "--chains", "1", "--sweeps", "2", "--jobs", "1", "--quiet"])
        == 0
    )
    for kind, problem in (("rbm", "64 pixels, the model"), ("classifier", "makes no codes")):
        words = [
            "plot",
            str(run),
            "clusters",
            "--decode",
            str(models / f"{kind}.npz"),
            "-o",
            str(tmp_path / "c.png"),
        ]
        assert main(words) == 2
        assert problem in capsys.readouterr().err


def test_an_autoencoder_learns_to_take_noise_away(tmp_path, capsys):
    words = ["train", "digits", "--layers", "24", "-o", str(tmp_path / "net.npz"), *QUICK]
    assert main([*words, "--model", "autoencoder", "--noise", "0.4,0.05"]) == 0
    assert dpmix.features.load(tmp_path / "net.npz").corruption == dpmix.datasets.MaskingNoise(0.4, 0.05)
    for model, noise, problem in (
        ("rbm", "0.4,0.05", "is for an autoencoder"),
        ("autoencoder", "0.4", "two shares"),
        ("autoencoder", "0.9,0.5", "f0 + f1"),
    ):
        assert main([*words, "--overwrite", "--model", model, "--noise", noise]) == 2
        assert problem in capsys.readouterr().err


def test_training_is_told_and_the_same_for_a_seed(models, tmp_path, capsys):
    words = ["train", "digits", "--model", "dbn", "--layers", "24,12", *QUICK]
    assert main([*words, "-o", str(tmp_path / "a.npz"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = {"model": "dbn", "n": 360, "shape": [8, 8], "seed": 1, "layers": [24, 12], "epochs": [20, 20]}
    assert expected.items() <= told.items()
    assert [len(history["pseudo_likelihood"]) for history in told["history"]] == [20, 20]
    mine, other = dpmix.features.load(tmp_path / "a.npz"), dpmix.features.load(models / "dbn.npz")
    for a, b in zip(mine.rbms_, other.rbms_, strict=True):
        np.testing.assert_array_equal(a.components_, b.components_)


def test_a_fresh_seed_is_shown_and_gives_the_model_again(tmp_path, capsys):
    words = ["train", "digits", "--model", "rbm", "--layers", "4", "--epochs", "1", "--quiet", "-o"]
    assert main([*words, str(tmp_path / "a.npz"), "--json"]) == 0
    seed = json.loads(capsys.readouterr().out)["seed"]
    assert main([*words, str(tmp_path / "b.npz"), "--seed", str(seed)]) == 0
    a, b = (dpmix.features.load(tmp_path / f"{name}.npz").components_ for name in "ab")
    np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind, units", [("rbm", 24), ("dbn", 12), ("autoencoder", 12)])
def test_codes_are_those_of_the_model(kind, units, models, tmp_path):
    out, path = tmp_path / "codes.npz", models / f"{kind}.npz"
    words = ["encode", "digits", "--classes", "0,1", "--model", str(path), "-o", str(out), "--overwrite"]
    assert main(words) == 0
    images, model = load_grey("digits", classes=[0, 1]), dpmix.features.load(path)
    codes = dpmix.datasets.load(out)  # zeros and ones, or it would be refused
    assert codes.x.shape == (360, units)
    np.testing.assert_array_equal(codes.x, model.set_params(codes="binary").transform(images.x))
    np.testing.assert_array_equal(codes.y, images.y)
    assert main([*words, "--codes", "probabilities"]) == 0
    kept = {"codes": "activations" if kind == "autoencoder" else "probabilities"}
    with np.load(out) as file:
        np.testing.assert_array_equal(file["x"], model.set_params(**kept).transform(images.x))


def test_codes_of_a_lower_layer(models, tmp_path):
    out = tmp_path / "codes.npz"
    words = [
        "encode",
        "digits",
        "--model",
        str(models / "dbn.npz"),
        "--layer",
        "1",
        "--binary",
        "-o",
        str(out),
    ]
    assert main(words) == 0
    up = dpmix.features.load(models / "dbn.npz").up(load_digits().x, 1)
    np.testing.assert_array_equal(dpmix.datasets.load(out).x, up > 0.5)


def test_codes_that_tell_nothing_are_warned_of(tmp_path, capsys):
    words = [
        "encode",
        "digits",
        "--model",
        "dbn",
        "--layers",
        "64,16",
        "--epochs",
        "5",
        "--seed",
        "1",
        "--learning-rate",
        "0.001",
        "--quiet",
    ]
    assert main([*words, "-o", str(tmp_path / "codes.npz")]) == 0
    told = capsys.readouterr().err
    assert told.startswith("dpmix: warning: ") and " of 16 units" in told and "--epochs" in told


def test_warnings_of_the_library_are_one_line(tmp_path, capsys):
    words = [
        "train",
        "digits",
        "--model",
        "rbm",
        "--layers",
        "16",
        "--learning-rate",
        "50",
        "--seed",
        "1",
        "--quiet",
    ]
    assert main([*words, "-o", str(tmp_path / "rbm.npz")]) == 0
    told = capsys.readouterr().err
    assert told.startswith("dpmix: warning: training diverged") and told.count("\n") == 1


@pytest.mark.parametrize("kind, n_rows", [("rbm", 2), ("dbn", 3), ("autoencoder", 2)])
def test_reconstruct(kind, n_rows, models, tmp_path, capsys):
    picture, path = tmp_path / "picture.png", models / f"{kind}.npz"
    words = ["reconstruct", str(path), "digits", "--classes", "0", "-o", str(picture), "--most", "5"]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    x, model = load_grey("digits", classes=[0]).x, dpmix.features.load(path)
    assert told["n"] == len(x) and len(told["mean_squared_error"]) == n_rows - 1
    np.testing.assert_allclose(
        told["mean_squared_error"][-1], ((model.reconstruct(x) - x) ** 2).mean(), rtol=1e-4
    )
    assert told["mean_squared_error"][-1] < x.var(axis=0).mean() + 0.02
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 100
    assert main([*words, "--overwrite"]) == 0
    assert capsys.readouterr().out.count("mean squared error") == n_rows - 1


@pytest.mark.parametrize(
    "kind, words",
    [
        ("rbm", "weights --most 5 --shape 4x16"),
        ("rbm", "fantasies --most 4 --steps 3 --seed 1"),
        ("dbn", "units --layer 1"),
        ("dbn", "fantasies --most 4 --steps 3"),
        ("dbn", "curves"),
        ("autoencoder", "units"),
        ("classifier", "weights --layer 2"),
        ("classifier", "curves"),
    ],
)
def test_probe(kind, words, models, tmp_path, capsys):
    picture = tmp_path / "picture.png"
    assert main(["probe", str(models / f"{kind}.npz"), *words.split(), "-o", str(picture)]) == 0
    with Image.open(picture) as drawn:
        assert min(drawn.size) > 100 and len(np.unique(np.asarray(drawn.convert("L")))) > 20
    assert capsys.readouterr() == ("", "")


def test_classify_by_a_model(models, tmp_path, capsys):
    """The report is that of a run; labels that the model does not know are counted as mistakes."""
    path = models / "classifier.npz"
    words = ["classify", str(path), "digits"]
    picture = tmp_path / "confusion.png"
    assert main([*words, "--json", "--classes", "0,1", "-o", str(picture)]) == 0
    found = json.loads(capsys.readouterr().out)
    images = load_grey("digits", classes=[0, 1])
    model = dpmix.features.load(path)
    assert found["accuracy"] == np.mean(model.predict(images.x) == images.y) > 0.95
    proba = model.predict_proba(images.x)[range(360), images.y]
    assert found["log_loss"] == pytest.approx(-np.log(proba).mean(), rel=1e-5)
    assert found["roc_auc"]["1"] > 0.98 and picture.stat().st_size > 1000
    assert main([*words, "--classes", "1,2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["roc_auc"]["2"] is None and found["log_loss"] is None and found["accuracy"] < 0.6
    assert np.sum(found["confusion"]) == found["n"] == 359


def test_early_stopping_and_classes_with_gaps(tmp_path, capsys):
    path = str(tmp_path / "c.npz")
    words = ["train", "digits", "--model", "classifier", "--classes", "3,5,8,9", "--layers", "16"]
    words += ["--epochs", "500", "--learning-rate", "0.1", "--early-stopping", "--seed", "0", "--quiet"]
    assert main([*words, "-o", path, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["epochs"][0] < 500 and "validation_loss" in told["history"][0]
    assert main(["classify", path, "digits", "--classes", "3,5,8,9", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["classes"] == [3, 5, 8, 9] and found["accuracy"] > 0.95


@pytest.mark.parametrize("command", ["train", "encode", "reconstruct", "probe"])
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"usage: dpmix {command}") and "examples:" in told.out and told.err == ""


# Grey values.


def test_grey_digits_are_the_binary_ones_before_they_are_cut():
    grey, binary = load_grey("digits"), load_digits()
    assert (
        grey.x.dtype == np.float32 and grey.x.min() == 0 and grey.x.max() == 1 and grey.image_shape == (8, 8)
    )
    np.testing.assert_array_equal(grey.x >= 0.5, binary.x)
    np.testing.assert_array_equal(grey.y, binary.y)


@pytest.mark.parametrize(
    "dtype, maximum, given",
    [
        (np.uint8, 255, None),
        (np.uint16, 65535, None),
        (np.float64, 1, None),
        (np.int64, 9, 9),
        (np.uint8, 100, 100),
    ],
)
def test_grey_arrays(dtype, maximum, given, tmp_path):
    share = np.random.default_rng(0).random((4, 3, 5))
    share[0, 0, 0] = 1
    values = (share * maximum).astype(dtype)
    np.savez(tmp_path / "grey.npz", x=values, y=[3, 3, 5, 5])
    images = load_grey(tmp_path / "grey.npz", classes=[5], maximum=given)
    assert images.image_shape == (3, 5) and images.y.tolist() == [5, 5]
    np.testing.assert_allclose(images.x, values[2:].reshape(2, 15) / maximum, rtol=1e-6)


def test_zeros_and_ones_stay(tmp_path):
    np.save(tmp_path / "bits.npy", np.eye(4, dtype=np.uint8))
    np.testing.assert_array_equal(load_grey(tmp_path / "bits.npy").x, np.eye(4))


def test_grey_folder(tmp_path):
    values = np.random.default_rng(0).integers(256, size=(2, 4, 6), dtype=np.uint8)
    for label, image in zip(("gull", "auk"), values, strict=True):
        (tmp_path / label).mkdir()
        Image.fromarray(image).save(tmp_path / label / "a.png")
    images = load_grey(tmp_path)
    assert images.classes == ("auk", "gull") and images.y.tolist() == [0, 1] and images.image_shape == (4, 6)
    np.testing.assert_allclose(images.x, values[::-1].reshape(2, 24) / 255, rtol=1e-6)
    assert load_grey(tmp_path, classes="gull").y.tolist() == [1]


def test_a_classifier_knows_labels_by_name(tmp_path, capsys):
    """A folder that lacks a label numbers the others anew: names are compared."""
    generator = np.random.default_rng(0)
    for place in ("both/auk", "both/gull", "some/gull", "other/wren"):
        label = place.split("/")[1]
        (tmp_path / place).mkdir(parents=True)
        for ix in range(20):
            half = np.tile([1.0, 0.0] if label == "auk" else [0.0, 1.0], (6, 3))
            image = (200 * half + generator.integers(50, size=(6, 6))).astype(np.uint8)
            Image.fromarray(image).save(tmp_path / place / f"{ix}.png")
    model, words = tmp_path / "birds.npz", "--model classifier --layers 8 --epochs 60 --seed 0 --quiet"
    assert (
        main(["train", str(tmp_path / "both"), *words.split(), "--learning-rate", "0.3", "-o", str(model)])
        == 0
    )
    assert dpmix.features.load(model).classes_.tolist() == ["auk", "gull"]
    for source, accuracy, classes in (
        ("both", 1, ["auk", "gull"]),
        ("some", 1, ["gull"]),
        ("other", 0, None),
    ):
        capsys.readouterr()
        assert main(["classify", str(model), str(tmp_path / source), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["accuracy"] == accuracy and found["classes"][-1] == (classes or ["wren"])[-1]
    assert (
        main(["report", str(model), "-o", str(tmp_path / "r.html"), "--images", str(tmp_path / "some")]) == 0
    )
    assert "20 of 20 images" in (tmp_path / "r.html").read_text()
    assert main(["classify", str(model), "digits"]) == 2


def test_grey_mnist(mnist_home):
    grey = load_grey("mnist:test", data_home=mnist_home)
    binary = dpmix.datasets.load_mnist("test", data_home=mnist_home)
    assert grey.x.shape == (10_000, 784) and grey.image_shape == (28, 28)
    np.testing.assert_array_equal(grey.x > 127.5 / 255, binary.x)


def test_the_rate_that_was_found_is_told(tmp_path, capsys):
    words = ["train", "digits[0:300]", "--layers", "8,4", "--epochs", "2", "--seed", "1", "--quiet"]
    words += ["--learning-rate", "auto", "--model", "dbn"]
    assert main([*words, "--json", "-o", str(tmp_path / "auto.npz")]) == 0
    told = json.loads(capsys.readouterr().out)
    rates = [rbm.learning_rate_ for rbm in dpmix.features.load(tmp_path / "auto.npz").rbms_]
    assert told["learning_rate"] == rates
    words[words.index("auto")] = "0.25"
    assert main([*words, "-o", str(tmp_path / "given.npz")]) == 0
    head, *rows = [line.split() for line in capsys.readouterr().out.splitlines()[-3:]]
    place = head.index("rate") - 1  # "learning rate" is one column of two words
    assert head[place : place + 2] == ["learning", "rate"] and [row[place] for row in rows] == ["0.25"] * 2
