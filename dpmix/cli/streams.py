"""The two streams of a command: results on stdout, everything else on stderr.

A stream may be closed, full, or gone with its reader. Results that cannot be written are an error, except where
the caller closed stdout and so asked for none; messages that cannot be written are lost, and change nothing else.
What is not ours may stand in either, the name of a file for instance, and is shown as `dpmix.base.escaping` has it.
"""

import contextlib
import os
import sys

from dpmix.base.escaping import encoded, for_terminal, shortened

__all__ = ["StdoutClosed", "complain", "flush_messages", "flush_results", "note", "show"]


class StdoutClosed(Exception):
    """The reader of stdout went away, as ``head`` does when it has seen enough."""


def show(text):
    """Write a result, one or more lines, to stdout."""
    with _stdout_checked():
        if sys.stdout is not None:
            _write(str(text), sys.stdout)


def flush_results():
    """Make sure that what was written to stdout has left this process."""
    with _stdout_checked():
        if sys.stdout is not None:
            sys.stdout.flush()


def note(text):
    """Write a message for the user to stderr."""
    if sys.stderr is not None:  # a program without a console has none
        with contextlib.suppress(OSError, ValueError):
            _write(text, sys.stderr)
        flush_messages()


def flush_messages():
    """Give up what stderr does not take: it would fail again when Python ends, and change the exit status."""
    if sys.stderr is not None:
        try:
            sys.stderr.flush()
        except (OSError, ValueError):
            _silence(sys.stderr)


def complain(text):
    """Write `text` to stderr as the one line with which a command ends."""
    note(f"dpmix: {' '.join(shortened(text).split())}")


def _write(text, stream):
    """Write `text` and the end of a line; bytes that are no UTF-8 leave as they came, but not to a terminal."""
    text = "".join(f"{for_terminal(line, keep=_bytes_for(stream))}\n" for line in text.split("\n"))
    binary = getattr(stream, "buffer", None)
    if binary is None:
        stream.write(for_terminal(text, keep="\n"))
        return
    stream.flush()
    binary.write(encoded(text, stream.encoding or "utf-8"))
    binary.flush()


_LONE = "".join(map(chr, range(0xDC80, 0xDD00)))  # what bytes that are no UTF-8 are read as


def _bytes_for(stream):
    return "" if stream is sys.stderr or stream.isatty() else _LONE


@contextlib.contextmanager
def _stdout_checked():
    try:
        yield
    except OSError as error:
        _silence(sys.stdout)  # what is left in the buffer would fail again when Python ends
        if isinstance(error, BrokenPipeError):
            raise StdoutClosed from error
        raise


def _silence(stream):
    """Lead what is left in the buffer of `stream`, and all that follows, nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = os.open(os.devnull, os.O_WRONLY)
        os.dup2(descriptor, stream.fileno())
        os.close(descriptor)
