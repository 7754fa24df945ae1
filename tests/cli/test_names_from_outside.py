"""Names that somebody else chose, of files, folders and classes, in every verb that shows or keeps them."""

import csv
import io
import os
import re
import sys

import numpy as np
import pytest
from PIL import Image

from dpmix.cli import main
from dpmix.posterior.load import load
from support.forgery import forge_facts
from support.shell import environment, is_one_error, program

ESCAPES = "a\x1b[31m\x07$x^2$\u202e{run}b"  # as bytes of a name, with what is no UTF-8, too
BYTES = ESCAPES.encode() + b"\xff"
NAME = os.fsdecode(BYTES)

linux = pytest.mark.skipif(sys.platform != "linux", reason="file names may be any bytes")


def is_clean(text):
    return text.replace("\n", "").isprintable()


@pytest.fixture
def place(tmp_path):
    """A folder with a name of that kind."""
    (tmp_path / NAME).mkdir()
    return tmp_path / NAME


@pytest.fixture
def pictures(tmp_path):
    """Images in two sub-folders, the names of which are a formula and no UTF-8."""
    for ix, name in enumerate(("=1+1", NAME)):
        folder = tmp_path / "pictures" / name
        folder.mkdir(parents=True)
        for image in range(6):
            grey = np.random.default_rng(image + 10 * ix).integers(0, 256, (4, 4), np.uint8)
            Image.fromarray(grey).save(folder / f"{image}.png")
    return tmp_path / "pictures"


SAYING = [
    "info NAME",
    "info NAME/run",
    "resume NAME",
    "plot NAME clusters -o p.png",
    "partition NAME",
    "complete NAME digits --hide bottom -o p.png",
    "complete RUN NAME --hide bottom -o p.png",
    "complete RUN digits --hide NAME -o p.png",
    "complete RUN digits --hide bottom -o NAME/no/p.png",
    "complete RUN digits --hide bottom -o NAME",
    "score RUN NAME",
    "classify RUN NAME",
    "classify NAME digits",
    "partition RUN --partition NAME",
    "partition RUN --labels NAME",
    "fit NAME -o run",
    "fit NAME.npy -o run",
    "fit digits -o NAME/no/run",
    "fit digits -o new --observed NAME",
    "fit digits -o new --init NAME",
    "fit digits -o new --classes NAME",
    "train NAME --model rbm -o m.npz",
    "train digits --model NAME -o m.npz",
    "train digits --model rbm -o NAME/no/m.npz",
    "encode digits --model NAME -o c.npz",
    "reconstruct NAME digits -o p.png",
    "probe NAME weights -o p.png",
    "NAME",
    "info RUN --NAME",
]


@linux
@pytest.mark.parametrize("line", SAYING)
def test_errors_show_names_escaped(line, place, finished_run, monkeypatch, capsys):
    monkeypatch.chdir(place.parent)
    (place / "file").write_text("")
    words = [word.replace("NAME", NAME).replace("RUN", str(finished_run)) for word in line.split(" ")]
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err) and is_clean(shown.err)


@linux
@pytest.mark.slow
def test_names_that_are_no_utf_8_are_found_and_written(place, finished_run):
    assert main(["plot", str(finished_run), "trace", "-o", str(place / f"{NAME}.png")]) == 0
    assert os.listdir(os.fsencode(place)) == [BYTES + b".png"]
    digits = ("--classes", "2,3", "--sweeps", "2", "--chains", "1", "--init", "one", "--quiet")
    assert program("fit", "digits", "-o", place / "run", *digits).returncode == 0
    assert program("info", place / "run", errors="surrogateescape").returncode == 0
    done = program("fit", "digits", "-o", place / "run", *digits, text=False)
    assert done.returncode == 2 and b"\x1b" not in done.stderr and done.stderr.decode("ascii")


@linux
def test_classes_in_tables_and_pictures(pictures, tmp_path, capsys):
    run, out = tmp_path / "run", tmp_path / "p.csv"
    words = ["--chains", "1", "--sweeps", "4", "--init", "one", "--jobs", "1", "--quiet", "--labels"]
    assert main(["fit", str(pictures), "-o", str(run), *words]) == 0
    assert main(["partition", str(run), "--labels", str(pictures), "-o", str(out)]) == 0
    text = out.read_bytes().decode("utf-8", "surrogateescape")
    labels = {row[-1] for row in list(csv.reader(io.StringIO(text, newline="")))[1:]}
    assert labels == {"'=1+1", NAME}
    assert (
        main(["plot", str(run), "contingency", "--labels", str(pictures), "-o", str(tmp_path / "p.svg")]) == 0
    )
    assert (
        main(["plot", str(run), "contingency", "--labels", str(pictures), "-o", str(tmp_path / "p.png")]) == 0
    )
    shown = capsys.readouterr()
    assert is_clean(shown.out) and is_clean(shown.err)


@linux
def test_letters_that_an_encoding_lacks(tmp_path):
    done = program("info", tmp_path / "é\u4e00", env=environment() | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 2 and "\\xe9\\u4e00" in done.stderr


def test_versions_in_forged_files(small_posterior, tmp_path, capsys):
    small_posterior.save(tmp_path / "run")
    forge_facts(tmp_path / "run" / "run.json", lambda facts: facts.update(dpmix=ESCAPES, created=ESCAPES))
    assert load(tmp_path / "run").version == ESCAPES
    for words in (["info"], ["info", "--json"]):
        assert main([*words, str(tmp_path / "run")]) == 0
    forge_facts(tmp_path / "run" / "run.json", lambda facts: facts.update(format_version=ESCAPES))
    assert main(["info", str(tmp_path / "run")]) == 2
    shown = capsys.readouterr()
    assert is_clean(shown.out) and is_clean(shown.err) and re.search(r"x1b\[31m", shown.err)
