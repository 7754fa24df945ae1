"""Progress of trainings: plain lines where stderr is no terminal."""

import numpy as np

from dpmix.features import BernoulliRBM
from dpmix.features.progress import EpochBar


def test_a_quick_training_tells_its_end_in_one_plain_line(capsys):
    x = np.repeat([[1, 1, 0, 0], [0, 0, 1, 1]], 10, axis=0)
    BernoulliRBM(2, n_iter=3, batch_size=10, verbose=True, random_state=0).fit(x)
    (line,) = capsys.readouterr().err.splitlines()
    assert "epoch 3/3" in line and "reconstruction error" in line and "\r" not in line


def test_a_long_training_writes_a_line_now_and_then(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("dpmix.features.progress.time.monotonic", lambda: now[0])
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
