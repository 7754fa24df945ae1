"""The program ``dpmix``, also ``python -m dpmix``: what must be right before and after any command runs.

Ctrl-C: while modules are imported there is nothing to lose yet, but much of other people's code that an exception in
its middle leaves in disorder or makes talk; so the program then ends at once. The same holds when the command is
over. In between, a command sees ``KeyboardInterrupt`` as usual.
"""

# PYTHON_ARGCOMPLETE_OK: a shell may ask for the ends of words, see dpmix/cli/completion.py.
import _signal as signal  # what the public module is made of; that takes a millisecond to import, in which Ctrl-C shows
import os
import sys
from importlib import import_module

__all__ = ["program"]

_INTERRUPTED = 130


def program():
    """Run the command that ``sys.argv`` says and end with its exit status."""
    signal.signal(signal.SIGINT, _leave)
    _occupy_closed_streams()
    main = import_module("dpmix.cli").main
    signal.signal(signal.SIGINT, _interrupt)
    status = main()
    signal.signal(signal.SIGINT, _leave)
    sys.exit(status)


def _leave(signum, frame):
    try:
        os.write(2, b"dpmix: interrupted\n")
    except OSError:
        pass
    os._exit(_INTERRUPTED)


def _interrupt(signum, frame):
    if _is_importing(frame) and not _is_writing():
        _leave(signum, frame)
    raise KeyboardInterrupt


def _is_importing(frame):
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _is_writing():
    is_writing = getattr(sys.modules.get("dpmix.base.files"), "is_writing", None)
    return is_writing is not None and is_writing()


def _occupy_closed_streams():
    """Open nothing in the place of a standard stream that is closed, or the next file would be taken for it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    program()
