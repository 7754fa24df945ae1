"""Progress of trainings: plain lines where stderr is no terminal."""

import io
import sys

import numpy as np

from dpmix.base.progress import EpochBar
from dpmix.features import BernoulliRBM


def test_a_quick_training_tells_its_end_in_one_plain_line(capsys):
    x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 10, axis=0)
    BernoulliRBM(2, n_iter=3, batch_size=10, verbose=True, random_state=0).fit(x)
    (line,) = capsys.readouterr().err.splitlines()
    assert "epoch 3/3" in line and "reconstruction error" in line and "\r" not in line


def test_a_long_training_writes_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("dpmix.base.progress.time.monotonic", lambda: now[0])
    with EpochBar("net", 30, show=True) as bar:
        for _ in range(30):
            now[0] += 1.0
            bar.update(loss=0.5)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"net: epoch {epoch}/30, loss 0.5" for epoch in (10, 20, 30)]


def test_nothing_is_shown_unless_asked(capsys):
    with EpochBar("net", 1, show=False) as bar:
        bar.update(loss=0.5)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_a_bar_with_the_latest_figures_behind_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stderr", Terminal())
    with EpochBar("net", 2) as bar:
        bar.update(loss=0.5, free_energy_gap=0.25)
        bar.update(loss=0.25, free_energy_gap=0.5)
    last = sys.stderr.getvalue().split("\r")[-1]
    assert last.startswith("net  100%|") and "2/2" in last and "loss 0.25, free energy gap 0.5" in last


def test_a_stream_that_fails_ends_the_display_and_not_the_training(monkeypatch):
    stream = io.StringIO()
    stream.close()
    monkeypatch.setattr("sys.stderr", stream)
    with EpochBar("net", 1) as bar:
        bar.update(loss=0.5)
