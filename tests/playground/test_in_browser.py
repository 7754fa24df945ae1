"""The page in a real browser: numbers are those of Python, whatever is drawn and however."""

import re

import numpy as np
import pytest

import dpmix
from dpmix import playground
from dpmix.playground.scripts import modules
from support.browser import violations
from support.play_cases import CASES, NAMES, VALUES, pictures, table

pytestmark = pytest.mark.slow
READY = ".dpmix-play[data-state=ready]"
UNKNOWN = 2


@pytest.fixture
def play(browser_page, tmp_path):
    """A function that opens the page of a posterior; `page.play` evaluates a script with its section as `section`."""

    def opened(posterior, images=None, **options):
        path = tmp_path / "play.html"
        playground.page(posterior, path, images, overwrite=True)
        page = browser_page(path, **options)
        page.wait_for_selector(READY)
        page.play = lambda code, given=None: page.evaluate(
            f"given => {{ const section = document.querySelector('.dpmix-play'); {code} }}", given
        )
        return page

    return opened


def answer(page):
    """Pixels and what the page makes of them, after the next frame: (d,), (d,) and nats."""
    found = page.play(
        "return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => {"
        "const { answer, drawing } = section.play; done([[...drawing.pixels], [...answer.proba],"
        "answer.logPredictive, [...answer.shares]]) })))"
    )
    return np.array(found[0]), np.array(found[1]), found[2], np.array(found[3])


def expected(posterior, pixels, draws):
    known = pixels != UNKNOWN
    x = np.where(known, pixels, 0)
    asked = {"observed": known, "draws": draws}
    return dpmix.predict_proba(posterior, x, **asked), dpmix.log_predictive(posterior, x, **asked)


ASK = """
const { drawing, mixture } = section.play;
return given.map(pixels => {
    drawing.replace(pixels);
    const found = mixture.answer();
    return [[...found.proba], found.logPredictive, [...(mixture.labels(found.shares) ?? [])]];
});
"""


@pytest.mark.parametrize("case", CASES)
def test_numbers_are_those_of_python(case, play):
    posterior, rng = CASES[case](), np.random.default_rng(4)
    page, d = play(posterior), posterior.table.d
    images = [
        np.where(rng.random(d) < share, rng.integers(2, size=d), UNKNOWN) for share in np.linspace(0, 1, 12)
    ]
    found = page.play(ASK, [image.tolist() for image in images])
    for image, (proba, nats, labels) in zip(images, found, strict=True):
        due, due_nats = expected(posterior, image, 10)
        np.testing.assert_allclose(proba, due, atol=1e-6)
        assert nats == pytest.approx(due_nats, abs=1e-6)
        if posterior.table.n_classes:
            known = image != UNKNOWN
            np.testing.assert_allclose(labels, dpmix.predict_labels(posterior, image % 2, known), atol=1e-6)


MANY_CHANGES = """
const { drawing } = section.play;
let state = 1;
const random = (most) => ((state = (state * 16807) % 2147483647) >> 8) % most;
for (let step = 0; step < 100000; step++) drawing.set(random(64), random(3));
drawing.end();
"""


def test_a_long_drawing_does_not_drift(play):
    posterior, rng = pictures(), np.random.default_rng(5)
    page = play(posterior)
    changes = np.c_[rng.integers(64, size=50_000), rng.integers(3, size=50_000)].tolist()
    page.play(
        "given.forEach(([pixel, value]) => section.play.drawing.set(pixel, value)); section.play.drawing.end()",
        changes,
    )
    pixels, proba, nats, _ = answer(page)
    due, due_nats = expected(posterior, pixels, 10)
    np.testing.assert_allclose(proba, due, atol=1e-6)
    assert nats == pytest.approx(due_nats, abs=1e-6)


# Drawing


def test_painting_changes_the_completion(play):
    posterior = pictures()
    page = play(posterior)
    before, proba, nats, shares = answer(page)
    assert (before[:32] != UNKNOWN).all() and (
        before[32:] == UNKNOWN
    ).all()  # the first image, its lower half hidden
    board = page.locator(".play-board").bounding_box()
    cell = board["width"] / 8
    page.mouse.move(board["x"] + 0.5 * cell, board["y"] + 6.5 * cell)
    page.mouse.down()
    page.mouse.move(board["x"] + 7.5 * cell, board["y"] + 6.5 * cell)
    page.mouse.move(
        board["x"] + 20 * cell, board["y"] + 6.5 * cell
    )  # off the board, where nothing is painted
    page.mouse.move(board["x"] + 20 * cell, board["y"] + 4.5 * cell)
    page.mouse.up()
    after, new_proba, new_nats, new_shares = answer(page)
    assert np.flatnonzero(before != after).tolist() == list(range(48, 56))  # a whole row, without holes
    assert (after[48:56] == 1).all()
    due, due_nats = expected(posterior, after, 10)
    np.testing.assert_allclose(new_proba, due, atol=1e-6)
    assert new_nats == pytest.approx(due_nats, abs=1e-6) and new_nats < nats
    assert np.abs(new_shares - shares).max() > 0.01
    assert f"{new_nats:.2f}".replace("-", "\u2212") in page.locator(".play-verdict").text_content()
    assert np.abs(new_proba - proba)[56:].max() > 0.01


def test_touch_paints(play):
    page = play(pictures(), size="phone", has_touch=True)
    board = page.locator(".play-board")
    page.get_by_label("erase").check()
    corner = board.bounding_box()["width"] - 5
    board.tap(position={"x": corner, "y": corner})
    pixels, *_ = answer(page)
    assert pixels[63] == 0 and (pixels[32:63] == UNKNOWN).all()


def test_tools_and_brush(play):
    page = play(pictures())
    board = page.locator(".play-board").bounding_box()
    page.get_by_label("hide", exact=True).check()
    page.locator("input[type=range]").fill("3")
    page.mouse.click(board["x"] + 5, board["y"] + 5)
    pixels, *_ = answer(page)
    assert np.flatnonzero(pixels[:32] == UNKNOWN).tolist() == [0, 1, 8, 9]


def test_keyboard(play):
    page = play(pictures())
    page.get_by_role("button", name="Clear").click()
    page.locator(".play-board").focus()
    for key in ("ArrowDown", "ArrowRight", "d", "ArrowRight", "e", "ArrowRight", "Space", "Shift+ArrowRight"):
        page.keyboard.press(key)
    pixels, *_ = answer(page)
    assert {at: pixels[at] for at in np.flatnonzero(pixels != UNKNOWN)} == {9: 1, 10: 0, 11: 1, 12: 1}
    page.keyboard.press("h")
    assert page.locator("[aria-live]").text_content() == "row 2, column 5: hidden"
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert np.flatnonzero(answer(page)[0] != UNKNOWN).tolist() == [9, 10, 11]
    page.keyboard.press("Control+y")
    assert np.flatnonzero(answer(page)[0] != UNKNOWN).tolist() == [9, 10, 11, 12]
    for _ in range(20):
        page.keyboard.press("ArrowUp")  # stays on the board
    page.keyboard.press("d")
    assert answer(page)[0][4] == 1


def test_what_is_found_is_read_out(play):
    page = play(pictures())
    page.wait_for_selector("[aria-live]:not(:empty)")
    assert page.locator("[aria-live]").text_content() == page.locator(".play-verdict").text_content()


def test_undo_reset_and_starts(play):
    posterior = pictures()
    page = play(posterior)
    assert page.get_by_role("button", name="Undo").is_disabled()
    page.get_by_role("button", name="Start from image 39").click()
    np.testing.assert_array_equal(answer(page)[0], posterior.table.dense([39])[0])
    page.get_by_role("button", name="Hide lower half").click()
    half = answer(page)[0]
    assert (half == UNKNOWN).sum() == 32
    page.get_by_role("button", name="Clear").click()
    assert (answer(page)[0] == UNKNOWN).all()
    page.get_by_role("button", name="Undo").click()
    np.testing.assert_array_equal(answer(page)[0], half)
    page.get_by_role("button", name="Redo").click()
    page.get_by_role("button", name="Reset").click()
    np.testing.assert_array_equal(answer(page)[0], posterior.table.dense([39])[0])


def test_numbers_as_a_table(play):
    page = play(pictures())
    page.locator("summary").click()
    page.wait_for_selector(".play-scrolls td")
    cells = page.locator(".play-scrolls td").all_text_contents()
    pixels, proba, *_ = answer(page)
    assert [cell.endswith("*") for cell in cells] == (pixels == UNKNOWN).tolist()
    np.testing.assert_allclose([int(cell.strip("*")) for cell in cells], 100 * proba, atol=0.5001)


# Tables


def test_table_is_filled_in(play):
    posterior = table()
    page = play(posterior)
    assert page.locator("legend").all_text_contents() == [NAMES[0], NAMES[1], "a\\u202eb\\x1b[2J", NAMES[3]]
    column = page.get_by_role("group", name=NAMES[3])
    column.get_by_label(VALUES[NAMES[3]][0]).check()
    page.get_by_role("group", name="smokes").get_by_label("yes").focus()
    page.keyboard.press("Space")
    pixels, proba, nats, _ = answer(page)
    assert pixels.tolist() == [1, UNKNOWN, UNKNOWN, 0]
    due, due_nats = expected(posterior, pixels, 4)
    np.testing.assert_allclose(proba, due, atol=1e-6)
    assert nats == pytest.approx(due_nats, abs=1e-6)
    told = page.get_by_role("group", name=NAMES[1]).locator(".play-told-column").text_content()
    assert told == f"{100 * due[1]:.0f}\u00a0% yes"
    page.get_by_role("button", name="Start from row 2").click()
    assert answer(page)[0].tolist() == posterior.table.dense([2])[0].tolist()
    assert column.get_by_label("male", exact=True).is_checked()


def test_columns_are_looked_up(play):
    rng = np.random.default_rng(3)
    x = rng.integers(2, size=(6, 150)).astype(np.uint8)
    wide = table([f"column {ix}" for ix in range(150)], {}, x)
    page = play(wide)
    assert page.locator("legend").count() == 100
    page.get_by_label("Columns whose name has").fill("14")
    assert page.locator("legend").all_text_contents() == [
        f"column {ix}" for ix in (14, 114, *range(140, 150))
    ]
    page.get_by_role("group", name="column 149").get_by_label("yes").check()
    page.get_by_label("Columns whose name has").fill("nothing")
    assert page.locator("legend").count() == 0
    pixels, proba, *_ = answer(page)
    assert np.flatnonzero(pixels != UNKNOWN).tolist() == [149]
    np.testing.assert_allclose(proba, expected(wide, pixels, 4)[0], atol=1e-6)


# The page as a whole


def test_two_sections_in_one_page_do_not_meet(browser_page, tmp_path):
    path = tmp_path / "two.html"
    text = playground.fragment(pictures()) + playground.fragment(table()) + playground.fragment(table())
    path.write_text(f"<!doctype html><html lang=en><title>two</title><main><h1>two</h1>{text}</main>")
    page = browser_page(path)
    page.wait_for_selector(f"{READY} >> nth=2")
    first, second = (page.locator(".dpmix-play").nth(ix) for ix in (1, 2))
    for section in (first, second):
        section.get_by_role("group", name="smokes").get_by_label("yes").check()
    assert first.get_by_role("group", name="smokes").get_by_label("yes").is_checked()
    assert violations(page) == []


def test_report_can_be_played_with(browser_page, tmp_path):
    posterior = pictures()
    posterior.report(tmp_path / "report.html")
    page = browser_page(tmp_path / "report.html")
    page.wait_for_selector(READY)
    page.locator(".play-board").focus()
    page.keyboard.press("d")
    page.locator(".dpmix-play summary").click()
    page.wait_for_selector(".play-scrolls td")
    image = np.where(np.arange(64) < 32, posterior.table.dense([0])[0], UNKNOWN)
    image[0] = 1
    due = 100 * expected(posterior, image, 10)[0]
    cells = page.locator(".play-scrolls td").all_text_contents()
    np.testing.assert_allclose([int(cell.strip("*")) for cell in cells], due, atol=0.5001)


@pytest.mark.parametrize(
    "case, size, scheme",
    [
        ("pictures", "phone", "dark"),
        ("pictures", "desktop", "light"),
        ("table", "phone", "light"),
        ("table", "desktop", "dark"),
    ],
)
def test_accessible_and_within_the_screen(case, size, scheme, play):
    page = play(CASES[case](), size=size, scheme=scheme)
    if case == "pictures":
        page.locator("summary").click()
        page.wait_for_selector(".play-scrolls td")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


RED = """
const copy = new OffscreenCanvas(8, 4).getContext("2d", { willReadFrequently: true });
copy.drawImage(section.querySelector(".play-board canvas"), 0, 0);
return [...copy.getImageData(0, 0, 8, 4).data].filter((_, at) => at % 4 === 0);
"""


def test_theme_changes_the_pictures(play):
    page = play(pictures())
    light = np.array(page.play(RED))
    page.emulate_media(color_scheme="dark")
    answer(page)
    dark = np.array(page.play(RED))
    assert set(light) == {255, 16} and set(dark) == {11, 243}
    np.testing.assert_array_equal(light == 255, dark == 11)


def test_old_browser_is_told(browser_page, tmp_path):
    playground.page(pictures(), tmp_path / "play.html")
    page = browser_page()
    page.add_init_script(
        "delete window.DecompressionStream; window.addEventListener('unhandledrejection', e => e.preventDefault())"
    )
    page.goto((tmp_path / "play.html").as_uri())
    page.wait_for_selector(".dpmix-play[data-state=failed]")
    assert re.search("too old", page.locator(".play-status").text_content())


# Modules on their own

UNIT = """async () => {
  const load = (name) => import(`http://modules.test/${name}.js`);
  const [{ line }, { entropies, loudest }, { Drawing }, { percent, summary }] =
    await Promise.all(["board", "mixture", "drawing", "words"].map(load));
  const seen = [];
  const drawing = new Drawing(3, (pixel, value) => seen.push([pixel, value]), () => seen.push("done"));
  drawing.set(0, 1); drawing.set(0, 0); drawing.set(1, 1); drawing.end(); drawing.undo();
  return {
    line: line([0, 0], [2, 4]), still: line([1, 1], [1, 1]),
    bits: [...entropies(Float64Array.of(0, 0.5, 1))],
    loud: loudest(Float64Array.of(0.2, 0.8, 0.0001), 3),
    seen, pixels: [...drawing.pixels], past: drawing.past.length, future: drawing.future.length,
    percents: [0, 0.001, 0.5, 0.999, 1].map(percent),
    told: summary("pixel", 2, 1, Math.log(0.25), 0.3), nothing: summary("column", 1, 0, 0, 0.5),
  };
}"""


def test_modules_can_be_used_alone(browser):
    context = browser.new_context()
    page, texts = context.new_page(), modules()

    def served(route):
        name = route.request.url.rsplit("/", 1)[1]
        body, kind = (
            (texts[name], "text/javascript") if name in texts else ("<title>unit</title>", "text/html")
        )
        route.fulfill(body=body, content_type=kind)

    page.route("http://modules.test/**", served)
    page.goto("http://modules.test/page")
    found = page.evaluate(UNIT)
    context.close()
    assert (found["line"], found["still"]) == ([[1, 1], [1, 2], [2, 3], [2, 4]], [])
    assert found["bits"] == [0, 1, 0]
    assert found["loud"] == [{"ix": 1, "share": 0.8}, {"ix": 0, "share": 0.2}]
    assert found["seen"] == [[0, 1], [0, 0], [1, 1], "done", [0, 2], [1, 2], "done"]
    assert (found["pixels"], found["past"], found["future"]) == ([2, 2, 2], 0, 1)
    assert found["percents"] == [f"{text}\u00a0%" for text in ("0", "under 1", "50", "over 99", "100")]
    assert found["told"] == (
        "1 of 2 pixels known: log predictive \u22121.39 nats, as if each had been expected with 25\u00a0%. "
        "Of 1 hidden pixel the likelier values would be wrong for about 0.3."
    )
    assert found["nothing"].startswith("Nothing is known yet of 1 column.")
