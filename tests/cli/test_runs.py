"""The command line, as the real program wherever that makes a difference."""

import inspect
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import dpmix
from dpmix.chain.plan import Plan, usual_lengths, usual_schedule
from dpmix.chain.starts import default_init
from dpmix.cli import main
from dpmix.model.table import BinaryTable
from dpmix.store.run_folder import RunFolder
from support.shell import SMALL, environment, info, is_one_error, program

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


@pytest.fixture
def run(finished_run):
    return finished_run


# Starting and helping.


def test_help_loads_nothing_heavy():
    code = "import sys; from dpmix.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert done.returncode == 0 and "examples:" in done.stdout
    heavy = {"numpy", "numba", "scipy", "matplotlib", "sklearn", "PIL", "pooch", "tqdm", "multiprocessing"}
    assert not heavy & set(done.stderr.split())


@pytest.mark.parametrize(
    "command",
    ("demo fetch fit resume info plot complete denoise sample score classify partition assign").split(),
)
def test_every_command_has_help(command, capsys):
    assert main([command, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith(f"usage: dpmix {command}") and shown.err == ""


def test_help_tells_the_defaults_of_the_library(capsys):
    main(["fit", "--help"])
    told = re.sub(r"\s+", " ", capsys.readouterr().out)
    defaults = {name: p.default for name, p in inspect.signature(dpmix.sample).parameters.items()}
    defaults |= {name: p.default for name, p in inspect.signature(dpmix.Prior).parameters.items()}
    defaults["init"] = default_init(shards=1)
    defaults["chains"], defaults["sweeps"] = usual_lengths(defaults["init"])
    for name in ("chains", "sweeps", "init", "alpha", "a", "b", "c"):
        value = defaults[name]
        if not isinstance(value, str):
            value = "learned" if isinstance(value, dpmix.Gamma) else f"{value:g}"
        entry = next(text for text in told.split(" --") if re.match(rf"{name} [A-Z]+ ", text))
        assert re.search(rf"\(default: {value}[,;)]", entry)
    entry = next(text for text in told.replace("- ", "-").split(" --") if text.startswith("schedule "))
    near, given = usual_schedule("near:2", True), usual_schedule("near:2", False)
    assert f"birth-death={near.birth_death} from near" in entry
    assert f"split-merge={given.split_merge},birth-death={given.birth_death} from anywhere" in entry


def test_version():
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dpmix {dpmix.__version__}\n", "")


def test_usage_errors_are_one_line():
    for words in (["fti"], ["fit", "digits"], ["fit", "digits", "-o", "run", "--chains", "two"]):
        done = program(*words)
        assert (done.returncode, done.stdout) == (2, "") and is_one_error(done.stderr)
        assert "--help'" in done.stderr


# Looking at a run.


def test_info(run, capsys):
    assert main(["info", str(run)]) == 0
    told = capsys.readouterr().out
    assert "360 of 8 x 8 pixels" in told.replace("images   ", "") and "state    complete" in told
    assert "dpmix.resume" not in told and "posterior.save" not in told
    fields, posterior = info(run), dpmix.load(run)
    assert any(f"'dpmix resume {run} --sweeps N'" in note for note in fields["summary"]["notes"])
    expected = {"n": 360, "d": 64, "shape": [8, 8], "chains": 2, "sweeps": 20, "burn_in": 10, "seed": 1}
    assert expected.items() <= fields.items()
    assert fields["state"] == "complete" and fields["sweeps_done"] == [20, 20] and fields["draws"] == [10, 10]
    for name in ("n_clusters", "log_joint", "alpha"):
        assert fields[name] == posterior.trace[name][:, -1].tolist()
    np.testing.assert_allclose(fields["seconds"], posterior.trace["seconds"].sum(axis=1))


def test_info_before_the_first_sweep(tmp_path, capsys):
    table, prior = BinaryTable.from_input(np.eye(3)), dpmix.Prior(a=[1, 2, 3])
    plan = Plan.checked(prior, chains=2, sweeps=9, burn_in=0, thin=3, init="one", seed=0)
    RunFolder.create(tmp_path / "run", table, plan).close()
    fields = info(tmp_path / "run")
    assert fields["state"] == "stopped" and fields["sweeps_done"] == [0, 0]
    assert fields["n_clusters"] == fields["log_joint"] == fields["alpha"] == [None, None]
    assert main(["info", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    assert "every 3rd sweep" in told and "a = 3 values from 1 to 3" in told
    assert told.splitlines()[-1].split() == ["1", "0", "0", "-", "-", "-", "0.0"]


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("clusters", "-o", "picture.png"), b"\x89PNG"),
        (("clusters", "-o", "picture.pdf", "--chain", "1", "--draw", "-3", "--shrink"), b"%PDF"),
        (("trace", "-o", "picture.svg"), b"<?xml"),
        (("hyperparameters", "-o", "picture.png"), b"\x89PNG"),
        pytest.param(("embedding", "-o", "picture.png", "--most", "20"), b"\x89PNG", marks=pytest.mark.slow),
    ],
)
def test_plot(run, tmp_path, monkeypatch, capsys, words, start):
    monkeypatch.chdir(tmp_path)
    assert main(["plot", str(run), *words]) == 0
    picture = tmp_path / words[2]
    assert picture.read_bytes().startswith(start) and os.listdir(tmp_path) == [picture.name]
    assert capsys.readouterr() == ("", "")
    picture.write_bytes(b"")
    assert main(["plot", str(run), *words]) == 2
    assert "--overwrite" in capsys.readouterr().err and picture.read_bytes() == b""
    assert main(["plot", str(run), *words, "--overwrite"]) == 0
    assert picture.read_bytes().startswith(start)


@pytest.mark.slow
def test_text_of_a_picture_stays_text(run, tmp_path):
    assert main(["plot", str(run), "trace", "-o", str(tmp_path / "trace.svg")]) == 0
    assert "log joint (nats)" in (tmp_path / "trace.svg").read_text()
    assert main(["plot", str(run), "trace", "-o", str(tmp_path / "trace.pdf")]) == 0
    assert (
        b"/TrueType" in (tmp_path / "trace.pdf").read_bytes()
        or b"/CIDFontType2" in (tmp_path / "trace.pdf").read_bytes()
    )


@pytest.mark.slow
def test_plot_needs_no_display(run, tmp_path):
    env = {**environment(), "MPLBACKEND": "TkAgg", "DISPLAY": ""}
    done = program("plot", run, "trace", "-o", tmp_path / "trace.png", env=env)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Asking a run.


def test_complete(run, tmp_path, capsys):
    words = ["complete", str(run), "digits", "--classes", "2,3", "--hide", "left", "--rows", "5:9"]
    picture, array = tmp_path / "lefts.png", tmp_path / "lefts.npy"
    assert main([*words, "-o", str(picture), "--probabilities", str(array)]) == 0
    assert capsys.readouterr() == ("", "")
    images = dpmix.datasets.load_digits(classes=[2, 3])[5:9]
    observed = np.tile(np.arange(8) >= 4, 8)
    np.testing.assert_array_equal(np.load(array), dpmix.predict_proba(dpmix.load(run), images, observed))
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_complete_draws_the_same_samples_for_a_seed(run, tmp_path):
    words = ["complete", str(run), "digits", "--hide", "top", "--most", "3", "--samples", "2"]
    pictures = [tmp_path / f"{name}.png" for name in "abc"]
    for picture, seed in zip(pictures, "778", strict=True):
        assert main([*words, "--seed", seed, "-o", str(picture)]) == 0
    first, second, third = (picture.read_bytes() for picture in pictures)
    assert first == second != third


def test_complete_spreads_images_over_the_source(run, tmp_path):
    words = ["complete", str(run), "digits", "--hide", "bottom", "--probabilities"]
    assert main([*words, str(tmp_path / "default.npy")]) == 0
    assert main([*words, str(tmp_path / "three.npy"), "--most", "3"]) == 0
    assert main([*words, str(tmp_path / "all.npy"), "--rows", ":"]) == 0
    default, three, whole = (np.load(tmp_path / f"{name}.npy") for name in ("default", "three", "all"))
    assert default.shape == (8, 64) and whole.shape == (1797, 64)
    np.testing.assert_allclose(three, whole[[0, 898, 1796]], rtol=1e-12)


def test_classify(tmp_path, capsys):
    """A run that saw one label in five knows the others; the figures are those written out."""
    run = str(tmp_path / "run")
    fit = ["fit", "digits", "-o", run, "--classes", "0,1,6", "--chains", "1", "--sweeps", "20", "--quiet"]
    assert main([*fit, "--seed", "1", "--labels", "--labelled", "0.2"]) == 0
    capsys.readouterr()
    images, posterior = dpmix.datasets.load_digits(classes=[0, 1, 6]), dpmix.load(run)
    learnt = posterior.table.classes
    assert (learnt >= 0).sum() == round(0.2 * len(images))
    np.testing.assert_array_equal(learnt[learnt >= 0], images.y[learnt >= 0])
    assert main(["classify", run, "digits", "--classes", "0,1,6", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    proba = dpmix.predict_labels(posterior, images)
    assert found["accuracy"] == np.mean(proba.argmax(axis=1) == images.y) > 0.9
    assert found["classes"] == [0, 1, 6] and np.sum(found["confusion"]) == found["n"] == len(images)
    on = np.subtract.outer(proba[images.y == 6, 6], proba[images.y != 6, 6])
    assert found["roc_auc"]["6"] == pytest.approx(((on > 0) + 0.5 * (on == 0)).mean())
    assert main(["classify", run, "digits"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("accuracy 0.") and told[2].split() == ["label", *"0123456789", "AUC"]
    assert told[-1].split()[0] == "9" and told[-1].split()[-1] == "-"  # a class that the run has not seen


def test_the_same_labels_are_left_out_for_a_seed(tmp_path):
    fit = ["fit", "digits", "--classes", "2,3", "--chains", "1", "--sweeps", "2", "--quiet"]
    fit += ["--labels", "--labelled", "0.1"]
    learnt = {}
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert main([*fit, "-o", str(tmp_path / name), "--seed", seed]) == 0
        learnt[name] = dpmix.load(tmp_path / name).table.classes
    assert (learnt["a"] == learnt["b"]).all() and (learnt["a"] != learnt["c"]).any()


def test_score_against_labels(run, capsys):
    assert main(["score", str(run), "digits", "--classes", "2,3", "--labels", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["labels"]
    assert set(found) == {"ari", "nmi", "purity", "homogeneity", "completeness"}
    posterior, images = dpmix.load(run), dpmix.datasets.load_digits(classes=[2, 3])
    best = dpmix.queries.responsibilities(posterior, images, chain=1).argmax(axis=1)
    assert found["purity"][1] == pytest.approx(
        sum(np.bincount(images.y[best == k]).max() for k in np.unique(best)) / len(images)
    )
    assert main(["score", str(run), "digits", "--classes", "2,3", "--labels"]) == 0
    told = capsys.readouterr().out
    assert "log predictive" in told and f"{found['ari'][0]:.3f}" in told


def test_complete_with_any_mask(run, tmp_path):
    from PIL import Image

    Image.fromarray(np.eye(8, dtype=np.uint8) * 255).save(tmp_path / "diagonal.png")
    words = ["complete", str(run), "digits", "--classes", "2", "--rows", "0:3", "--probabilities"]
    for hide in ("centre", "random:0.4", str(tmp_path / "diagonal.png")):
        assert main([*words, str(tmp_path / "p.npy"), "--hide", hide, "--overwrite"]) == 0
        observed = dpmix.datasets.masks.mask((8, 8), hide, seed=0)
        images = dpmix.datasets.load_digits(classes=2)[:3]
        expected = dpmix.predict_proba(dpmix.load(run), images, observed)
        np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), expected)
    assert observed.sum() == 56


def test_score(run, capsys):
    assert main(["score", str(run), "digits", "--classes", "4", "--json"]) == 0
    fields = json.loads(capsys.readouterr().out)
    values = dpmix.log_predictive(dpmix.load(run), dpmix.datasets.load_digits(classes=4))
    assert fields["n"] == len(values)
    assert fields["log_predictive"] == pytest.approx(values.mean())
    assert fields["standard_error"] == pytest.approx(values.std(ddof=1) / len(values) ** 0.5)
    assert main(["score", str(run), "digits", "--classes", "4"]) == 0
    assert f"{values.mean():.2f} nats per image" in capsys.readouterr().out


def test_score_of_one_image_has_no_standard_error(run, tmp_path, capsys):
    np.save(tmp_path / "one.npy", np.zeros((1, 64), np.uint8))
    assert main(["score", str(run), str(tmp_path / "one.npy"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["standard_error"] is None
    assert main(["score", str(run), str(tmp_path / "one.npy")]) == 0
    assert "(1 image)" in capsys.readouterr().out


# First steps.


def assert_demo(done, folder):
    assert done.returncode == 0, done.stderr
    written = os.listdir(folder / "dpmix-demo")
    assert sorted(written) == ["clusters.png", "completions.png", "run", "trace.png"]
    assert "dpmix info dpmix-demo/run" in done.stdout
    assert info(folder / "dpmix-demo" / "run")["state"] == "complete"


@pytest.mark.slow
def test_demo(tmp_path):
    assert_demo(program("demo", cwd=tmp_path), tmp_path)
    again = program("demo", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "") and is_one_error(again.stderr)


@pytest.mark.slow
def test_demo_that_may_overwrite_is_made_anew(run, tmp_path):
    told = shutil.copytree(run, tmp_path / "dpmix-demo" / "run") / "run.json"
    before = told.read_bytes()
    assert_demo(program("demo", "--overwrite", cwd=tmp_path), tmp_path)
    assert told.read_bytes() != before


def test_fetch(mnist_home, capsys):
    assert main(["fetch", "--data-home", str(mnist_home)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{mnist_home}\n" and "DPMIX_DATA" in shown.err


# Input that fits, and input that does not.


def test_hiding_half_of_flat_images(tmp_path, capsys):
    np.save(tmp_path / "flat.npy", np.eye(10, dtype=np.uint8))
    flat, run = str(tmp_path / "flat.npy"), str(tmp_path / "run")
    assert main(["fit", flat, "-o", run, "--chains", "1", "--sweeps", "2", "--quiet"]) == 0
    assert main(["complete", run, flat, "--hide", "top", "-o", str(tmp_path / "tops.png")]) == 2
    assert "1 pixel high" in capsys.readouterr().err
    assert main(["complete", run, flat, "--hide", "left", "-o", str(tmp_path / "lefts.png")]) == 0


def test_an_existing_run_is_kept_or_replaced(tmp_path, capsys):
    words = ["fit", "digits", "-o", str(tmp_path / "run"), *SMALL[:-2], "--jobs", "1", "--quiet", "--seed"]
    assert main([*words, "1"]) == 0
    before = (tmp_path / "run" / "run.json").read_bytes()
    capsys.readouterr()
    assert main([*words, "2"]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err) and f"dpmix resume {tmp_path / 'run'}" in shown.err
    assert (tmp_path / "run" / "run.json").read_bytes() == before
    assert main([*words, "2", "--overwrite"]) == 0
    assert dpmix.load(tmp_path / "run").plan.seed == 2


def test_errors_speak_of_the_shell(tmp_path, capsys):
    posterior = dpmix.sample(np.eye(4, dtype=int), chains=1, sweeps=4, burn_in=2, seed=0, progress=False)
    posterior.save(tmp_path / "run")
    (tmp_path / "run" / "chain-000.npz").unlink()
    assert main(["score", str(tmp_path / "run"), "digits"]) == 2
    assert f"'dpmix resume {tmp_path / 'run'}'" in capsys.readouterr().err
