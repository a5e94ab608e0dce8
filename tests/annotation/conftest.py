"""A real Argilla server for the tests that need one, with a workspace of each module's own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs
import pytest

from annotation import embedded
from annotation.accounts import Account, add_user, add_workspace
from annotation.connect import Connection


@dataclass(frozen=True)
class Served:
    """A running server: its address, its owner's connection and name and password."""

    url: str
    owner: Connection
    username: str
    password: str


@pytest.fixture(scope="session")
def argilla_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The embedded server on a free port of 127.0.0.1, its environment made where there is none."""
    python = embedded.install(
        platformdirs.user_cache_path("timbre") / "argilla", lambda done, total: None
    )
    home = tmp_path_factory.mktemp("argilla")
    process = embedded.start(home, python=python, port=0)
    try:
        kept = json.loads((Path(home) / "credentials.json").read_text(encoding="utf-8"))
        owner = Connection(process.url, kept["api_key"])
        yield Served(process.url, owner, kept["username"], kept["password"])
    finally:
        process.stop()


@pytest.fixture(scope="module")
def owner(argilla_server: Served, request: pytest.FixtureRequest) -> Connection:
    """The owner's connection to a workspace of the test module's own."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    connection = replace(argilla_server.owner, workspace=name)
    add_workspace(connection)
    return connection


@pytest.fixture(scope="module")
def annotator(owner: Connection) -> Callable[[str], tuple[Account, Connection]]:
    """Ask for an annotator of the module's workspace by name, with a connection of their own."""

    def make(name: str) -> tuple[Account, Connection]:
        account = add_user(owner, f"{owner.workspace}-{name}")
        return account, replace(owner, api_key=account.api_key)

    return make
