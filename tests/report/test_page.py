"""The page itself: whole, in order, with names from outside as they are, written as a whole or not at all."""

import errno
import json
import os
import shlex
from base64 import b64decode

import matplotlib
import numpy as np
import pytest

import dpmix
from dpmix.base.errors import InputError, InputTypeError
from dpmix.cli import _parser
from dpmix.cli.priors import prior_of, schedule_of
from dpmix.report.about_run import repeating_command
from dpmix.report.document import put
from dpmix.report.pictures import strip, tile
from dpmix.report.posterior_report import posterior_page, subject_of
from dpmix.report.words import duration, number, share
from support.page_parts import PageParts
from support.partition_cases import posterior_with
from support.small_runs import make_plan, make_posterior

matplotlib.use("Agg")

HOSTILE = '<script>alert("1")</script>\x1b[2J\u202e&amp;\udcff'
N = 24


@pytest.fixture(scope="module")
def named():
    """A small posterior of images whose names are markup and control characters."""
    x = np.random.default_rng(0).integers(2, size=(N, 12))
    images = dpmix.Images(x, shape=(3, 4), names=[f"{HOSTILE}{row}" for row in range(N)])
    draws = np.random.default_rng(1).integers(4, size=(10, N))
    return posterior_with(list(draws), chains=2, x=images)


@pytest.fixture(scope="module")
def page(named):
    labels = np.where(np.arange(N) < N // 2, HOSTILE.replace("\udcff", ""), "b")
    subject = subject_of(named, None, None, labels, source=HOSTILE)
    return posterior_page(subject, HOSTILE, playground="<section><h2>Play</h2></section>")


@pytest.fixture(scope="module")
def parts(page):
    return PageParts(page)


def test_names_from_outside_are_no_markup(page, parts):
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page
    assert not set(page) & set("\x1b\u202e\udcff")
    assert "\\x1b[2J" in "".join(parts.texts)
    assert len(parts.all("script")) == 1  # its own


def test_page_is_whole_in_itself(parts):
    sources = [attributes["src"] for attributes in parts.all("img")]
    assert len(sources) > 20 and all(source.startswith("data:image/") for source in sources)
    links = [attributes["href"] for attributes in parts.all("a", "link")]
    places = {attributes["id"] for _, attributes in parts.elements if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} <= places
    assert all(link.startswith(("#", "data:")) for link in links)
    assert not parts.unclosed and not [a for _, a in parts.elements if any(key.startswith("on") for key in a)]


def test_page_can_be_read_out(parts):
    assert all("alt" in attributes for attributes in parts.all("img"))
    levels = parts.headings()
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [attributes["id"] for _, attributes in parts.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) and "play" in ids
    assert dict(parts.elements)["html"] == {"lang": "en"} and parts.all("main", "header", "footer", "nav")


def test_downloads_hold_every_image(parts):
    files = {a["download"]: b64decode(a["href"].split(",")[1]) for a in parts.all("a") if "download" in a}
    lines = files["labels.csv"].decode(errors="surrogateescape").splitlines()
    assert lines[0] == "image,name,cluster,confidence,label" and len(lines) == N + 1
    assert json.loads(files["summary.json"])["n"] == N


@pytest.mark.slow
def test_same_bytes_twice(named, page):
    again = posterior_page(subject_of(named, None, None, None), "again")
    pictures = {a["src"] for a in PageParts(again).all("img") if a["src"].startswith("data:image/svg")}
    assert len(pictures) == 2 and all(picture in page for picture in pictures)


def test_file_that_exists_is_kept(named, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists already; .* overwrite=True"):
        named.report(path)
    with pytest.raises(InputError, match="there is no folder"):
        named.report(tmp_path / "nowhere" / "report.html")
    with pytest.raises(InputError, match="is a folder"):
        named.report(tmp_path)
    assert path.read_text() == "mine"


def test_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "report.html"
    path.write_text("before")
    monkeypatch.setattr("dpmix.base.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        put("after" * 1000, path)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"] and path.read_text() == "before"
    monkeypatch.undo()
    put("after", path)
    assert path.read_text() == "after"


@pytest.mark.parametrize(
    "arguments, error",
    [
        ({"labels": np.zeros(3, int)}, "labels must be one for each of the 24 images"),
        ({"labels": np.full(N, -1)}, "labels must hold one that is known"),
        ({"labels": np.zeros(N, complex)}, "labels must be integers, booleans or strings"),
        ({"x": np.zeros((2, 5), int)}, "x must hold images of 12 pixels"),
        ({"observed": np.ones(12, bool)}, "pass x, too"),
        ({"clusters": 0}, "clusters must be between 1 and 1000"),
        ({"title": 7}, "title must be a text"),
    ],
)
def test_bad_argument_is_named_before_anything_is_done(named, tmp_path, arguments, error):
    with pytest.raises(InputError, match=error):
        dpmix.report.write(named, tmp_path / "report.html", **arguments)
    assert not list(tmp_path.iterdir())


def test_what_is_no_posterior(tmp_path):
    with pytest.raises(InputTypeError, match="posterior must be a dpmix.Posterior"):
        dpmix.report.write("run", tmp_path / "report.html")
    with pytest.raises(InputTypeError, match="model must be an extractor"):
        dpmix.report.write_model("run", tmp_path / "report.html")


@pytest.mark.parametrize("prior", [dpmix.Prior(), dpmix.Prior(2.5, dpmix.Gamma(2, 1), 1e-3)])
def test_command_repeats_the_run(prior):
    posterior = make_posterior()
    posterior.plan = make_plan(prior=prior, init="random:3", keep="counts")
    command, remarks = repeating_command(subject_of(posterior, None, None, None, source="digits"))
    arguments = _parser().parse_args(shlex.split(command)[1:])
    assert prior_of(arguments) == prior and schedule_of(arguments) == posterior.plan.schedule
    for name in ("chains", "sweeps", "burn_in", "thin", "seed", "init", "keep"):
        assert getattr(arguments, name) == getattr(posterior.plan, name)
    assert arguments.source == "digits" and not remarks


def test_command_says_what_it_cannot_repeat(small_posterior):
    command, remarks = repeating_command(subject_of(small_posterior, None, None, None))
    assert " SOURCE " in command and "--a " not in command
    assert len(remarks) == 2 and "values of a differ by pixel" in remarks[1]


def test_small_images():
    from io import BytesIO

    from PIL import Image

    def opened(picture):
        return Image.open(BytesIO(b64decode(picture.source.split(",")[1]))).convert("RGB")

    image = opened(tile(np.ma.masked_array([0, 1, 1, 0.5], [False, False, True, False]), (2, 2), "one"))
    ink, paper, hidden = (0x17, 0x17, 0x1C), (0xF3, 0xF2, 0xEE), (0xBC, 0xD3, 0xE8)
    assert [image.getpixel(at) for at in ((0, 0), (1, 0), (0, 1))] == [paper, ink, hidden]
    assert opened(tile(np.ones(50_000), (200, 250), "large")).size == (63, 50)
    assert opened(strip(np.zeros((3, 4)), (2, 2), "three")).size == (8, 2)
    assert tile(np.ones(1), (1, 1), "dot").width == 1


def test_numbers_in_words():
    assert [number(value) for value in (None, float("nan"), 3.0, 12345.6, 0.123456)] == [
        "-",
        "-",
        "3",
        "12,346",
        "0.1235",
    ]
    told = [share(part, 10_000).replace("\N{NO-BREAK SPACE}", " ") for part in (0, 1, 50, 5000, 9999, 10_000)]
    assert told == ["0 %", "< 0.1 %", "0.5 %", "50 %", "> 99.9 %", "100 %"]
    assert duration(3720) == "1 h 2 min"
