"""`timbre review serve` as a process: on PostgreSQL, and when the server dies."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from annotation.argilla.embedded_server import ServerProcess

Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serve(argilla_server: ServerProcess, tmp_path: Path) -> Iterator[Serve]:
    """Start the command with a home of its own; the server's environment exists already."""
    processes: list[subprocess.Popen[str]] = []

    def start(**variables: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "timbre", "review", "serve", "--port", "0"]
        environment = {**os.environ, "TIMBRE_HOME": str(tmp_path), **variables}
        pipe = subprocess.PIPE
        processes.append(
            subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def url_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    match = re.match(r"Argilla is running at (http://\S+)\. ", line)
    assert match, line
    return match.group(1)


def test_it_serves_from_the_postgresql_in_the_settings_until_it_is_stopped(
    serve: Serve, postgres_url: str, tmp_path: Path
) -> None:
    process = serve(TIMBRE_ARGILLA_DATABASE_URL=postgres_url)
    assert httpx.get(f"{url_of(process)}/api/v1/version").json() == {"version": "2.8.0"}
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as database:
        assert database.execute("SELECT name FROM workspaces").fetchall() == [("timbre",)]
    assert not (tmp_path / "argilla" / "argilla.db").exists()
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, "Stopped.\n")


def test_a_server_that_dies_is_reported_with_its_log(serve: Serve, tmp_path: Path) -> None:
    process = serve()
    assert url_of(process)
    server = json.loads((tmp_path / "argilla" / "server.json").read_text(encoding="utf-8"))
    os.kill(server["pid"], signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, "")
    assert "Traceback" not in err
    assert "status -9" in err
    assert str(tmp_path / "argilla" / "server.log") in err
