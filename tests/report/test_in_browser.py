"""Reports as a browser sees them: nothing missing, nothing fetched, no scrolling sideways, open to everybody."""

import matplotlib
import numpy as np
import pytest

import dpmix
from dpmix.report.posterior_report import posterior_page, subject_of
from support.browser import SIZES, violations

matplotlib.use("Agg")
pytestmark = pytest.mark.slow

NAMES = [f"{word} {'of a long winter ' * 3}<b>" for word in "alpha beta gamma delta epsilon zeta".split()]


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Reports on images, with everything that can be asked for, and on a table with long names."""
    folder = tmp_path_factory.mktemp("reports")
    digits = dpmix.datasets.load_digits()
    posterior = dpmix.sample(digits[:200], chains=2, sweeps=20, seed=0, jobs=1, progress=False)
    posterior.report(folder / "images.html", digits[200:300], labels=digits.y[:200], source="digits[:200]")
    generator = np.random.default_rng(0)
    x = generator.random((60, 6)) < np.where(generator.integers(2, size=(60, 1)), 0.1, 0.9)
    table = dpmix.Images(x, columns=NAMES, names=[f"row {row} {'very ' * 20}" for row in range(60)])
    posterior = dpmix.sample(table, chains=2, sweeps=20, seed=0, jobs=1, progress=False)
    labels = [f"a label of some length {label}" for label in generator.integers(3, size=60)]
    posterior.report(folder / "table.html", table[:9], labels=labels, title="T" * 300)
    return folder


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["images", "table"])
def test_page_is_sound(reports, browser_page, name, size, scheme):
    page = browser_page(reports / f"{name}.html", size, scheme)
    assert page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).length") == 0
    page.click("button[data-cards]")
    assert page.evaluate("document.querySelectorAll('#cards details:not([open])').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert violations(page) == []
    paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, paper[4:-1].split(","))) < 200) == (scheme == "dark")


def test_tables_fit_a_phone(reports, browser_page):
    page = browser_page(reports / "images.html", "phone", "light")
    wider = "[...document.querySelectorAll('.scroll')].filter(e => e.scrollWidth > e.clientWidth)"
    assert page.evaluate(f"{wider}.map(e => e.getAttribute('aria-label'))") == []


@pytest.mark.parametrize("size, scheme", [("phone", "dark"), ("desktop", "light")])
def test_model_is_sound(trained_models, browser_page, tmp_path, size, scheme):
    model = dpmix.features.load(trained_models / "classifier.npz")
    dpmix.report.write_model(model, tmp_path / "model.html", dpmix.datasets.load_grey("digits")[:60])
    page = browser_page(tmp_path / "model.html", size, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
    assert violations(page) == []


def test_keyboard_reaches_members_and_content(reports, browser_page):
    page = browser_page(reports / "images.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.focus("#cards summary")
    page.keyboard.press("Enter")
    assert page.is_visible("#cards .members")


def test_nothing_is_fetched_or_run_even_if_a_name_gets_through(browser_page, tmp_path, small_posterior):
    """The page itself forbids it: what a fragment adds cannot reach the network."""
    subject = subject_of(small_posterior, None, None, None)
    path = tmp_path / "report.html"
    path.write_text(posterior_page(subject, "t", playground="<img src='https://example.org/a.png' alt=''>"))
    page = browser_page(path)
    shown = "[...document.images].filter(i => i.src.startsWith('https') && i.naturalWidth)"
    assert page.evaluate(shown) == []
    assert any("Content Security Policy" in complaint for complaint in browser_page.complaints)
    browser_page.complaints.clear()


def test_page_prints(reports, browser_page):
    page = browser_page(reports / "images.html", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.is_visible("nav")
    assert page.pdf(format="A4")[:5] == b"%PDF-"
