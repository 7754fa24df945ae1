"""Ctrl-C during ``dpmix train``: the model so far is written, one line says so, and the exit status is 130."""

import os
import re
import signal
import time

import numpy as np
import pytest

from dpmix import features
from dpmix.cli import main
from dpmix.features import epochs

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

WORDS = [
    "digits",
    "--classes",
    "0,1",
    "--batch-size",
    "10",
    "--seed",
    "1",
    "--learning-rate",
    "0.01",
    "--quiet",
]


@pytest.fixture
def struck(monkeypatch):
    """Let a signal strike after so many epochs, counted over all stages."""

    def strike(number, after):
        shown = []

        class Bar(epochs.EpochBar):
            def update(self, **figures):
                super().update(**figures)
                shown.append(figures)
                if len(shown) == after:
                    os.kill(os.getpid(), number)
                    time.sleep(1)  # until Python has seen it

        monkeypatch.setattr(epochs, "EpochBar", Bar)

    return strike


@pytest.mark.parametrize(
    ("kind", "layers", "after", "said"),
    [
        ("rbm", "8", 3, "3 epochs"),
        ("dbn", "8,4", 7, "5, 2 epochs of each layer"),
        ("autoencoder", "8", 2, "2 epochs"),
        ("classifier", "8", 4, "4 epochs"),
    ],
)
def test_model_so_far_is_written(kind, layers, after, said, struck, tmp_path, capsys):
    path = tmp_path / "m.npz"
    struck(signal.SIGINT, after)
    words = ["train", *WORDS, "--model", kind, "--layers", layers, "--epochs", "5", "-o", str(path)]
    assert main(words) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == f"dpmix: interrupted after {said}: the model so far is in {path}\n"
    model = features.load(path)
    if kind == "rbm":
        assert main([*words[:-3], "3", "-o", str(tmp_path / "three.npz")]) == 0
        np.testing.assert_array_equal(features.load(tmp_path / "three.npz").components_, model.components_)
    assert main() in (0, 2)


def test_end_by_sigterm_before_anything_and_while_encoding(struck, tmp_path, capsys):
    out, saved = tmp_path / "c.npz", tmp_path / "m.npz"
    struck(signal.SIGTERM, 2)
    assert main(["train", *WORDS, "--model", "rbm", "-o", str(saved)]) == 143
    assert saved.exists() and capsys.readouterr().err.endswith(f"the model so far is in {saved}\n")
    struck(signal.SIGINT, 2)
    words = ["encode", *WORDS, "--model", "rbm", "-o", str(out)]
    assert main([*words, "--save", str(saved), "--overwrite"]) == 130
    assert capsys.readouterr().err == f"dpmix: interrupted after 2 epochs: the model so far is in {saved}\n"
    struck(signal.SIGINT, 2)
    assert main(words) == 130 and not out.exists()
    assert re.fullmatch("dpmix: interrupted: no model is kept; --save keeps one\n", capsys.readouterr().err)
