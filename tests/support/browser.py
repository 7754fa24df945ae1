"""A real browser for pages that dpmix writes: headless Chromium, driven by Playwright."""

import contextlib
import shutil

import pytest

__all__ = ["browser_page"]


@contextlib.contextmanager
def browser_page(path, width=1280, dark=False):
    """Open the file `path`; yield the page, and a list of what it complained of or tried to fetch."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright: pip install playwright")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium, which is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        scheme = "dark" if dark else "light"
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        problems = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if _leaves(request.url) else None)
        page.goto(path.resolve().as_uri())
        yield page, problems
        browser.close()


def _leaves(url):
    return not url.startswith(("file:", "data:", "blob:"))
