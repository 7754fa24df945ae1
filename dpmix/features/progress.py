"""Progress of a training, on stderr: a bar on a terminal, a plain line now and then elsewhere."""

import sys
import time

__all__ = ["EpochBar"]

_SECONDS_BETWEEN_LINES = 10.0


class EpochBar:
    """The epochs done, with the latest figures; ``show=False`` shows nothing.

    Parameters
    ----------
    name : str
        What is trained.
    n_epochs : int
    show : bool
    """

    def __init__(self, name, n_epochs, show):
        self._name, self._n_epochs, self._done = name, n_epochs, 0
        self._show = bool(show) and sys.stderr is not None
        self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
        self._last_line, self._bar = "", None
        if self._show and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=n_epochs, desc=name, unit="epoch")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._bar is not None:
            self._bar.close()
        elif self._show and self._last_line:
            self._write()

    def update(self, **figures):
        """One more epoch is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.set_postfix({name: f"{value:.4g}" for name, value in figures.items()}, refresh=False)
            self._bar.update()
        elif self._show:
            words = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items()]
            epochs = f"{self._name}: epoch {self._done}/{self._n_epochs}"
            self._last_line = ", ".join([epochs, *words])
            if time.monotonic() >= self._next_line:
                self._write()

    def _write(self):
        print(self._last_line, file=sys.stderr, flush=True)
        self._last_line, self._next_line = "", time.monotonic() + _SECONDS_BETWEEN_LINES
