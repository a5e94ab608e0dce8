"""The store under test, on SQLite and on a throw-away PostgreSQL."""

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from db.store import Store


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'timbre.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy, since migrating anew for every test takes longer."""
    file = tmp_path_factory.mktemp("template") / "timbre.db"
    Store.migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_socket: Path) -> str:
    """The name of a migrated database to copy."""
    with psycopg.connect(_server(postgres_socket), autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_timbre")
    Store.migrate(_url(postgres_socket, "template_timbre"))
    return "template_timbre"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database with tables and no rows."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        yield f"sqlite:///{shutil.copy(template, tmp_path / 'timbre.db')}"
        return
    template = request.getfixturevalue("postgres_template")
    socket = request.getfixturevalue("postgres_socket")
    name = f"t{uuid.uuid4().hex}"
    with psycopg.connect(_server(socket), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        yield _url(socket, name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An open store without records."""
    with Store.open(url) as opened:
        yield opened


def _server(socket: Path) -> str:
    return f"host={socket} user=timbre dbname=postgres"


def _url(socket: Path, name: str) -> str:
    return f"postgresql+psycopg://timbre@/{name}?host={socket}"
