"""Every option of every command that takes a number: what is none, or beyond all measure, is refused at once."""

import argparse

import pytest

from dpmix.cli import _parser, main
from dpmix.cli.priors import read_prior
from dpmix.cli.training import read_rate
from support.bad_input import write_files
from support.shell import is_one_error

ENDLESS = "9" * 5000
NO_NUMBERS = ["1_0", "٣", "１.５", "0x10", "nan", "-inf", "1e999", "True", "", ENDLESS, "ten"]


def numeric_options():
    """Every (command, option, type) of which the type is a number."""
    subparsers = next(each for each in _parser()._actions if isinstance(each, argparse._SubParsersAction))
    for command, parser in subparsers.choices.items():
        for action in parser._actions:
            if action.type in (int, float, read_prior, read_rate):
                yield command, action.option_strings[0], action.type


OPTIONS = list(numeric_options())
REQUIRED = {
    "assign": "RUN digits -o c.csv",
    "complete": "RUN digits",
    "demo": "",
    "denoise": "RUN digits --noise 0.4,0.05 -o p.png",
    "encode": "digits --model rbm -o c.npz",
    "fit": "grey.npy -o run",
    "classify": "RUN digits",
    "partition": "RUN",
    "profile": "RUN",
    "plot": "RUN clusters -o c.png",
    "probe": "rbm.npz weights -o p.png",
    "reconstruct": "rbm.npz digits -o p.png",
    "report": "RUN -o r.html",
    "resume": "RUN",
    "sample": "RUN -o x.npy",
    "score": "RUN grey.npy",
    "train": "grey.npy --model rbm -o m.npz",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    write_files(folder)
    return folder


def test_there_are_such_options():
    assert {command for command, _, _ in OPTIONS} <= set(REQUIRED)
    assert {"--threshold", "--chains", "--seed", "--learning-rate", "--alpha"} <= {
        name for _, name, _ in OPTIONS
    }


@pytest.mark.parametrize(("command", "option", "kind"), OPTIONS)
def test_no_number_is_refused_before_any_work(command, option, kind, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    for word in NO_NUMBERS:
        assert main([command, *REQUIRED[command].split(), f"{option}={word}"]) == 2
        shown = capsys.readouterr()
        assert shown.out == "" and is_one_error(shown.err) and len(shown.err) < 500
        assert option in shown.err
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "line",
    [
        "complete RUN digits --hide top -o p.png --rows 0:ENDLESS",
        "train digits --model dbn --layers 8,ENDLESS -o m.npz",
        "train digits --model dbn --layers 8,1_0 -o m.npz",
        "train digits --model autoencoder --noise 0_4,0.05 -o m.npz",
        "train digits --model autoencoder --noise nan,0.05 -o m.npz",
        "train digits --model autoencoder --noise ENDLESS,0 -o m.npz",
        "fit digits -o run --init random:ENDLESS",
        "fit digits -o run --init seeds:1_0",
        "fit digits -o run --classes ENDLESS",
    ],
)
def test_numbers_inside_of_words(line, folder, finished_run, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    words = {"RUN": str(finished_run)}
    assert main([words.get(word, word).replace("ENDLESS", ENDLESS) for word in line.split()]) == 2
    shown = capsys.readouterr()
    assert shown.out == "" and is_one_error(shown.err) and len(shown.err) < 500
