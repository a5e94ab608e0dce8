"""A headless browser that reaches only the test server."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from annotation.argilla.connection import Connection
from tests.conftest import require

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# In milliseconds; the server and the browser may share two busy cores.
PATIENCE = 90_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium from the system's packages."""
    chromium = shutil.which("chromium")
    require(chromium, "needs Chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, owner: Connection) -> Iterator[Page]:
    """A page in a fresh browser profile that reaches only the server."""
    with new_page(browser, owner) as opened:
        yield opened


@contextmanager
def new_page(browser: Browser, owner: Connection) -> Iterator[Page]:
    """A page in a fresh browser profile that reaches only the server."""
    context = browser.new_context(viewport={"width": 1500, "height": 950})
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    ours = (owner.url, "data:", "blob:")
    opened.route(
        "**/*",
        lambda route: route.continue_() if route.request.url.startswith(ours) else route.abort(),
    )
    yield opened
    context.close()
