"""What the library says, in words of the shell: options and commands in the place of arguments and calls."""

import shlex

from dpmix.base.escaping import for_terminal
from dpmix.base.wording import Wording

__all__ = ["SHELL_WORDS", "in_shell_words", "message_of"]

# The keys are those of `dpmix.base.wording.SCRIPT_WORDS`.
SHELL_WORDS = {
    "resume": "'dpmix resume {run}'",
    "so_far": "what was drawn is in {run}",
    "lost_folder": "what was saved is in that folder, wherever it is now, and 'dpmix resume' goes on with it there",
    "fewer_jobs": "--jobs 1",
    "resume_saved": "'dpmix resume {run}'",
    "more_sweeps": "'dpmix resume {run} --sweeps N'",
    "resuming": "'dpmix resume {run}'",
    "learn_labels": "'dpmix fit --labels' learns them",
    "keep_labels": "'dpmix fit --keep labels'",
    "five_chains": "--chains 5",
    "long_chains": "--chains 4 --sweeps 400",
    "other_start": "--init random:100",
    "more_clusters": "--max-clusters K",
    "overwrite": "--overwrite",
    "threshold": "--threshold T",
    "one_array": "keep one array, or call it x",
    "coarse": "'dpmix fit --coarse'",
    "encoding": "--encoding {name}",
    "delimiter": "--delimiter CHARACTER",
    "index": "--index {name}",
    "drop": "--drop {name}",
    "drop_all": "--drop {listed}",
    "drop_or_label": "--drop {name}, or --label-column {name} if it says what the rows are",
    "more_bytes": "save it unpacked, or in smaller files",
    "maximum": "--maximum",
    "maximum_255": "--maximum 255",
    "another_maximum": "--maximum M",
    "all_known": "here every pixel must be known; 'dpmix fit' and the commands that ask a run take NaN as "
    "not observed",
    "saved_model": "'dpmix train' writes one",
    "learning_rate": "--learning-rate",
    "calmer": "use a tenth of it",
    "early_stopping": "--early-stopping",
    "no_early_stopping": "leave that out",
}


def in_shell_words(text, run="RUN"):
    """Return `text` in words of the shell where it is a `Wording`, else as it is.

    Parameters
    ----------
    text : str
    run : str
        The run folder that the command reads, for sentences that do not know its name.
    """

    def words(key, values):
        named = {"run": run, **values}
        return SHELL_WORDS[key].format(**{name: shlex.quote(str(value)) for name, value in named.items()})

    return text.in_words(words) if isinstance(text, Wording) else text


def message_of(error, run="RUN"):
    """Return what an exception or a warning says as one line in words of the shell; see `in_shell_words`."""
    said = error.args[0] if error.args and isinstance(error.args[0], Wording) else str(error)
    return " ".join(for_terminal(in_shell_words(said, run), keep="\n").split())
