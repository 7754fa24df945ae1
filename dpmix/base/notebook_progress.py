"""Progress in a notebook: bars of tqdm as widgets, or, where there are none, one output whose text is replaced.

Either way a saved notebook holds the last state and no trail of lines.
"""

import sys
import time

__all__ = ["Cell", "in_notebook", "widget_bars"]

SECONDS_BETWEEN_STATES = 1.0
_COLUMNS = 90


def in_notebook(stream):
    """Whether `stream` goes below a cell of a notebook: it is the standard error of a program that a kernel runs."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return stream is sys.stderr and getattr(shell, "kernel", None) is not None


def widget_bars():
    """The class of tqdm's bars for notebooks; None where ipywidgets are not installed."""
    from tqdm import notebook

    return notebook.tqdm if notebook.IProgress is not None else None


class Cell:
    """Bars as lines of text in one output, replaced about once a second.

    Parameters
    ----------
    display : _Display
        What tells of bars, as in `dpmix.base.progress`.
    stream : file object
        Where messages go.
    bar_format : str
        A bar, as tqdm formats it.
    clock : callable, optional
    """

    def __init__(self, display, stream, bar_format, clock=time.monotonic):
        from IPython.display import display as show

        self._display, self._stream, self._format, self._clock = display, stream, bar_format, clock
        self._bars = [[name, "", total, done, done] for name, total, done in display._bars(stream)]
        self._aside = None
        self._begun = self._last = clock()
        self._handle = show(self._state(), raw=True, display_id=True)

    def update(self, part):
        row, done, before, after = self._display._bar(part)
        bar = self._bars[row]
        bar[0], bar[1], bar[3] = "  ".join(before), after, max(done, bar[3])
        self._show(bar[3] >= bar[2])

    def aside(self, name, done, total):
        self._aside = [name, "", total, done, 0] if done < total else None
        self._show(done >= total)

    def message(self, text):
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def restart_clock(self):
        self._begun = self._clock()

    def close(self):
        self._show(True)

    def _show(self, now):
        if now or self._clock() - self._last >= SECONDS_BETWEEN_STATES:
            self._last = self._clock()
            self._handle.update(self._state(), raw=True)

    def _state(self):
        from tqdm import tqdm

        seconds = max(self._clock() - self._begun, 1e-6)
        lines = []
        for name, after, total, done, started in self._bars + ([self._aside] if self._aside else []):
            look = {"ncols": _COLUMNS, "prefix": name, "postfix": after, "bar_format": self._format}
            lines.append(tqdm.format_meter(done, total, seconds, initial=started, **look).rstrip())
        return {"text/plain": "\n".join(lines)}
