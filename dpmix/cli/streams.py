"""The two streams of a command: results on stdout, everything else on stderr."""

import contextlib
import os
import sys

__all__ = ["StdoutClosed", "complain", "flush_results", "note", "show"]


class StdoutClosed(Exception):
    """The reader of stdout went away, as ``head`` does when it has seen enough."""


def show(text):
    """Write a result, one or more lines, to stdout."""
    with _stdout_checked():
        print(text)


def flush_results():
    """Make sure that what was written to stdout has left this process."""
    with _stdout_checked():
        if sys.stdout is not None:
            sys.stdout.flush()


def note(text):
    """Write a message for the user to stderr."""
    if sys.stderr is not None:  # a program without a console has none
        with contextlib.suppress(OSError):
            print(text, file=sys.stderr, flush=True)


def complain(text):
    """Write `text` to stderr as the one line with which a command ends."""
    note(f"dpmix: {' '.join(text.split())}")


@contextlib.contextmanager
def _stdout_checked():
    try:
        yield
    except OSError as error:
        # What is left in the buffer would fail again when Python ends.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise StdoutClosed from error
        raise
