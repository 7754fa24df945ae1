"""What the library says to scripts, said in the shell: every key has its words, none of them Python."""

import ast
import string
from pathlib import Path

import numpy as np
import pytest

import dpmix
from dpmix.base.errors import RunError
from dpmix.base.wording import SCRIPT_WORDS, Wording
from dpmix.cli import main
from dpmix.cli.wording import SHELL_WORDS, in_shell_words, message_of
from dpmix.store.run_folder import RunFolder
from support.shell import LIBRARY_WORDS

SOURCES = sorted(Path(dpmix.__file__).parent.rglob("*.py"))


def wordings():
    """For every place in the sources that makes a `Wording`: where, the template or None, names of values."""
    constants = {}
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                constants[path, node.targets[0].id] = node.value.value
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Wording":
                first = call.args[0]
                named = constants.get((path, first.id)) if isinstance(first, ast.Name) else None
                template = first.value if isinstance(first, ast.Constant) else named
                yield f"{path}:{call.lineno}", template, {keyword.arg for keyword in call.keywords}


def test_every_key_in_the_sources_has_words_for_scripts_and_for_the_shell():
    used = set()
    for where, template, values in wordings():
        assert isinstance(template, str), f"{where}: the template must be written out"
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        assert values <= names | {"run", "otherwise", "name", "names", "listed"}, (
            f"{where}: values that nothing uses"
        )
        assert names - values <= SHELL_WORDS.keys(), f"{where}: no words for {names - values}"
        assert not values & SCRIPT_WORDS.keys(), f"{where}: a value that has the name of a key"
        used |= names - values
    assert used == SCRIPT_WORDS.keys() == SHELL_WORDS.keys()


def test_shell_words_hold_no_python():
    for words in SHELL_WORDS.values():
        assert not LIBRARY_WORDS.search(words)
    missed = [key for key, words in SCRIPT_WORDS.items() if LIBRARY_WORDS.search(words)]
    assert len(missed) > 8  # that the search can find something


def test_names_of_runs_are_quoted_as_the_shell_needs_it():
    error = RunError("it stopped", Wording("go on with {resume}", run="my run"))
    assert str(error) == "it stopped; go on with dpmix.resume('my run')"
    assert message_of(error) == "it stopped; go on with 'dpmix resume 'my run''"
    note = Wording("Run more sweeps: {more_sweeps}.")
    assert in_shell_words(note, "a b") == "Run more sweeps: 'dpmix resume 'a b' --sweeps N'."
    assert in_shell_words(note) == "Run more sweeps: 'dpmix resume RUN --sweeps N'."


def test_messages_are_one_line_and_other_exceptions_speak_for_themselves():
    assert message_of(ValueError("two\nlines")) == "two lines"
    assert message_of(KeyboardInterrupt()) == ""
    assert message_of(UserWarning(Wording("lower {learning_rate}"))) == "lower --learning-rate"


@pytest.fixture
def burning_in(tmp_path, monkeypatch):
    """A run that was stopped before its first draw."""
    write = RunFolder.write_chain

    def write_and_stop(self, chain_ix, record):
        write(self, chain_ix, record)
        if record.sweeps:
            raise RuntimeError("stopped")

    monkeypatch.setattr(RunFolder, "write_chain", write_and_stop)
    options = {"chains": 1, "sweeps": 10**5, "burn_in": 10**5 - 1, "jobs": 1, "progress": False}
    with pytest.raises(RuntimeError, match="stopped"):
        dpmix.sample(np.eye(64, dtype=int), seed=0, out=tmp_path / "run", **options)
    return str(tmp_path / "run")


@pytest.mark.parametrize(
    "words", ["plot RUN clusters", "plot RUN hyperparameters", "plot RUN gallery", "score RUN digits"]
)
def test_a_run_without_draws_is_to_be_resumed(words, burning_in, capsys):
    out = [] if "digits" in words else ["-o", f"{burning_in}.png"]
    assert main([*words.replace("RUN", burning_in).split(), *out]) == 2
    assert f" with 'dpmix resume {burning_in}'\n" in capsys.readouterr().err
