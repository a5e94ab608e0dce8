"""A real Argilla server for the tests that need one, with a workspace of each module's own."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from annotation import embedded
from annotation.accounts import Account, add_user, add_workspace
from annotation.connect import Connection


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
