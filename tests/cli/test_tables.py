"""Tables at the shell: every verb takes them, names come out again, and what is wrong is named."""

import csv
import json

import numpy as np
import pytest

import dpmix
from dpmix.cli import main
from support.shell import is_one_error

COLUMNS = "--index id --label-column kind"


def rows(seed, n):
    generator = np.random.default_rng(seed)
    for k in range(n):
        z = generator.integers(2)
        on = generator.random(4) < ((0.95, 0.9, 0.1, 0.2), (0.1, 0.05, 0.9, 0.5))[z]
        cells = [f"p{seed}-{k}", ("no", "yes")[int(on[0])], ("female", "male")[int(on[1])], *map(int, on[2:])]
        if k % 9 == 0:
            cells[3] = "NA"
        yield [*cells, "ab"[z]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a survey, new answers to it, and the run of the first."""
    folder = tmp_path_factory.mktemp("tables")
    for name, seed, n in (("survey.csv", 0, 120), ("new.csv", 1, 20)):
        with open(folder / name, "w", newline="") as file:
            csv.writer(file).writerows([["id", "smokes", "sex", "old", "city", "kind"], *rows(seed, n)])
    words = f"{COLUMNS} --chains 1 --sweeps 20 --seed 1 --coarse --quiet"
    assert main(["fit", str(folder / "survey.csv"), "-o", str(folder / "run"), *words.split()]) == 0
    return folder


@pytest.fixture
def here(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return folder


def table_in(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def call(words, here):
    return main([str(here / word) if (here / word).exists() else word for word in words.split()])


def test_info_tells_names_and_values(here, capsys):
    assert call("info run", here) == 0
    told = capsys.readouterr().out
    assert "rows     120 of a table of 4 columns" in told
    assert "columns  smokes, sex, old, city" in told and "sex: female 0, male 1" in told
    assert call("info run --json", here) == 0
    fields = json.loads(capsys.readouterr().out)
    assert fields["columns"]["values"] == {"smokes": ["no", "yes"], "sex": ["female", "male"]}
    assert fields["prior"]["alpha"] == 0.1


def test_fit_tells_what_the_values_stand_for(here, capsys):
    assert call(f"fit survey.csv -o r {COLUMNS} --chains 1 --sweeps 2 --quiet", here) == 0
    assert "0 and 1 are: smokes: no 0, yes 1; sex: female 0, male 1" in capsys.readouterr().err


def test_partition_and_assign_give_names(here, tmp_path):
    assert call("partition run -o x.csv --labels survey.csv --label-column kind", here) == 0
    table = table_in(tmp_path / "x.csv")
    assert [row["name"] for row in table[:2]] == ["p0-0", "p0-1"] and {row["label"] for row in table} == {
        "a",
        "b",
    }
    assert call(f"assign run new.csv {COLUMNS} -o c.csv --odd-first", here) == 0
    found = table_in(tmp_path / "c.csv")
    assert {row["name"] for row in found} == {f"p1-{k}" for k in range(20)}
    nats = [float(row["log_predictive"]) for row in found]
    assert nats == sorted(nats)


def test_profile_says_writes_and_draws(here, tmp_path, capsys):
    assert call("profile run --most 2", here) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Cluster 0, " in told and "smokes = " in told and "elsewhere" in told
    assert call("profile run -o p.csv", here) == 0
    table = table_in(tmp_path / "p.csv")
    assert {row["column"] for row in table} == {"smokes", "sex", "old", "city"}
    assert call("profile run -o p.png --json", here) == 0
    out = capsys.readouterr().out
    assert (tmp_path / "p.png").stat().st_size > 1000
    fields = json.loads(out[out.index("{") :])
    assert fields["values"]["sex"] == ["female", "male"] and fields["clusters"][0]["columns"]
    for what in ("clusters", "gallery", "profiles", "hyperparameters"):
        assert call(f"plot run {what} -o {what}.png", here) == 0


VERBS = [
    f"score run new.csv {COLUMNS} --labels",
    f"complete run new.csv {COLUMNS} --hide right --json",
    f"complete run new.csv {COLUMNS} -o c.png",
    f"denoise run new.csv {COLUMNS} --noise 0.1,0.1 -o d.png",
    f"fit survey.csv[0:50] -o r {COLUMNS} --labels --chains 1 --sweeps 2 --quiet",
    "train survey.csv --index id --drop old --label-column kind --model rbm --layers 3 --epochs 1 -o m.npz --quiet",
    "encode survey.csv --index id --drop old --label-column kind --model rbm --layers 3 --epochs 1 -o e.npz --quiet",
    "plot run contingency --labels survey.csv --label-column kind -o k.png",
]


@pytest.mark.parametrize("words", VERBS)
def test_every_verb_takes_a_table(words, here, capsys):
    words = words.replace("survey.csv[0:50]", f"{here / 'survey.csv'}[0:50]")
    assert call(words, here) == 0, capsys.readouterr().err


REFUSED = {
    "score run new.csv": ["new.csv, line 1", "it has 'id', 'kind'", "--drop id"],
    "fit survey.csv -o r": ["column 'id'", "more than 64", "--drop id"],
    "fit survey.csv -o r --drop id,kin": ["no column 'kin', as drop names; is 'kind' meant?"],
    "fit survey.csv -o r --index nr": ["line 1", "no column 'nr'"],
    "fit digits -o r --index id": ["index is for tables"],
    f"fit survey.csv -o r {COLUMNS} --invert": ["cannot be inverted"],
    f"fit survey.csv -o r {COLUMNS} --coarse --alpha 2": [
        "--coarse is a prior of its own and excludes --alpha"
    ],
    "partition run --labels survey.csv": ["--label-column"],
    "partition run --label-column kind": ["pass --labels, too"],
    "plot run trace -o t.png --label-column kind": ["--label-column is for contingency"],
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_wrong_is_told_with_the_way_out(words, here, capsys):
    assert call(words, here) == 2
    said = capsys.readouterr().err
    assert all(part in said for part in REFUSED[words]), said


def test_fine_is_a_prior(here, tmp_path):
    assert call(f"fit survey.csv -o r {COLUMNS} --fine --chains 1 --sweeps 2 --quiet", here) == 0
    assert dpmix.load(tmp_path / "r").plan.prior == dpmix.Prior.fine()


def test_a_file_of_another_delimiter_is_one_line_of_error(here, tmp_path):
    (tmp_path / "t.csv").write_text("a:b\n1:0\n0:1\n1:1\n")
    from support.shell import program

    told = program("fit", "t.csv", "-o", "r", cwd=tmp_path)
    assert is_one_error(told.stderr) and "--delimiter" in told.stderr


@pytest.mark.slow
def test_labels_keep_their_names(here, tmp_path, capsys):
    options = f"{COLUMNS} --labels --chains 1 --sweeps 20 --seed 1 --quiet"
    assert call(f"fit survey.csv -o labelled {options}", here) == 0
    assert dpmix.load(tmp_path / "labelled").label_names == ("a", "b")
    lines = (here / "new.csv").read_text().splitlines()
    (tmp_path / "b.csv").write_text("\n".join([lines[0], *(line for line in lines if line.endswith(",b"))]))
    (tmp_path / "new.csv").write_text("\n".join(lines).replace(",b", ",beta"))
    for source in ("b.csv", "new.csv"):
        capsys.readouterr()
        assert call(f"classify labelled {tmp_path / source} {COLUMNS} --json", here) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["classes"][-1] == ("b" if source == "b.csv" else "beta")
        assert (found["accuracy"] > 0.6) is (source == "b.csv")
    assert call(f"classify labelled {tmp_path / 'b.csv'} {COLUMNS} -o confusion.png", here) == 0
    (tmp_path / "numbers.csv").write_text(
        (here / "new.csv").read_text().replace(",a", ",0").replace(",b", ",1")
    )
    capsys.readouterr()
    assert call(f"classify labelled {tmp_path / 'numbers.csv'} {COLUMNS}", here) == 2
    assert "has labels that are numbers" in capsys.readouterr().err


@pytest.mark.slow
def test_new_rows_and_filled_gaps_are_tables_again(here, tmp_path, capsys):
    assert call("sample run --size 9 -o new-rows.csv", here) == 0
    drawn = table_in(tmp_path / "new-rows.csv")
    assert len(drawn) == 9 and {row["sex"] for row in drawn} == {"female", "male"}
    assert call(f"score run {tmp_path / 'new-rows.csv'}", here) == 0
    for verb in ("complete", "denoise --noise 0.1,0.1"):
        verb, _, more = verb.partition(" ")
        words = f"{verb} run new.csv {COLUMNS} --rows : --probabilities {verb}.csv {more}"
        assert call(words.strip(), here) == 0
        rows = table_in(tmp_path / f"{verb}.csv")
        assert list(rows[0]) == ["", "smokes", "sex", "old", "city"] and rows[9][""] == "p1-9"
        assert 0 < float(rows[9]["old"]) < 1
    capsys.readouterr()
    assert call(f"complete run new.csv {COLUMNS} --rows 9:10 --json", here) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["columns"] == ["smokes", "sex", "old", "city"] and found["images"][0]["name"] == "p1-9"


@pytest.mark.slow
@pytest.mark.parametrize("words", ["sample run", f"denoise run new.csv {COLUMNS} --noise 0.1,0.1"])
def test_pictures_of_rows_have_names_of_columns(here, tmp_path, words):
    assert call(f"{words} -o rows.svg", here) == 0
    assert all(
        f"{name}<" in (tmp_path / "rows.svg").read_text() for name in ("smokes = yes", "sex = male", "city")
    )
