"""Errors at start, and the consistency of the package."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from tests.examples import SETTINGS
from timbre_argilla.database import SCHEMA

from tests.conftest import PACKAGE, Server


def test_a_second_server_on_the_same_home_is_rejected(server: Server) -> None:
    second = Server(server.home)
    assert second.launch().wait(60) == 1
    assert (
        f"is already used by a server at {server.announcement()['url']}"
        in second.read_log().splitlines()[-1]
    )
    assert server.request("GET", "/version")


def test_a_busy_port_is_reported_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        server = Server(tmp_path / "home", port=other.getsockname()[1])
        assert server.launch().wait(60) == 1
    (line,) = server.read_log().splitlines()
    assert line.startswith("Can't listen on 127.0.0.1 port ")
    assert line.endswith("Choose another port, or 0 for any free one.")


def test_argillas_own_environment_variables_are_ignored(tmp_path: Path) -> None:
    variables = {
        "ARGILLA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
        "ARGILLA_AUTH_SECRET_KEY": "published",
        "ARGILLA_SEARCH_ENGINE": "elasticsearch",
    }
    server = Server(tmp_path / "home", environment=variables).start()
    assert server.request("GET", "/status")["search_engine"] == {"name": "timbre"}
    assert (server.home / "argilla.db").exists()
    assert server.stop() == 0
    assert server.read_log() == ""


def test_a_second_server_on_the_same_database_is_rejected(
    tmp_path: Path, postgres_url: Callable[[str], str]
) -> None:
    url = postgres_url("alone")
    first = Server(tmp_path / "first", database_url=url).start()
    second = Server(tmp_path / "second", database_url=url)
    assert second.launch().wait(60) == 1
    assert "is already used by another server" in second.read_log()
    assert first.stop() == 0
    assert Server(tmp_path / "second", database_url=url).start().stop() == 0


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://somewhere/db", "start with 'mysql'"),
        ("postgresql://timbre:secret@127.0.0.1:1/db", "Can't open the database"),
    ],
)
def test_an_unusable_database_is_reported_in_one_line(
    tmp_path: Path, url: str, reason: str
) -> None:
    server = Server(tmp_path / "home", database_url=url)
    assert server.launch().wait(60) == 1
    (line,) = server.read_log().splitlines()
    assert reason in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"api_key": "argilla.apikey"}, "an API key that Argilla publishes"),
        ({"password": "12345678"}, "a password that Argilla publishes"),
        ({"username": "argilla"}, "the user name 'argilla' that Argilla publishes"),
        ({"secret_key": ""}, "contains an empty value"),
        ({"colour": "red"}, "lacks a user name"),
    ],
)
def test_default_and_malformed_credentials_are_rejected(
    tmp_path: Path, change: dict[str, str], reason: str
) -> None:
    good = {"username": "o", "password": "p" * 12, "api_key": "k" * 12, "secret_key": "s" * 12}
    home = tmp_path / "home"
    home.mkdir()
    (home / "credentials.json").write_text(json.dumps({**good, **change}))
    server = Server(home)
    assert server.launch().wait(60) == 1
    (line,) = server.read_log().splitlines()
    assert reason in line


def test_the_schema_revision_is_the_servers_latest() -> None:
    import argilla_server

    config = Config()
    config.set_main_option("script_location", str(Path(argilla_server.__file__).parent / "alembic"))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_the_constraints_contain_only_names_and_versions() -> None:
    lines = (PACKAGE / "constraints.txt").read_text().splitlines()
    assert "argilla-server==2.8.0" in lines
    assert all(line.count("==") == 1 and " " not in line for line in lines)


def test_no_telemetry_is_sent(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hub:
        hub.settimeout(10)
        environment = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.getsockname()[1]}"}
        code = "from huggingface_hub.utils import send_telemetry; send_telemetry('timbre')"
        sender = subprocess.Popen(
            [sys.executable, "-c", f"{code}; import time; time.sleep(2)"],
            env={**os.environ, **environment},
        )
        connection, _ = hub.accept()  # what the test would notice
        connection.close()
        sender.wait(60)
        hub.setblocking(False)
        while True:  # the sender's other attempts
            try:
                hub.accept()[0].close()
            except BlockingIOError:
                break
        server = Server(tmp_path / "home", environment=environment).start()
        server.create_dataset("telemetry", SETTINGS)
        assert server.stop() == 0, server.read_log()
        with pytest.raises(BlockingIOError):
            hub.accept()
