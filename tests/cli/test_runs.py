"""The command line, as the real program wherever that makes a difference."""

import functools
import inspect
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dpmix
from dpmix.chain.plan import Plan
from dpmix.cli import main
from dpmix.model.table import BinaryTable
from dpmix.store.run_folder import RunFolder
from support.shell import (
    all_are_gone,
    assert_same_bits,
    descendants,
    environment,
    has_begun,
    info,
    is_one_error,
    program,
    wait_for,
    workers,
)

SMALL = ("--classes", "2,3", "--chains", "2", "--sweeps", "20", "--init", "random:10", "--seed", "1")
LONG = ("--chains", "2", "--sweeps", "1200", "--init", "random:40", "--seed", "5")

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A small finished run, written by the real program."""
    folder = tmp_path_factory.mktemp("cli") / "run"
    done = program("fit", "digits", "-o", folder, *SMALL, "--jobs", "1", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    head, *chains = done.stdout.splitlines()
    assert head.split() == "chain sweeps draws clusters log joint alpha seconds".split()
    assert [line.split()[:3] for line in chains] == [["0", "20", "10"], ["1", "20", "10"]]
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A run of some seconds that nothing interrupts."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    done = program("fit", "digits", "-o", folder, *LONG, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    assert "sweeps 1200/1200" in done.stderr
    return folder


# Starting and helping.


def test_help_loads_nothing_heavy():
    code = "import sys; from dpmix.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
    assert done.returncode == 0 and "examples:" in done.stdout
    heavy = {"numpy", "numba", "scipy", "matplotlib", "sklearn", "PIL", "pooch", "tqdm", "multiprocessing"}
    assert not heavy & set(done.stderr.split())


@pytest.mark.parametrize(
    "command",
    ["demo", "fetch", "fit", "resume", "info", "plot", "complete", "score", "classify", "partition"],
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
    for name in ("chains", "sweeps", "init", "alpha", "a", "b", "c"):
        value = defaults[name]
        if not isinstance(value, str):
            value = "learned" if isinstance(value, dpmix.Gamma) else f"{value:g}"
        entry = next(text for text in told.split(" --") if re.match(rf"{name} [A-Z]+ ", text))
        assert re.search(rf"\(default: {value}[,)]", entry)


def test_version():
    done = program("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"dpmix {dpmix.__version__}\n", "")


def test_usage_errors_are_one_line():
    for words in ([], ["fti"], ["fit", "digits"], ["fit", "digits", "-o", "run", "--chains", "two"]):
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
    np.testing.assert_array_equal(three, whole[[0, 898, 1796]])


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
    best = dpmix.responsibilities(posterior, images, chain=1).argmax(axis=1)
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


def test_demo(tmp_path):
    done = program("demo", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = os.listdir(tmp_path / "dpmix-demo")
    assert sorted(written) == ["clusters.png", "completions.png", "run", "trace.png"]
    assert "dpmix info dpmix-demo/run" in done.stdout
    assert info(tmp_path / "dpmix-demo" / "run")["state"] == "complete"
    again = program("demo", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "") and is_one_error(again.stderr)
    before = (tmp_path / "dpmix-demo" / "run" / "run.json").read_bytes()
    assert program("demo", "--overwrite", cwd=tmp_path).returncode == 0
    assert (tmp_path / "dpmix-demo" / "run" / "run.json").read_bytes() != before


def test_fetch(mnist_home, capsys):
    assert main(["fetch", "--data-home", str(mnist_home)]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{mnist_home}\n" and "DPMIX_DATA" in shown.err


# Bad input: an error before any work, and nothing left behind.

IMPOSSIBLE = {
    "fit digits -o no/run": "there is no folder no",
    "fit digits -o EMPTY": "is empty",
    "fit digits -o file.txt": "is a file",
    "fit digits -o full": "--overwrite",
    "fit digits -o full --overwrite": "no run of dpmix",
    "fit nothing -o run": "'nothing'",
    "fit digits -o run --classes 2,": "--classes",
    "fit digits -o run --classes 2,12": "'12'",
    "fit digits -o run --classes two": "'two'",
    "fit digits -o run --chains 0": "chains must be at least 1; got 0",
    "fit digits -o run --sweeps 0": "sweeps must be at least 1; got 0",
    "fit digits -o run --jobs 0": "jobs must be at least 1; got 0",
    "fit digits -o run --sweeps 9 --burn-in 9": "burn_in",
    "fit digits -o run --thin 0": "thin must be at least 1; got 0",
    "fit digits -o run --seed -1": "seed must be at least 0; got -1",
    "fit digits -o run --alpha 0": "alpha must be finite and greater than 0; got 0",
    "fit digits -o run --a nan": "a must be finite",
    "fit digits -o run --b -1": "b must be finite and greater than 0; got -1",
    "fit digits -o run --init two": "init must be",
    "fit digits -o run --init random:0": "random:K",
    "fit digits -o run --threshold 5": "threshold",
    "fit grey.npy -o run": "--threshold T",
    "fit two.npz -o run": "keep one array, or call it x",
    "fit digits -o run --observed wide.npy": "must have shape (1797, 64)",
    "fit digits -o run --observed grey.npy": "True or 1 where a pixel is observed",
    "score RUN nan.npy": "1 x 3 = 3 pixels",
    "fit digits -o NULL": "null character",
    "fit wide.npy -o run --classes 2": "no labels",
    "fit cut.npy -o run": "cut.npy",
    "fit digits -o run --chain 2": "--chain",
    "resume nothing": "nothing",
    "resume full": "full is not a run folder",
    "resume RUN --sweeps 19": "cannot shrink; got 19",
    "resume RUN --jobs 0": "jobs must be at least 1; got 0",
    "info nothing": "nothing",
    "info file.txt": "file.txt",
    "plot RUN clusters -o no/picture.png": "there is no folder no",
    "plot RUN clusters -o picture.gif": ".png or .pdf or .svg",
    "plot RUN clusters -o full.png": "is a folder",
    "plot RUN clusters -o picture.png --chain 2": "chain",
    "plot RUN clusters -o picture.png --draw 10": "draw",
    "plot RUN trace -o picture.png --draw 1": "--draw is for clusters",
    "plot RUN trace -o picture.png --shrink": "--shrink is for clusters",
    "plot RUN bars -o picture.png": "'bars'",
    "complete RUN digits --hide top": "-o FILE",
    "complete RUN digits -o picture.png": "pass --hide WHAT or --observed FILE",
    "complete RUN digits --hide middle -o picture.png": "'middle', and there is no such file",
    "complete RUN digits --hide random:2 -o picture.png": "a fraction between 0 and 1",
    "complete RUN digits --hide full.png -o picture.png": "'full.png'",
    "complete RUN digits --hide file.txt -o picture.png": "cannot be read as an image",
    "complete RUN digits --hide top -o picture.png --rows 0:2 --most 2": "--rows and --most exclude",
    "complete RUN digits --hide top -o picture.png --rows 5": "--rows must be A:B",
    "complete RUN digits --hide top -o picture.png --rows 5:5": "none of the 1,797 images",
    "complete RUN digits --hide top -o picture.png --rows :": "1,797 images cannot be read",
    "complete RUN digits --hide top -o picture.png --most 0": "most must be at least 1; got 0",
    "complete RUN digits --hide top --probabilities p.npy --seed 1": "--seed is for samples",
    "complete RUN digits --hide top -o picture.png --samples -1": "samples must be at least 0; got -1",
    "complete RUN digits --hide top --probabilities p.npy --samples 2": "--samples",
    "complete RUN digits --hide top --probabilities p.txt": "must end in .npy",
    "complete RUN wide.npy --hide top -o picture.png": "1 x 10 = 10 pixels",
    "score RUN wide.npy": "8 x 8 = 64 pixels",
    "score RUN black.npy --labels": "black.npy has no labels",
    "classify RUN digits": "posterior must be one of images with labels",
    "classify RUN black.npy": "black.npy has no labels",
    "fit black.npy -o run --labels": "black.npy has no labels",
    "fit digits -o run --labelled 0.5": "--labels",
    "fit digits -o run --labels --labelled 1.5": "labelled must be at most 1; got 1.5",
    "fit digits -o run --labels --labelled 0": "labelled must be finite and greater than 0",
    "score RUN nothing": "'nothing'",
}


@pytest.mark.parametrize("line", IMPOSSIBLE)
def test_bad_input(line, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file.txt").write_text("text")
    for folder in ("full", "full.png"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").touch()
    np.save("grey.npy", np.full((3, 64), 7))
    np.save("nan.npy", np.array([[0, 1, np.nan]]))
    np.savez("two.npz", a=np.eye(3), b=np.eye(3))
    np.save("wide.npy", np.zeros((3, 10), np.uint8))
    np.save("black.npy", np.ones((3, 64), np.uint8))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "wide.npy").read_bytes()[:-5])
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    stand_for = {"RUN": str(run), "EMPTY": "", "NULL": "a\0b"}
    assert main([stand_for.get(word, word) for word in line.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err)
    assert IMPOSSIBLE[line] in shown.err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


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


# Streams.


@posix
def test_a_reader_that_leaves_is_no_error(run):
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = program("info", run, capture_output=False, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_full_disk_on_stdout(run):
    with open("/dev/full", "w") as full:
        done = program("info", run, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2 and is_one_error(done.stderr)


@posix
def test_closed_streams(run):
    command = f"{sys.executable} -m dpmix info {run}"
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        words = ["sh", "-c", f"{command} {closed}"]
        done = subprocess.run(words, capture_output=True, text=True, env=environment())
        assert (done.returncode, done.stderr) == (0, "")


# Ends before the end. Afterwards `resume` must give the bits of the undisturbed run.


def ended(process, number, run):
    """Let `process` begin, send the signal to its group and return what it said."""
    wait_for(lambda: has_begun(run))
    os.killpg(process.pid, number)
    return process.communicate(timeout=20)


@posix
@pytest.mark.parametrize(
    ("number", "jobs", "status"),
    [(signal.SIGINT, 2, 130), (signal.SIGINT, 1, 130), (signal.SIGTERM, 2, 143)],
)
def test_interrupted(number, jobs, status, undisturbed, started, tmp_path):
    run = tmp_path / "a run"
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", jobs)
    wait_for(lambda: has_begun(run))
    assert info(run)["state"] == "running"
    out, err = ended(process, number, run)
    assert (process.returncode, out) == (status, "")
    assert "Traceback" not in err
    said = r"dpmix: interrupted after \d+ of 1200 sweeps; .*'dpmix resume '.*/a run''"
    assert re.fullmatch(said, err.splitlines()[-1])
    fields = info(run)
    assert fields["state"] == "stopped" and 0 < sum(fields["sweeps_done"]) < 2400
    done = program("resume", run, "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert info(run)["state"] == "complete"
    assert_same_bits(run, undisturbed)


@linux
def test_killed_at_random_moments(undisturbed, started, tmp_path):
    run, moments = tmp_path / "run", random.Random(3)
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2")
    wait_for(lambda: has_begun(run))
    kills = 0
    for _ in range(4):
        time.sleep(moments.uniform(0, 0.5))
        family = [Path(f"/proc/{pid}") for pid in descendants(process.pid)]
        kills += process.poll() is None
        process.kill()
        process.communicate(timeout=20)
        wait_for(functools.partial(all_are_gone, family), seconds=3)
        process = started("resume", run, "--quiet")
        time.sleep(moments.uniform(0.3, 0.8))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and kills >= 3
    assert_same_bits(run, undisturbed)


@linux
def test_a_killed_worker_is_replaced(undisturbed, started, tmp_path):
    run = tmp_path / "run"
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet")
    wait_for(lambda: has_begun(run))
    os.kill(workers(process.pid)[0], signal.SIGKILL)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and out
    assert_same_bits(run, undisturbed)


@linux
def test_workers_that_keep_dying(undisturbed, started, tmp_path):
    run = tmp_path / "run"
    process = started("fit", "digits", "-o", run, *LONG, "--jobs", "2", "--quiet")
    wait_for(lambda: has_begun(run))
    while process.poll() is None:
        for worker in workers(process.pid):
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.01)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, "") and is_one_error(err)
    assert "SIGKILL" in err and re.search(r"chain \d", err) and f"dpmix resume {run}" in err
    assert program("resume", run, "--quiet").returncode == 0
    assert_same_bits(run, undisturbed)
