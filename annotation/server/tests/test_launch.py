"""How a server refuses to start, and what its package is made of."""

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from timbre_argilla.database import SCHEMA

from tests.conftest import PACKAGE, Server


def test_a_second_server_on_the_same_home_is_refused(server: Server) -> None:
    second = Server(server.home)
    assert second.launch().wait(60) == 1
    assert f"is already served at {server.announced()['url']}" in second.log().splitlines()[-1]
    assert server.ask("GET", "/version")


def test_a_busy_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        refused = Server(tmp_path / "home", port=other.getsockname()[1])
        assert refused.launch().wait(60) == 1
    (said,) = refused.log().splitlines()
    assert "cannot be listened at" in said
    assert said.endswith("choose another port, or 0 for any that is free.")


def test_what_the_shell_says_about_argilla_is_not_heeded(tmp_path: Path) -> None:
    elsewhere = {
        "ARGILLA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "ARGILLA_AUTH_SECRET_KEY": "published",
        "ARGILLA_SEARCH_ENGINE": "elasticsearch",
    }
    server = Server(tmp_path / "home", environment=elsewhere).start()
    assert server.ask("GET", "/status")["search_engine"] == {"name": "timbre"}
    assert (server.home / "argilla.db").exists()
    assert server.end() == 0
    assert server.log() == ""


def test_a_second_server_on_the_same_database_is_refused(
    tmp_path: Path, postgres_url: Callable[[str], str]
) -> None:
    url = postgres_url("alone")
    first = Server(tmp_path / "first", database_url=url).start()
    second = Server(tmp_path / "second", database_url=url)
    assert second.launch().wait(60) == 1
    assert "is already served by another server" in second.log()
    assert first.end() == 0
    assert Server(tmp_path / "second", database_url=url).start().end() == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://somewhere/db", "begins with 'mysql'"),
        ("postgresql://timbre:secret@127.0.0.1:1/db", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, url: str, reason: str
) -> None:
    refused = Server(tmp_path / "home", database_url=url)
    assert refused.launch().wait(60) == 1
    (said,) = refused.log().splitlines()
    assert reason in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"api_key": "argilla.apikey"}, "an API key that anybody could guess"),
        ({"password": "12345678"}, "a password that anybody could guess"),
        ({"username": "argilla"}, "the user name 'argilla' that anybody could guess"),
        ({"secret_key": ""}, "an empty value that anybody could guess"),
        ({"colour": "red"}, "does not hold a user name"),
    ],
)
def test_credentials_that_anybody_knows_are_refused(
    tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    good = {"username": "o", "password": "p" * 12, "api_key": "k" * 12, "secret_key": "s" * 12}
    home = tmp_path / "home"
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({**good, **change}))
    refused = Server(home)
    assert refused.launch().wait(60) == 1
    (said,) = refused.log().splitlines()
    assert reason in said


def test_the_schema_we_take_for_current_is_the_servers_last() -> None:
    import argilla_server

    config = Config()
    config.set_main_option("script_location", str(Path(argilla_server.__file__).parent / "alembic"))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_the_constraints_hold_names_and_versions_only() -> None:
    lines = (PACKAGE / "constraints.txt").read_text().splitlines()
    assert "argilla-server==2.8.0" in lines
    assert all(line.count("==") == 1 and " " not in line for line in lines)
