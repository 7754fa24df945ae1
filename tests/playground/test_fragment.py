"""What the page carries is the posterior itself, whole; names stay names; files are whole or not there."""

import base64
import json
import os
import re
import zlib
from pathlib import Path

import numpy as np
import pandas
import pytest

import dpmix
from dpmix import InputError, playground
from dpmix.playground import section
from dpmix.playground.scripts import modules, part, script
from dpmix.playground.starts import MOST_NAME, MOST_STARTS
from dpmix.playground.tables import choose, columns_of
from dpmix.report.posterior_report import playground_of, subject_of
from support.partition_cases import posterior_with
from support.play_cases import CASES, NAMES, pictures, table
from support.query_cases import X


def data_of(text):
    [found] = re.findall(r'<script type="application/json">(.*?)</script>', text)
    return json.loads(found)


def raw(text, dtype=np.uint8):
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype)


def counts(planes, d):
    if not planes:
        return 0
    return sum(raw(plane).astype(np.int64) << 8 * ix for ix, plane in enumerate(planes)).reshape(-1, d)


def said(data, image):
    """Completion and log predictive of an image (None: unknown), from what a page carries, slowly."""
    d, weights, means = data["d"], [], []
    for draw in data["draws"]:
        sizes, ones, gaps = np.array(draw["sizes"]), counts(draw["ones"], d), counts(draw["gaps"], d)
        a, b = raw(draw["a"], "<f8"), raw(draw["b"], "<f8")
        on = (a + ones) / (a + b + sizes[:, None] - gaps)
        size = np.where(np.arange(len(sizes)) < len(sizes) - 1, sizes, draw["alpha"])
        weight = size / (data["n"] + draw["alpha"]) / len(data["draws"])
        for pixel, value in enumerate(image):
            weight = weight if value is None else weight * (on if value else 1 - on)[:, pixel]
        weights.append(weight)
        means.append(on)
    weights, means = np.concatenate(weights), np.concatenate(means)
    proba = weights @ means / weights.sum()
    return [p if value is None else value for p, value in zip(proba, image, strict=True)], np.log(
        weights.sum()
    )


def questions(d, size, seed=0):
    """Random images and what is known of them: nothing, all and some."""
    rng = np.random.default_rng(seed)
    x = rng.integers(2, size=(size, d)).astype(np.uint8)
    observed = rng.random((size, d)) < np.linspace(0, 1, size)[:, None]
    return x, observed


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_rounded(case):
    posterior = CASES[case]()
    data = data_of(playground.fragment(posterior, most_draws=2))
    x, observed = questions(data["d"], 6)
    asked = {"observed": observed, "draws": len(data["draws"])}
    proba = dpmix.predict_proba(posterior, x, **asked)
    nats = dpmix.log_predictive(posterior, x, **asked)
    images = [
        [int(v) if s else None for v, s in zip(*each, strict=True)] for each in zip(x, observed, strict=True)
    ]
    answers = [said(data, image) for image in images]
    np.testing.assert_allclose([each for each, _ in answers], proba, atol=1e-9)
    np.testing.assert_allclose([each for _, each in answers], nats, atol=1e-9)


def test_starts_are_the_images():
    posterior = pictures()
    found = data_of(playground.fragment(posterior))["starts"]
    rows = np.unpackbits(raw(found["on"]).reshape(-1, 8), axis=1, bitorder="little")
    assert len(rows) == len(found["names"]) == MOST_STARTS
    np.testing.assert_array_equal(rows[[0, -1]], posterior.table.dense([0, 39]))
    assert found["names"][:2] == ["image 0", "image 2"]
    given = data_of(playground.fragment(posterior, images=[[np.nan] + [1] * 63]))["starts"]
    assert raw(given["observed"]).tolist() == [254] + [255] * 7
    half = np.arange(64) < 32
    given = data_of(playground.fragment(posterior, posterior.table.dense([0]), observed=half))["starts"]
    assert raw(given["observed"]).tolist() == [255] * 4 + [0] * 4
    with pytest.raises(InputError, match="observed says where images are observed; pass images, too"):
        playground.fragment(posterior, observed=half)
    with pytest.raises(InputError, match="64"):
        playground.fragment(posterior, images=[[1, 0]])


def test_pictures_that_can_be_drawn_on_are_no_lists():
    listed = {
        case: data_of(playground.fragment(make()))["columns"] is not None for case, make in CASES.items()
    }
    lists = {"table", "one pixel", "one row of pixels", "two rows of pixels"}
    assert {case for case, is_list in listed.items() if is_list} == lists


def test_frame_keeps_its_names():
    frame = pandas.DataFrame([[1, 0, 1]], columns=list("abc"), index=["Ada"])
    posterior = table(list("abc"), {}, X[:, :3])
    assert data_of(playground.fragment(posterior, frame))["starts"]["names"] == ["Ada"]


def test_report_has_it_with_what_is_observed():
    posterior, seen = pictures(), np.arange(64) < 32
    subject = subject_of(posterior, posterior.table.dense([0, 1]), seen, None)
    given = data_of(playground_of(subject))["starts"]
    assert raw(given["observed"]).tolist() == 2 * ([255] * 4 + [0] * 4)


# Names from outside


def test_names_cannot_end_the_script():
    text = playground.fragment(table())
    data = data_of(text)  # one script of data, whose end is its own
    assert text.count("<script") == text.count("</script>") == 2
    assert "<b>" not in text and "<!--" not in text and "\x1b" not in text and "\u202e" not in text
    shown = [column["name"] for column in data["columns"]]
    assert shown == [NAMES[0], NAMES[1], "a\\u202eb\\x1b[2J", NAMES[3]]
    assert data["columns"][3]["off"] == "<i>female</i>"
    assert text.isascii()


def test_long_names_are_cut():
    data = data_of(playground.fragment(table(["a" * 1000, "b", "c", "\udc80"], {})))
    assert [len(column["name"]) for column in data["columns"]] == [MOST_NAME, 1, 1, 6]


def test_nothing_is_asked_of_a_network():
    text = playground.fragment(pictures())
    assert not re.search(r"https?:|//\w+\.|url\(|@import|\bfetch\(|XMLHttp", text)


# Modules


def test_modules_have_no_name_in_common():
    names = [
        name
        for text in modules().values()
        for name in re.findall(
            r"^(?:export )?(?:async )?(?:function|class|const|let) (\w+)", text, re.MULTILINE
        )
    ]
    assert len(names) > 40
    assert sorted(set(names)) == sorted(names)


def test_all_modules_are_in_the_script():
    listed = {path.name for path in Path(playground.__file__).parent.glob("js/*")}
    assert set(modules()) == listed
    assert not re.search(r"^\s*(import|export)\b", script(), re.MULTILINE)
    assert "</" not in script() and "<!--" not in script()


def test_styles_are_those_of_the_section():
    rules = re.sub(r"@media[^{]*\{", "", part("play.css"))
    selectors = [each.strip() for head in re.findall(r"([^{}]+)\{", rules) for each in head.split(",")]
    assert len(selectors) > 30
    assert [each for each in selectors if not each.startswith(".dpmix-play")] == []


def test_classes_are_not_those_of_the_page_around():
    used = re.findall(r'class: "([^"]+)"|class="([^"]+)"|[?:] "(play[^"]+)"', script() + part("section.html"))
    used = {name for each in used for name in "".join(each).split()}
    styled = set(re.findall(r"\.([a-z][\w-]*)", part("play.css"))) - {"dpmix-play"}
    assert len(used) > 15 and styled <= used
    assert [name for name in used | styled if not name.startswith(("play-", "dpmix-play"))] == []


# What is too large


def test_too_many_draws_are_fewer():
    posterior = pictures(draws=5)
    whole = choose(posterior, 5, np.arange(64))
    size = len(json.dumps(whole.draws))
    fewer = choose(posterior, 5, np.arange(64), most_bytes=size // 2)
    assert fewer.whole and 1 <= len(fewer.draws) < 4
    assert len(choose(posterior, 5, np.arange(64), most_entries=64 * 12).draws) == 2
    assert choose(posterior, 5, np.arange(64), most_bytes=500) is None


@pytest.mark.parametrize("kept", ["labels", "counts"])
def test_of_too_many_clusters_the_largest_stay(kept, monkeypatch):
    posterior, columns = pictures(), np.arange(64)
    if kept == "counts":  # which are all there; nothing is counted
        draw = posterior.draw(0, 0)
        monkeypatch.setattr(posterior, "has_labels", False)
        monkeypatch.setattr(type(posterior), "draw", lambda self, chain, ix: draw)
    cut = choose(posterior, 1, columns, most_entries=64 * 2)
    assert not cut.whole and (cut.clusters, cut.of_clusters) == (2, 5)
    [found], draw = cut.draws, pictures().draw(0, 0)
    assert found["sizes"] == [*draw.sizes[:2].tolist(), 0]
    np.testing.assert_array_equal(counts(found["ones"], 64)[:2], draw.ones[:2])
    assert cut.share == pytest.approx((draw.sizes[:2].sum() + draw.alpha) / (40 + draw.alpha))


def test_what_is_left_out_is_told(monkeypatch):
    posterior = pictures()
    monkeypatch.setattr(posterior, "in_burn_in", True)
    assert "still in their burn-in" in playground.fragment(posterior)
    monkeypatch.setattr(section, "columns_of", lambda posterior: columns_of(posterior, 3))
    assert "Only the 3 of 4 columns that vary most are here" in playground.fragment(table())
    monkeypatch.setattr(section, "choose", lambda *a: choose(*a, most_entries=128))
    assert re.search(r"the largest of 5, with \d\d\.\d % of the weight", playground.fragment(posterior))
    monkeypatch.setattr(section, "choose", lambda *a: choose(*a, most_bytes=100))
    text = playground.fragment(posterior)
    assert "left out" in text and "<script" not in text


def test_of_too_many_columns_those_that_vary_stay():
    posterior = table()
    np.testing.assert_array_equal(columns_of(posterior, 3), [0, 1, 2])
    assert len(columns_of(pictures(), 2)) == 64
    assert len(columns_of(CASES["two rows of pixels"](), 2)) == 2


# Files


def test_page_is_a_file_of_its_own(tmp_path):
    playground.page(pictures(), tmp_path / "play.html")
    text = (tmp_path / "play.html").read_text()
    assert text.startswith("<!doctype html>") and text.count("<section") == 1
    assert "<title>40 images in 3 to 5 clusters</title>" in text
    assert os.listdir(tmp_path) == ["play.html"]


def test_page_replaces_nothing_unasked(tmp_path):
    path = tmp_path / "play.html"
    path.write_text("mine")
    with pytest.raises(InputError, match="exists already; choose another name, or pass overwrite=True"):
        playground.page(pictures(), path)
    assert path.read_text() == "mine"
    playground.page(pictures(), path, overwrite=True)
    assert path.read_text() != "mine"
    with pytest.raises(InputError, match="is a folder"):
        playground.page(pictures(), tmp_path, overwrite=True)
    with pytest.raises(InputError, match="there is no folder"):
        playground.page(pictures(), tmp_path / "no" / "play.html")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "play.html"
    path.write_text("mine")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space left"):
        playground.page(pictures(), path, overwrite=True)
    monkeypatch.undo()
    assert path.read_text() == "mine" and os.listdir(tmp_path) == ["play.html"]


@pytest.mark.parametrize("wrong", [0, 1.5, True])
def test_wrong_number_of_draws(wrong):
    with pytest.raises(InputError, match="most_draws"):
        playground.fragment(pictures(), most_draws=wrong)


def test_columns_without_names_are_called_columns():
    posterior = posterior_with([[0, 0, 1, 1]], x=np.eye(4, 11, dtype=int))
    assert '"name":"column 10"' in playground.fragment(posterior) and "pixel 10" not in playground.fragment(
        posterior
    )
