"""Fixtures for every test folder: shared data, a temporary PostgreSQL, an Argilla server."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import platformdirs
import psycopg
import pytest
from hypothesis import HealthCheck, settings

from annotation.argilla import embedded_server
from annotation.argilla.accounts import add_workspace
from annotation.argilla.connection import Connection

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"
SYSTEM_BINARIES = Path("/usr/lib/postgresql")

# A busy machine is slow, and hypothesis builds a table of characters on first use. Neither says
# anything about the code under test.
settings.register_profile("timbre", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timbre")


def require(is_present: object, reason: str) -> None:
    """Skip a test that needs something that's missing; fail it in CI, where nothing may be."""
    if is_present:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (nothing is skipped in CI)")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_data() -> Callable[[str], Path]:
    """Finds a file or folder of the shared real data, which is never committed, by its path."""

    def find(name: str) -> Path:
        path = SHARED_DATA / name
        require(path.exists(), f"needs the shared data {name} beside the checkout")
        return path

    return find


@pytest.fixture(scope="session")
def postgres_socket() -> Iterator[Path]:
    """The socket folder of a PostgreSQL cluster that runs as long as the tests."""
    programs = _postgres_programs()
    require(programs, "needs PostgreSQL's server binaries (apt-get install postgresql)")
    assert programs is not None
    user = _unprivileged_user()
    require(os.geteuid() != 0 or user, "needs a user other than root to run PostgreSQL as")
    # A socket's path may have 107 bytes at most, and pytest's folders can be longer.
    home = Path(tempfile.mkdtemp(prefix="timbre-pg-"))
    if user:
        shutil.chown(home, user)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), *arguments]
        # A daemon that inherits a pipe would keep it open forever, so its output goes to a file.
        with (home / "log").open("ab") as log:
            subprocess.run(command, check=True, user=user, cwd=home, stdout=log, stderr=log)

    data = str(home / "data")
    settings = f"-c listen_addresses= -c unix_socket_directories={home} -c fsync=off"
    try:
        run("initdb", "--auth=trust", "--username=timbre", "--encoding=UTF8", "--no-sync", data)
        run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--options={settings}")
        try:
            yield home
        finally:
            run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}")
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres_socket: Path) -> Iterator[str]:
    """The URL of an empty PostgreSQL database for one test."""
    name = f"t{uuid.uuid4().hex}"
    server = f"host={postgres_socket} user=timbre dbname=postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield f"postgresql+psycopg://timbre@/{name}?host={postgres_socket}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="session")
def argilla_python() -> Path:
    """The Python of the embedded server's environment, which is created if it's missing."""
    path = os.environ.get("TIMBRE_ARGILLA_ENVIRONMENT")
    folder = Path(path) if path else platformdirs.user_cache_path("timbre") / "argilla"
    return embedded_server.install(folder)


@pytest.fixture(scope="session")
def argilla_server(
    tmp_path_factory: pytest.TempPathFactory, argilla_python: Path
) -> Iterator[embedded_server.ServerProcess]:
    """The embedded server on a free port."""
    home = tmp_path_factory.mktemp("argilla")
    with embedded_server.start(home, python=argilla_python, port=0) as server:
        yield server


@pytest.fixture(scope="module")
def owner(
    argilla_server: embedded_server.ServerProcess, request: pytest.FixtureRequest
) -> Connection:
    """The owner's connection to a workspace for one test module."""
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    connection = Connection(argilla_server.url, argilla_server.credentials.api_key, name)
    add_workspace(connection)
    return connection


def _postgres_programs() -> Path | None:
    program = shutil.which("initdb")
    folders = [Path(program).resolve().parent] if program else []
    folders += sorted(SYSTEM_BINARIES.glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _unprivileged_user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = [line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()]
    return next((name for name in ("postgres", "nobody") if name in names), None)
