"""A real browser: Chromium as the machine has it, driven by Playwright. Without either, tests are skipped."""

import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"needs a browser: none of {', '.join(NAMES)} is installed")
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def browser_page(browser):
    """A function that opens the file at a path, or nothing.

    At the end no page may have complained, or asked for anything from elsewhere, in ``browser_page.complaints``.
    """
    contexts, complaints = [], []

    def open_page(path=None, size="desktop", scheme="light", **options):
        width, height = SIZES[size]
        contexts.append(
            browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=scheme, offline=True, **options
            )
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url) else None)
        if path is not None:
            page.goto(path.as_uri())
        return page

    open_page.complaints = complaints
    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def _leaves(url):
    return not url.startswith(("file:", "data:", "blob:", "about:"))


def violations(page):
    """What axe-core finds wrong with a page, one line each."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    found = axe.Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}" for each in found for node in each["nodes"]]
