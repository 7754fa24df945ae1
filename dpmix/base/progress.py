"""How far chains and trainings are: bars on a terminal and in a notebook, a plain line now and then elsewhere.

A *figure* is a number that says where one stands, such as a chain's number of clusters or log joint (nats), or
the loss of an epoch. A stream that cannot be written to ends the display, never the work.
"""

import contextlib
import functools
import math
import os
import statistics
import sys
import threading
import time

from dpmix.base.notebook_progress import Cell, in_notebook, widget_bars
from dpmix.kernels.compile import on_compile

__all__ = ["EpochBar", "Progress", "compiling_shown"]

MOST_BARS = 12
USUAL_SIZE = os.terminal_size((80, 24))
SECONDS_BETWEEN_LINES, MOST_BETWEEN_LINES = 10.0, 3600.0
BAR_FORMAT = "{desc}  {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}{postfix}]"
NARROW = 60  # columns, below which a bar has neither figures nor times
NARROW_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt}"
_BESIDE = 34  # columns that a bar, its percentage and its times need beside the figures

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


class _Display:
    """What `Progress` and `EpochBar` share; their methods may be called from any thread.

    A subclass tells what there is to show: ``_bars(stream)``, for each bar that a terminal gets its name, total
    and what is done already; ``_bar(part)``, after `part` has changed, which bar moves, to where, and the texts
    before and after it; and ``_line(seconds)``, all of it in a line, so long after the start.
    """

    def __init__(self, show, stream, clock):
        self._lock = threading.Lock()
        self._shown = None
        stream = sys.stderr if stream is None else stream
        if show and stream is not None:  # a program without a console has no sys.stderr
            with self._guarded():
                self._shown = _suited(self, stream, clock)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def message(self, text):
        """Write a line of text without tearing the bars."""
        with self._guarded():
            if self._shown is not None:
                self._shown.message(text)

    def aside(self, name, done, total):
        """Show how far something is that comes before the work and is no part of it; gone once all is done."""
        with self._guarded():
            if self._shown is not None:
                self._shown.aside(name, done, total)

    def restart_clock(self):
        """What comes now is timed from here, as if it had just begun."""
        with self._guarded():
            if self._shown is not None:
                self._shown.restart_clock()

    def close(self):
        """Leave the display in its last state; further calls do nothing."""
        with self._guarded():
            shown, self._shown = self._shown, None
            if shown is not None:
                shown.close()

    @contextlib.contextmanager
    def _guarded(self):
        """One thread at a time, and an error ends the display, never the work."""
        with self._lock:
            try:
                yield
            except Exception:  # noqa: BLE001 (streams fail in many ways, none of which is worth a run)
                self._shown = None


class Progress(_Display):
    """Show the progress of several chains while they run.

    On a terminal there is one bar per chain, or one for all where bars would fill the screen. Elsewhere (a
    file) a line about all chains appears after 10 s, then ever more rarely, at last once an hour, and one at the
    end. In a notebook there are bars from the start, and nothing but their last state is kept.

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
        self._total = total_sweeps
        self._done = [0] * n_chains if started is None else list(started)
        self._started = sum(self._done)
        self._figures = {}
        self._names = []
        super().__init__(show, stream, clock)

    def update(self, chain, sweeps_done, **figures):
        """Show that `chain` (counted from 0) has done `sweeps_done` sweeps in all, and its `figures`."""
        with self._guarded():
            if self._shown is not None:
                self._done[chain], self._figures[chain] = sweeps_done, figures
                self._shown.update(chain)

    def _bars(self, stream):
        n = len(self._done)
        if n > min(MOST_BARS, (_terminal_size(stream) or USUAL_SIZE).lines - 2):
            self._names = [f"{n} chains"]
            return [(self._names[0], n * self._total, self._started)]
        self._names = [f"chain {chain:>{len(str(n - 1))}}" for chain in range(n)]
        return [(name, self._total, done) for name, done in zip(self._names, self._done, strict=True)]

    def _bar(self, chain):
        if len(self._names) == len(self._done):
            row, done, figures = chain, self._done[chain], self._figures[chain]
        else:
            row, done, figures = 0, sum(self._done), _medians(self._figures)
        return row, done, [self._names[row], *_described(figures, aligned=True)], ""

    def _line(self, seconds):
        n, done, slowest = len(self._done), sum(self._done), min(self._done)
        sweeps = f"sweeps {done // n}/{self._total}"
        if slowest < done // n:
            sweeps += f" (slowest {slowest})"
        parts = [f"chains {n}", sweeps, *_described(_medians(self._figures)), _duration(seconds)]
        left = n * self._total - done
        if left > 0 and 50 * (done - self._started) >= left:  # from less than 2 % nothing can be told
            parts.append(f"about {_duration(seconds * left / (done - self._started))} left")
        return ", ".join(parts)


class EpochBar(_Display):
    """The epochs of a training that are done, with the latest figures, on ``sys.stderr``.

    Parameters
    ----------
    name : str
        What is trained.
    n_epochs : int
    show : bool
        False shows nothing.
    """

    def __init__(self, name, n_epochs, show=True):
        self._name, self._n_epochs, self._done, self._figures = name, n_epochs, 0, {}
        super().__init__(show, None, time.monotonic)

    def update(self, **figures):
        """One more epoch is done."""
        with self._guarded():
            if self._shown is not None:
                self._done, self._figures = self._done + 1, figures
                self._shown.update(0)

    def _bars(self, stream):
        return [(self._name, self._n_epochs, 0)]

    def _bar(self, part):
        return 0, self._done, [self._name], ", ".join(_described(self._figures))

    def _line(self, seconds):
        return ", ".join([f"{self._name}: epoch {self._done}/{self._n_epochs}", *_described(self._figures)])


def _suited(display, stream, clock):
    """Bars on a terminal and in a notebook, lines elsewhere."""
    if in_notebook(stream):
        widgets = widget_bars()
        return _Bars(display, stream, widgets) if widgets else Cell(display, stream, BAR_FORMAT, clock)
    if not _is_terminal(stream):
        return _Lines(display, stream, clock)
    from tqdm import tqdm

    return _Bars(display, stream, tqdm)


class _Lines:
    """A line after 10 s, each next one after as long again, up to an hour, and one at the end where there is news."""

    def __init__(self, display, stream, clock):
        self._display, self._stream, self._clock = display, stream, clock
        self._begun = self._last = clock()
        self._news = False

    def update(self, part):
        self._news = True
        if self._is_time():
            self._write_line()

    def aside(self, name, done, total):
        if done < total and self._is_time():
            self._last = self._clock()
            self.message(f"{name}: {done} of {total}")

    def _is_time(self):
        wait = min(max(self._last - self._begun, SECONDS_BETWEEN_LINES), MOST_BETWEEN_LINES)
        return self._clock() - self._last >= wait

    def message(self, text):
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def restart_clock(self):
        self._begun = self._last = self._clock()

    def close(self):
        if self._news:
            self._write_line()

    def _write_line(self):
        self._last, self._news = self._clock(), False
        self.message(self._display._line(self._last - self._begun))


class _Bars:
    """Bars of tqdm, one below the other."""

    def __init__(self, display, stream, base):
        self._display, self._stream, self._class = display, stream, _bar_class(base)
        self._bars, self._aside = [], None
        for name, total, done in display._bars(stream):
            self._bars.append(_new_bar(self._class, name, total, done, stream))

    def update(self, part):
        row, done, before, after = self._display._bar(part)
        bar = self._bars[row]
        columns = (_terminal_size(self._stream) or USUAL_SIZE).columns
        narrow = columns < NARROW
        bar.bar_format = NARROW_FORMAT if narrow else BAR_FORMAT
        bar.set_description_str(before[0] if narrow else _fitting(before, columns - _BESIDE), refresh=False)
        bar.set_postfix_str("" if narrow else after, refresh=False)
        if done > bar.n:
            bar.update(done - bar.n)
        if done >= bar.total:
            bar.refresh()

    def aside(self, name, done, total):
        if self._aside is None and done < total:
            self._aside = _new_bar(self._class, name, total, 0, self._stream)
            self._aside.leave = False
        if self._aside is not None:
            self._aside.update(done - self._aside.n)
            if done >= total:
                bar, self._aside = self._aside, None
                bar.close()

    def message(self, text):
        self._class.write(text, file=self._stream)

    def restart_clock(self):
        for bar in self._bars:
            bar.start_t = bar.last_print_t = bar._time()

    def close(self):
        if self._aside is not None:
            self._aside.close()
        for bar in self._bars:
            bar.refresh()
        for bar in self._bars:  # closing one moves the lines of the others
            bar.close()


@functools.cache
def _bar_class(base):
    class Bar(base):
        # tqdm's own lock would fix the start method of multiprocessing for the whole program, and its monitor
        # is a thread that only bars with many updates a second need.
        _lock = threading.RLock()
        monitor_interval = 0

        def __del__(self):
            """Leave a bar on a stream that has failed alone; `Progress` closes the others."""

    return Bar


def _new_bar(bar_class, name, total, done, stream):
    fixed = {"ncols": USUAL_SIZE.columns, "nrows": USUAL_SIZE.lines}
    size = {"dynamic_ncols": True} if _terminal_size(stream) else fixed
    return bar_class(
        total=total, initial=done, desc=name, file=stream, bar_format=BAR_FORMAT, miniters=1, **size
    )


def _fitting(words, columns):
    """As many of `words` as have room, from the first one, which always stays."""
    shown = words[:1]
    for word in words[1:]:
        if len("  ".join([*shown, word])) > columns:
            break
        shown.append(word)
    return "  ".join(shown)


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
