"""`timbre review serve` as a process: on a PostgreSQL that the settings name, and when it dies."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from annotation.embedded import ServerProcess

Serve = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def serve(argilla_server: ServerProcess, tmp_path: Path) -> Iterator[Serve]:
    """Start the command with a home of its own; the server's environment is there already."""
    started: list[subprocess.Popen[str]] = []

    def start(**more: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "timbre", "review", "serve", "--port", "0"]
        environment = {**os.environ, "TIMBRE_HOME": str(tmp_path), **more}
        pipe = subprocess.PIPE
        started.append(
            subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def url_of(serving: "subprocess.Popen[str]") -> str:
    assert serving.stdout is not None
    return serving.stdout.readline().removeprefix("Argilla answers at ").partition(";")[0]


def test_it_serves_on_the_postgresql_of_the_settings_until_it_is_told_to_stop(
    serve: Serve, postgres_url: str, tmp_path: Path
) -> None:
    serving = serve(TIMBRE_ARGILLA_DATABASE_URL=postgres_url)
    assert httpx.get(f"{url_of(serving)}/api/v1/version").json() == {"version": "2.8.0"}
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as there:
        assert there.execute("SELECT name FROM workspaces").fetchall() == [("timbre",)]
    assert not (tmp_path / "argilla" / "argilla.db").exists()
    serving.send_signal(signal.SIGTERM)
    out, _ = serving.communicate(timeout=120)
    assert (serving.returncode, out) == (0, "Stopped.\n")


def test_a_server_that_dies_under_it_is_told_in_a_sentence(serve: Serve, tmp_path: Path) -> None:
    serving = serve()
    assert url_of(serving)
    server = json.loads((tmp_path / "argilla" / "server.json").read_text(encoding="utf-8"))
    os.kill(server["pid"], signal.SIGKILL)
    out, said = serving.communicate(timeout=120)
    assert (serving.returncode, out) == (1, "")
    assert "ended by itself (status -9), expected it to run" in " ".join(said.split())
