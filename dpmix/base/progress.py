"""How far the chains are: bars on a terminal, a plain line now and then elsewhere.

A *figure* is a number that says where a chain stands, such as its number of clusters or its log joint (nats).
"""

import contextlib
import functools
import math
import os
import statistics
import sys
import threading
import time

from dpmix.kernels.compile import on_compile

__all__ = ["Progress", "compiling_shown"]

MOST_BARS = 12
USUAL_SIZE = os.terminal_size((80, 24))
SECONDS_BETWEEN_LINES = 10.0
BAR_FORMAT = "{desc}  {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]"


_listening = {"registered": False, "shown": 0}


@contextlib.contextmanager
def compiling_shown(show=True):
    """Within the block, say on ``sys.stderr`` why it takes so long where kernels are compiled first.

    For work that is otherwise short; `Progress` shows work that is not. Nothing is said where the kernels are
    in the cache, or for `show` False.
    """
    if not _listening["registered"]:
        on_compile(_say_compiling)
        _listening["registered"] = True
    _listening["shown"] += show
    try:
        yield
    finally:
        _listening["shown"] -= show


def _say_compiling():
    _listening["registered"] = False  # listeners are called once
    if _listening["shown"] and sys.stderr is not None:
        with contextlib.suppress(OSError, ValueError):
            print("compiling kernels: this happens once and takes some seconds", file=sys.stderr, flush=True)


class Progress:
    """Show the progress of several chains while they run.

    On a terminal there is one bar per chain, or one for all where bars would fill the screen. Elsewhere (a
    file, a notebook) a line about all chains appears at most every 10 s, and one at the end. A stream that
    cannot be written to ends the display, never the work. Methods may be called from any thread.

    Parameters
    ----------
    n_chains : int
    total_sweeps : int
        Sweeps that each chain will have done at the end.
    show : bool
        False shows nothing at all.
    stream : file object, optional
        Where to write, by default ``sys.stderr``.
    started : sequence of int, optional
        Sweeps that each chain has done already, by default none.
    clock : callable, optional
        Returns the time in seconds, never going back.

    Examples
    --------
    >>> import sys
    >>> with Progress(2, 10, stream=sys.stdout) as progress:
    ...     progress.update(0, 10, clusters=4, log_joint=-1234.5)
    ...     progress.update(1, 10, clusters=6, log_joint=-1236.5)
    chains 2, sweeps 10/10, 5 clusters, log joint -1,236, 0 s
    """

    def __init__(self, n_chains, total_sweeps, show=True, stream=None, started=None, clock=time.monotonic):
        stream = sys.stderr if stream is None else stream
        self._display = None
        self._lock = threading.Lock()
        if not show or stream is None:  # a program without a console has no sys.stderr
            return
        done = [0] * n_chains if started is None else list(started)
        with self._display_ends_on_error():
            if not _is_terminal(stream):
                self._display = _Lines(done, total_sweeps, stream, clock)
            elif n_chains <= min(MOST_BARS, (_terminal_size(stream) or USUAL_SIZE).lines - 2):
                self._display = _Bars(done, total_sweeps, stream)
            else:
                self._display = _TotalBar(done, total_sweeps, stream)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def update(self, chain, sweeps_done, **figures):
        """Show that `chain` (counted from 0) has done `sweeps_done` sweeps in all, and its `figures`."""
        with self._lock, self._display_ends_on_error():
            if self._display is not None:
                self._display.update(chain, sweeps_done, figures)

    def message(self, text):
        """Write a line of text without tearing the bars."""
        with self._lock, self._display_ends_on_error():
            if self._display is not None:
                self._display.message(text)

    def close(self):
        """Leave the display in its last state; further calls do nothing."""
        with self._lock, self._display_ends_on_error():
            display, self._display = self._display, None
            if display is not None:
                display.close()

    @contextlib.contextmanager
    def _display_ends_on_error(self):
        try:
            yield
        except Exception:  # noqa: BLE001 (streams fail in many ways, none of which is worth a run)
            self._display = None


class _Lines:
    """One line about all chains at most every 10 s, and one at the end."""

    def __init__(self, done, total, stream, clock):
        self._started = sum(done)
        self._done = done
        self._total = total
        self._figures = {}
        self._stream = stream
        self._clock = clock
        self._begun = self._last = clock()
        self._news = False

    def update(self, chain, sweeps_done, figures):
        self._done[chain] = sweeps_done
        self._figures[chain] = figures
        self._news = True
        if self._clock() - self._last >= SECONDS_BETWEEN_LINES:
            self._write_line()

    def message(self, text):
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def close(self):
        if self._news:
            self._write_line()

    def _write_line(self):
        self._last = self._clock()
        self._news = False
        n, done, slowest = len(self._done), sum(self._done), min(self._done)
        sweeps = f"sweeps {done // n}/{self._total}"
        if slowest < done // n:
            sweeps += f" (slowest {slowest})"
        seconds = self._last - self._begun
        parts = [f"chains {n}", sweeps, *_described(_medians(self._figures)), _duration(seconds)]
        left = n * self._total - done
        if left > 0 and 50 * (done - self._started) >= left:  # from less than 2 % nothing can be told
            parts.append(f"about {_duration(seconds * left / (done - self._started))} left")
        self.message(", ".join(parts))


class _Bars:
    """One bar per chain."""

    def __init__(self, done, total, stream):
        width = len(str(len(done) - 1))
        self._names = [f"chain {chain:>{width}}" for chain in range(len(done))]
        self._bars = []
        for name, n in zip(self._names, done, strict=True):
            self._bars.append(_new_bar(name, total, n, stream))
        self._stream = stream

    def update(self, chain, sweeps_done, figures):
        _move(
            self._bars[chain],
            sweeps_done,
            "  ".join([self._names[chain], *_described(figures, aligned=True)]),
        )

    def message(self, text):
        type(self._bars[0]).write(text, file=self._stream)

    def close(self):
        for bar in self._bars:
            bar.refresh()
        for bar in self._bars:  # closing one moves the lines of the others
            bar.close()


class _TotalBar(_Bars):
    """One bar for all chains together."""

    def __init__(self, done, total, stream):
        self._done = done
        self._figures = {}
        self._stream = stream
        self._bars = [_new_bar(f"{len(done)} chains", len(done) * total, sum(done), stream)]

    def update(self, chain, sweeps_done, figures):
        self._done[chain] = sweeps_done
        self._figures[chain] = figures
        words = [f"{len(self._done)} chains", *_described(_medians(self._figures), aligned=True)]
        _move(self._bars[0], sum(self._done), "  ".join(words))


@functools.cache
def _bar_class():
    from tqdm import tqdm

    class Bar(tqdm):
        # tqdm's own lock would fix the start method of multiprocessing for the whole program, and its monitor
        # is a thread that only bars with many updates a second need.
        _lock = threading.RLock()
        monitor_interval = 0

        def __del__(self):
            """Leave a bar on a stream that has failed alone; `Progress` closes the others."""

    return Bar


def _new_bar(name, total, done, stream):
    fixed = {"ncols": USUAL_SIZE.columns, "nrows": USUAL_SIZE.lines}
    size = {"dynamic_ncols": True} if _terminal_size(stream) else fixed
    return _bar_class()(
        total=total,
        initial=done,
        desc=name,
        file=stream,
        bar_format=BAR_FORMAT,
        miniters=1,
        **size,
    )


def _move(bar, done, description):
    bar.set_description_str(description, refresh=False)
    if done > bar.n:
        bar.update(done - bar.n)
    if done >= bar.total:
        bar.refresh()


def _described(figures, aligned=False):
    """Return words for each figure; `aligned` pads numbers so that bars below each other line up."""
    words = []
    for name, value in figures.items():
        if name == "clusters":
            number = f"{value:,.0f}"
            noun = "cluster" if number == "1" else "clusters"
            words.append(f"{number:>4} {noun:<8}" if aligned else f"{number} {noun}")
        else:
            words.append(f"{name.replace('_', ' ')} {_number(value):>{10 if aligned else 0}}")
    return words


def _number(value):
    return f"{value:,.0f}" if math.isfinite(value) and abs(value) >= 1000 else f"{value:.4g}"


def _medians(figures_by_chain):
    """Return the median over chains of each figure."""
    names = {name: None for figures in figures_by_chain.values() for name in figures}  # in order
    return {
        name: statistics.median(figures[name] for figures in figures_by_chain.values() if name in figures)
        for name in names
    }


def _duration(seconds):
    """Return a time in words: ``"12 s"``, ``"3 min 05 s"``, ``"2 h 07 min"``."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def _is_terminal(stream):
    """Whether bars can be drawn on `stream`; a terminal that calls itself dumb cannot move its cursor."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _terminal_size(stream):
    """Return the columns and lines of a terminal, or None: some do not tell, and report 0."""
    try:
        size = os.get_terminal_size(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    return size if min(size) > 0 else None
