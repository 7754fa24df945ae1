"""Sentences of which some words differ between scripts and the shell.

A way out is one thing with two names: who samples in a script calls ``dpmix.resume('runs/x')``, who does so
in a shell types ``dpmix resume runs/x``. A `Wording` is the sentence with a *key* in its place::

    Wording("wait for it, or go on with it by {resume}", run="runs/x")

It is a string, in the words for scripts of `SCRIPT_WORDS`; the command line has a table of its own with
the same keys (`dpmix.cli.wording`) and asks for the sentence in those.
"""

import string

__all__ = ["SCRIPT_WORDS", "Wording"]

SCRIPT_WORDS = {
    "resume": "dpmix.resume({run!r})",
    "so_far": "what was drawn is in .posterior of this error and in dpmix.last_run()",
    "lost_folder": "what was drawn is in .posterior of this error and in dpmix.last_run(); "
    "to go on, posterior.save(path), then dpmix.resume(path)",
    "fewer_jobs": "jobs=1",
    "resume_saved": "posterior.save(path), then dpmix.resume(path)",
    "more_sweeps": "posterior.save(path), then dpmix.resume(path, sweeps=...)",
    "resuming": "dpmix.resume",
    "learn_labels": "give them to dpmix.sample, as in dpmix.sample(x, labels=y)",
    "keep_labels": "keep='labels'",
    "five_chains": "chains=5",
    "long_chains": "chains=4, sweeps=400",
    "other_start": "init='random:100'",
    "more_clusters": "max_clusters=...",
    "overwrite": "overwrite=True",
    "threshold": "threshold=... or call binarize(x) first",
    "one_array": "pass key=...",
    "coarse": "prior=dpmix.Prior.coarse(x)",
    "encoding": "encoding={name!r}",
    "delimiter": "delimiter=...",
    "index": "index={name!r}",
    "drop": "drop=[{name!r}]",
    "drop_all": "drop={names!r}",
    "drop_or_label": "drop=[{name!r}], or label={name!r} if it says what the rows are",
    "more_bytes": "pass a larger max_bytes",
    "maximum": "maximum=...",
    "maximum_255": "maximum=255",
    "another_maximum": "another maximum=...",
    "all_known": "{otherwise}",
    "saved_model": "give the path that save was given",
    "learning_rate": "learning_rate",
    "calmer": "use a tenth of it, less momentum, or more weight_decay",
    "early_stopping": "early_stopping",
    "no_early_stopping": "set early_stopping=False",
}


class Wording(str):
    """A sentence that can be had in other words; as a string it speaks of scripts.

    Parameters
    ----------
    template : str
        With ``{name}`` for a value, and ``{key}`` for words that differ.
    **values : object
        What names stand for, in the sentence and in the words of its keys. A value that is itself a
        `Wording` is put in other words along with the sentence.

    Examples
    --------
    >>> Wording("{n} sweeps are missing; go on with {resume}", n=3, run="runs/x")
    "3 sweeps are missing; go on with dpmix.resume('runs/x')"
    """

    def __new__(cls, template, **values):
        self = super().__new__(cls, _fill(template, values, _for_scripts))
        self._template, self._values = template, values
        return self

    def __getnewargs_ex__(self):
        return (self._template,), self._values

    def in_words(self, words):
        """Return the sentence in other words, a str.

        Parameters
        ----------
        words : callable (key, values)
            Returns the words of `key`, given the values of the sentence, a dictionary.
        """
        values = {
            name: value.in_words(words) if isinstance(value, Wording) else value
            for name, value in self._values.items()
        }
        return _fill(self._template, values, words)


def _fill(template, values, words):
    names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    return template.format(**values, **{key: words(key, values) for key in names - values.keys()})


def _for_scripts(key, values):
    return SCRIPT_WORDS[key].format(**values)
