"""A real Argilla server for the tests that need one, with a workspace of each module's own."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from annotation import embedded
from annotation.accounts import Account, add_user, add_workspace
from annotation.connect import Connection
from tests.conftest import require

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The server and the browser may share two busy cores.
PATIENCE = 90_000


@pytest.fixture(scope="session")
def argilla_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.ServerProcess]:
    """The embedded server on a free port of 127.0.0.1, its environment made where there is none."""
    named = os.environ.get("TIMBRE_ARGILLA_ENVIRONMENT")
    folder = Path(named) if named else platformdirs.user_cache_path("timbre") / "argilla"
    home = tmp_path_factory.mktemp("argilla")
    with embedded.start(home, python=embedded.install(folder), port=0) as server:
        yield server


@pytest.fixture(scope="module")
def owner(argilla_server: embedded.ServerProcess, request: pytest.FixtureRequest) -> Connection:
    """The owner's connection to a workspace of the test module's own."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    connection = Connection(argilla_server.url, argilla_server.credentials.api_key, name)
    add_workspace(connection)
    return connection


@pytest.fixture(scope="module")
def annotator(owner: Connection) -> Callable[[str], tuple[Account, Connection]]:
    """Ask for an annotator of the module's workspace by name, with a connection of their own."""

    def make(name: str) -> tuple[Account, Connection]:
        account = add_user(owner, f"{owner.workspace}-{name}")
        return account, replace(owner, api_key=account.api_key)

    return make


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
    """A page of a fresh browser profile that reaches nothing but the server."""
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
