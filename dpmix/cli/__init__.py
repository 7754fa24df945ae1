"""The command line ``dpmix``: results on stdout; messages, progress and errors on stderr.

Exit status: 0 fine, 2 bad input or usage, or stdout is full, 3 a worker process failed or memory ran out,
130 Ctrl-C, 141 stdout was closed by its reader, 143 SIGTERM; whatever happens to stderr changes nothing. Modules
here import at their top only what ``dpmix --help`` needs, which is not even NumPy.
"""

import argparse
import contextlib
import errno
import os
import signal
import sys
import threading

from dpmix.base.errors import InputError, WorkerError
from dpmix.base.version import __version__
from dpmix.cli import (
    assign,
    classify,
    complete,
    demo,
    denoise,
    encode,
    fetch,
    fit,
    info,
    partition,
    plot,
    probe,
    profile,
    reconstruct,
    report,
    resume,
    sample,
    score,
    train,
)
from dpmix.cli.completion import complete_words
from dpmix.cli.options import check_finite_options
from dpmix.cli.parser import Parser, by_groups
from dpmix.cli.streams import StdoutClosed, complain, flush_messages, flush_results
from dpmix.cli.wording import message_of

__all__ = ["main"]

BAD_INPUT, WORKER_FAILED, INTERRUPTED, STDOUT_CLOSED, TERMINATED = 2, 3, 130, 141, 143

_NO_ROOM = (
    "failed to map segment",
    "annot allocate memory",
)  # what the loader of libraries says where memory ran out

# One module each, in the order of `dpmix --help`.
_GROUPS = {
    "get started": (demo, fetch),
    "runs": (fit, resume, info, plot, report),
    "queries": (complete, denoise, sample, score, classify),
    "partitions": (partition, profile, assign),
    "features": (train, encode, reconstruct, probe),
}

_DESCRIPTION = """\
Cluster binary images without saying how many clusters there are, then ask what is hidden in an image.

A run is a folder: 'fit' writes one, the other commands about runs, queries and partitions read it. A model is
a file that turns images into features or labels: 'train' writes one, the other commands about features read it."""

_EPILOG = """\
examples:
  dpmix demo                                       a first look, in seconds
  dpmix fit digits -o run --init random:40         cluster the digits that come with scikit-learn
  dpmix info run                                   see where the chains stand
  dpmix plot run clusters -o clusters.png          look at the clusters
  dpmix complete run digits --hide bottom -o completions.png

'dpmix COMMAND --help' tells more about a command."""


def main(argv=None):
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        The words after ``dpmix``; by default those of the program.

    Returns
    -------
    int
        Exit status.
    """
    terminated, arguments = threading.Event(), None
    try:
        with _sigterm_interrupts(terminated):
            arguments = _understood(argv)
            check_finite_options(arguments)
            arguments.run(arguments)
            flush_results()
    except SystemExit as finished:  # of argparse, after --help or a usage error
        return finished.code or 0
    except StdoutClosed:
        return STDOUT_CLOSED
    except KeyboardInterrupt as interrupt:
        complain(message_of(interrupt) or "interrupted")
        return TERMINATED if terminated.is_set() else INTERRUPTED
    except WorkerError as error:
        complain(f"error: {message_of(error, getattr(arguments, 'folder', 'RUN'))}")
        return WORKER_FAILED
    except (
        MemoryError,
        OSError,
        ImportError,
    ) as error:  # ImportError: not installed, or refuses its settings
        if _lacks_memory(error):  # runs have a word of their own for it, with what was drawn
            said = f": {error}" if str(error) else ""
            complain(f"error: memory ran out{said}; free some, or ask for less at once")
            return WORKER_FAILED
        complain(f"error: {_reason(error) if isinstance(error, OSError) else error}")
        return BAD_INPUT
    except InputError as error:
        complain(f"error: {message_of(error, getattr(arguments, 'folder', 'RUN'))}")
        return BAD_INPUT
    finally:
        flush_messages()
    return 0


def _lacks_memory(error):
    """Whether memory ran out: the system and the loader of libraries have words of their own for it."""
    return (
        isinstance(error, MemoryError)
        or getattr(error, "errno", None) == errno.ENOMEM
        or (isinstance(error, ImportError) and any(words in str(error) for words in _NO_ROOM))
    )


def _reason(error):
    """What the operating system refused, in words."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return "the current folder no longer exists; change to another one"
    except OSError:
        pass
    return f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}"


def _parser():
    layout = argparse.RawDescriptionHelpFormatter
    parser = Parser(
        prog="dpmix",
        usage="dpmix COMMAND ...",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=layout,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"dpmix {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, prog="dpmix", help=argparse.SUPPRESS)
    by_groups(parser, commands, _GROUPS)
    return parser


def _understood(argv):
    """The arguments of the words `argv`; ``help`` stands for ``--help``, as elsewhere, and so does no word at all."""
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks for the ends of a word
        complete_words(parser)
    words = list(sys.argv[1:] if argv is None else argv)
    if not words:
        parser.print_help()
        raise SystemExit(BAD_INPUT)  # nothing was done
    return parser.parse_args([*words[1:], "--help"] if words[0] == "help" else words)


@contextlib.contextmanager
def _sigterm_interrupts(terminated):
    """Let SIGTERM end the work as Ctrl-C does; `terminated` tells the two apart."""
    if threading.current_thread() is not threading.main_thread():  # only the main thread can handle signals
        yield
        return

    def interrupt(signum, frame):
        terminated.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
