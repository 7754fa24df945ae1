"""Fixtures of the tests of the page to play with."""

from support.browser import browser, browser_page  # noqa: F401
