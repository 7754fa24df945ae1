"""What the progress display writes: on a terminal (a pseudo-terminal), elsewhere, and on broken streams."""

import io
import os
import re
import struct
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import dpmix
from dpmix.base.progress import Progress

ROOT = str(Path(dpmix.__file__).resolve().parent.parent)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_lines_come_every_ten_seconds_and_at_the_end():
    stream, clock = io.StringIO(), Clock()
    with Progress(5, 200, stream=stream, clock=clock) as progress:
        for sweeps in range(20, 101, 20):
            clock.now += 4
            for chain in range(5):
                slower = 10 * (chain == 4)
                progress.update(chain, sweeps - slower, clusters=51 + chain, log_joint=-2330123.4 - chain)
    assert stream.getvalue().splitlines() == [
        "chains 5, sweeps 42/200 (slowest 30), 53 clusters, log joint -2,330,125, 12 s, about 45 s left",
        "chains 5, sweeps 98/200 (slowest 90), 53 clusters, log joint -2,330,125, 20 s, about 21 s left",
    ]


def test_time_left_counts_from_where_the_run_was_taken_up():
    stream, clock = io.StringIO(), Clock()
    progress = Progress(2, 1000, stream=stream, started=[900, 900], clock=clock)
    clock.now += 3700
    progress.update(0, 950, clusters=1, alpha=0.123456)
    clock.now += 3605
    progress.update(0, 1000, clusters=1, alpha=0.5)
    progress.update(1, 1000, clusters=1, alpha=0.5)
    progress.close()
    assert stream.getvalue().splitlines() == [
        "chains 2, sweeps 925/1000 (slowest 900), 1 cluster, alpha 0.1235, 1 h 01 min, about 3 h 05 min left",
        "chains 2, sweeps 950/1000 (slowest 900), 1 cluster, alpha 0.5, 2 h 01 min, about 2 h 01 min left",
        "chains 2, sweeps 1000/1000, 1 cluster, alpha 0.5, 2 h 01 min",
    ]


def test_lines_of_a_long_run_become_rare():
    stream, clock = io.StringIO(), Clock()
    with Progress(1, 100_000, stream=stream, clock=clock) as progress:
        for sweeps in range(1, 86_401):  # a day
            clock.now += 1
            progress.update(0, sweeps)
        hours = len(stream.getvalue().splitlines())
    assert 24 + 8 <= hours <= 24 + 10
    early = [line.split(", ")[2] for line in stream.getvalue().splitlines()[:4]]
    assert early == ["10 s", "20 s", "40 s", "1 min 20 s"]


def test_nothing_is_shown_when_there_is_no_news_or_no_wish():
    stream = io.StringIO()
    Progress(3, 10, stream=stream).close()
    with Progress(1, 10, show=False, stream=stream) as progress:
        progress.update(0, 10, clusters=1)
        progress.message("unseen")
    assert stream.getvalue() == ""


def test_messages_stand_between_lines():
    stream = io.StringIO()
    with Progress(1, 10, stream=stream, clock=Clock()) as progress:
        progress.message("a worker was ended")
        progress.update(0, 10, log_joint=float("nan"))
    progress.update(0, 10)
    progress.message("too late")
    progress.close()
    assert stream.getvalue() == "a worker was ended\nchains 1, sweeps 10/10, log joint nan, 0 s\n"


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Broken(Terminal):
    """Fails from the write on that is number `writes`."""

    def __init__(self, writes):
        super().__init__()
        self.writes = writes

    def write(self, text):
        self.writes -= 1
        if self.writes < 0:
            raise OSError(28, "No space left on device")
        return super().write(text)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize(
    "make", [closed, object, io.BytesIO, *(lambda n=n: Broken(n) for n in range(0, 12, 2))]
)
def test_a_stream_that_fails_ends_the_display_and_nothing_else(make):
    with Progress(2, 1000, stream=make()) as progress:
        for sweeps in range(0, 1001, 250):
            progress.update(0, sweeps, clusters=3)
            progress.update(1, sweeps, clusters=3)
            progress.message("a message")


def test_no_standard_error(monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    with Progress(1, 10) as progress:
        progress.update(0, 10)


SCRIPT = f"""
    import multiprocessing, sys, threading, time
    sys.path.insert(0, {ROOT!r})
    from dpmix.base.progress import Progress
    n_chains = int(sys.argv[1])
    with Progress(n_chains, 200, started=[20] * n_chains) as progress:
        for sweeps in (80, 140, 200):
            for chain in range(n_chains):
                progress.update(chain, sweeps, clusters=sweeps // 80, log_joint=-2330123.4 - chain)
            time.sleep(0.15)
            if sweeps == 140:
                progress.message("a message")
    print("the end", threading.active_count(), multiprocessing.get_start_method(allow_none=True))
    """


def on_terminal(n_chains, rows, columns, term="xterm"):
    """Run the script on a pseudo-terminal and return what it wrote."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT), str(n_chains)]
    environ = {**os.environ, "TERM": term, "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ)
    os.close(theirs)
    written = b""
    try:
        while data := os.read(ours, 1 << 16):
            written += data
    except OSError:  # how Linux reports the end
        pass
    os.close(ours)
    assert process.wait(timeout=10) == 0
    return written.decode()


def screen(written):
    """Return the lines that a terminal shows in the end."""
    cells, row, column = {}, 0, 0
    for up, character in re.findall(r"\x1b\[(\d*)A|([^\x1b])", written, re.DOTALL):
        if not character:
            row -= int(up or 1)
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
        else:
            cells[row, column] = character
            column += 1
    width = 1 + max(column for _, column in cells)
    shown = ["".join(cells.get((r, c), " ") for c in range(width)).rstrip() for r in range(max(cells)[0] + 1)]
    return [re.sub(r"\|.*\|", "|bar|", re.sub(r"\[[0-9:]+<[0-9:]+\]", "[times]", line)) for line in shown]


@pytest.mark.parametrize("size", [(30, 100), (0, 0)], ids=["size known", "size unknown"])
def test_terminal_shows_a_bar_per_chain(size):
    written = on_terminal(3, *size)
    assert " 70%|" in written
    assert screen(written) == [
        "a message",
        "chain 0     2 clusters  log joint -2,330,123  100%|bar| 200/200 [times]",
        "chain 1     2 clusters  log joint -2,330,124  100%|bar| 200/200 [times]",
        "chain 2     2 clusters  log joint -2,330,125  100%|bar| 200/200 [times]",
        "the end 1 None",
    ]


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (75, "chain 0     2 clusters  100%|bar| 200/200 [times]"),
        pytest.param(60, "chain 0     2 clusters  100%|bar| 200/200 [times]", marks=pytest.mark.slow),
        pytest.param(40, "chain 0 100%|bar| 200/200", marks=pytest.mark.slow),
        (26, "chain 0 100%|bar| 200/200"),
    ],
)
def test_narrow_terminal_keeps_the_bar_and_the_percentage(columns, shown):
    written = on_terminal(1, 30, columns)
    assert " 70%|" in written
    assert screen(written) == ["a message", shown, "the end 1 None"]


@pytest.mark.parametrize(("n_chains", "rows"), [(13, 50), (5, 6)], ids=["many chains", "few lines"])
def test_terminal_shows_one_bar_where_many_would_fill_it(n_chains, rows):
    total = 200 * n_chains
    log_joint = f"{-2330123.4 - (n_chains - 1) / 2:,.0f}"
    assert screen(on_terminal(n_chains, rows, 100)) == [
        "a message",
        f"{n_chains} chains     2 clusters  log joint {log_joint}  100%|bar| {total}/{total} [times]",
        "the end 1 None",
    ]


def test_dumb_terminal_gets_lines():
    written = on_terminal(1, 30, 100, term="dumb")
    assert re.sub(r", \d+ s\b", ", 0 s", written).splitlines() == [
        "a message",
        "chains 1, sweeps 200/200, 2 clusters, log joint -2,330,123, 0 s",
        "the end 1 None",
    ]


def test_display_costs_little():
    begun = time.perf_counter()
    with Progress(5, 10_000, stream=Terminal()) as progress:
        for sweeps in range(1000):
            progress.update(sweeps % 5, sweeps, clusters=7, log_joint=-1e6)
    assert time.perf_counter() - begun < 2
