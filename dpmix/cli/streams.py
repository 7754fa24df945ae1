"""The two streams of a command: results on stdout, everything else on stderr."""

import contextlib
import os
import re
import shlex
import sys

__all__ = ["StdoutClosed", "complain", "flush_results", "in_shell_words", "note", "show"]

_SHELL_WORDS = {
    "overwrite=True": "--overwrite",
    "threshold=... or call binarize(x) first": "--threshold T",
    "; pass key=...": "; keep one array, or call it x",
    "pass another maximum=...": "pass --maximum M",
    "maximum=255 for 8-bit greys": "--maximum 255 for 8-bit greys",
    "maximum=... is for": "--maximum is for",
    "give the path that save was given": "'dpmix train' writes one",
    "n_iter must": "--epochs must",
    "batch_size must": "--batch-size must",
    "learning_rate must": "--learning-rate must",
    "learning_rate is too high": "--learning-rate is too high",
    "lower learning_rate": "lower --learning-rate",
    "use a tenth of it, less momentum, or more weight_decay": "use a tenth of it",
    "which early_stopping splits; set early_stopping=False": "which --early-stopping splits; leave that out",
}


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
    note(f"dpmix: {in_shell_words(' '.join(text.split()))}")


def in_shell_words(text, run=None):
    """Put the ways out that the library tells to scripts as one types them in a shell.

    Parameters
    ----------
    text : str
    run : str, optional
        The run folder that the command reads.
    """
    if run is not None:
        more = "posterior.save(path), then dpmix.resume(path, sweeps=...)"
        text = text.replace(more, f"'dpmix resume {shlex.quote(run)} --sweeps N'")
        text = text.replace("(chains=5)", "(--chains 5)").replace("init='random:100'", "--init random:100")
    call = r"dpmix\.resume\((['\"])(.*?)\1\)"
    text = re.sub(call, lambda found: f"'dpmix resume {shlex.quote(found[2])}'", text)
    unknown = (
        "here every pixel must be known; 'dpmix fit' and the commands that ask a run take NaN as not observed"
    )
    text = re.sub(r"(found nan at [^;]*); .*", lambda found: f"{found[1]}; {unknown}", text)
    for script, shell in _SHELL_WORDS.items():
        text = text.replace(script, shell)
    return text


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
