"""A server whose jobs are Redis's: RQ workers run them, and tell the server what they wrote."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from argilla_server.database import sync_engine
from argilla_server.settings import settings
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from tests.made import Listener, search, suggested
from timbre_argilla.credentials import given_credentials
from timbre_argilla.errors import LaunchError
from timbre_argilla.logs import Lines, OneLine
from timbre_argilla.messages import Messenger, tell
from timbre_argilla.search.table import Shelf

from tests.conftest import PACKAGE, Server

SECRETS = {
    "TIMBRE_SERVER_PASSWORD": "a long password",
    "TIMBRE_SERVER_API_KEY": "a long key",
    "TIMBRE_SERVER_SECRET_KEY": "a long secret",
}
PARTS: dict[str, list[dict[str, Any]]] = {
    "fields": [{"name": "text", "settings": {"type": "text", "use_markdown": False}}],
    "questions": [
        {
            "name": "label",
            "required": True,
            "settings": {
                "type": "label_selection",
                "options": [{"value": word, "text": word} for word in ("yes", "no")],
            },
        }
    ],
}


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    program = shutil.which("redis-server")
    if program is None:
        missing = "needs redis-server (apt-get install redis-server)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    socket = f"/tmp/timbre-argilla-redis-{os.getpid()}.sock"  # noqa: S108 (its length is bounded)
    command = [program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while not Path(socket).exists():
        time.sleep(0.05)
    yield f"unix://{socket}"
    process.terminate()
    process.wait()


def run(home: Path, variables: dict[str, str], *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "timbre_argilla", str(home), "--environment", *arguments]
    with home.with_suffix(".log").open("a") as log:
        return subprocess.Popen(
            command, stdout=log, stderr=log, text=True, cwd=PACKAGE, env={**os.environ, **variables}
        )


def wait_for(condition: Callable[[], object], seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


def test_workers_run_the_jobs_and_the_server_sees_what_they_wrote(
    tmp_path: Path,
    postgres_url: Callable[[str], str],
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = postgres_url("redis")
    variables = {
        **SECRETS,
        "TIMBRE_SERVER_DATABASE_URL": url,
        "TIMBRE_SERVER_REDIS_URL": redis_url,
        "TIMBRE_SERVER_LOG": "json",
        "HF_HUB_OFFLINE": "1",
        "HF_HOME": str(tmp_path / "hub"),
    }
    server = Server(tmp_path / "home")
    server.process = run(server.home, variables, "--port", "0")
    wait_for(server.announced)
    server.client.headers["X-Argilla-Api-Key"] = SECRETS["TIMBRE_SERVER_API_KEY"]
    server.client.base_url = f"{server.announced()['url']}/api/v1"
    worker = run(tmp_path / "worker", variables, "--worker")
    _, dataset = server.dataset("d", PARTS)
    listener = Listener()
    body = {"url": listener.url, "events": ["record.created"]}
    server.ask("POST", "/webhooks", body)
    records = [{"fields": {"text": "one"}, "external_id": "a"}]
    server.ask("POST", f"/datasets/{dataset}/records/bulk", {"items": records})
    wait_for(lambda: listener.heard)
    check = run(tmp_path / "check", variables, "--check-worker")
    assert check.wait(300) == 0, (tmp_path / "check.log").read_text()

    done = {"filters": {"and": [status_is("completed")]}}
    assert search(server.client, dataset, done) == []
    # What a job of another process does: it writes to the tables, and says so.
    # Argilla prepares every connection of its process for the one database of its settings.
    monkeypatch.setattr(settings, "database_url", url)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        record = connection.scalar(text("SELECT id FROM records"))
        connection.execute(text("UPDATE records SET status = 'completed'"))
    Messenger(engine).touch_any([record])
    wait_for(lambda: search(server.client, dataset, done) == ["a"])
    engine.dispose()
    found = suggested(server.client, dataset, tmp_path / "rows", ["maybe", "no"])
    assert {"row1": ["no"]}.items() <= found.items()
    assert "row0" not in found

    worker.terminate()
    listener.server.shutdown()
    listener.server.server_close()
    assert worker.wait(300) == 0, (tmp_path / "worker.log").read_text()
    assert server.end() == 0, server.log()
    said = server.log() + (tmp_path / "worker.log").read_text()
    assert not any(secret in said for secret in SECRETS.values())


def status_is(status: str) -> dict[str, object]:
    scope = {"entity": "record", "property": "status"}
    return {"type": "terms", "scope": scope, "values": [status]}


def test_a_worker_that_was_never_heard_of_is_not_well(tmp_path: Path, redis_url: str) -> None:
    variables = {
        **SECRETS,
        "TIMBRE_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TIMBRE_SERVER_REDIS_URL": redis_url,
    }
    check = run(tmp_path / "check", variables, "--check-worker")
    assert check.wait(300) == 1
    assert "was never heard of" in (tmp_path / "check.log").read_text()


def test_a_message_says_what_was_written_however_much_it_is() -> None:
    sent: list[str] = []
    connection = SimpleNamespace(execute=lambda _, values: sent.append(values["written"]))

    class Engine:
        def begin(self) -> "Engine":
            return self

        def __enter__(self) -> SimpleNamespace:
            return connection

        def __exit__(self, *raised: object) -> None: ...

    dataset, records = uuid4(), [uuid4() for _ in range(400)]
    messenger = Messenger(Engine())  # type: ignore[arg-type] # it needs no more of an engine
    messenger.touch(dataset, records)
    messenger.clear()
    assert max(len(message) for message in sent) < 8000

    heard: list[object] = []

    class Recorder(Shelf):
        def touch(self, dataset: object, records: object) -> None:
            assert isinstance(records, list)
            heard.extend([(dataset, record) for record in records])

        def clear(self) -> None:
            heard.append("clear")

    shelf = Recorder()
    for message in sent:
        tell(shelf, message)
    assert heard == [*((dataset, record) for record in records), "clear"]
    with pytest.raises(ValueError, match="no message of ours"):
        tell(shelf, '["__class__"]')


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TIMBRE_SERVER_API_KEY": ""}, "TIMBRE_SERVER_API_KEY must be set"),
        ({"TIMBRE_SERVER_PASSWORD": "12345678"}, "a password that anybody could guess"),
    ],
)
def test_secrets_that_are_missing_or_published_are_refused(
    change: dict[str, str], reason: str
) -> None:
    with pytest.raises(LaunchError, match=reason):
        given_credentials({**SECRETS, **change})


def test_a_line_of_the_log_is_json_and_holds_no_secret() -> None:
    import logging

    record = logging.LogRecord("x", logging.WARNING, "", 0, "at %s\nthen", ("hush",), None)
    told = json.loads(OneLine(as_json=True, secrets=["hush"]).format(record))
    assert (told["level"], told["message"]) == ("WARNING", "at [secret]\nthen")


def test_all_that_a_container_says_is_json(tmp_path: Path) -> None:
    variables = {
        **SECRETS,
        "TIMBRE_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TIMBRE_SERVER_LOG": "json",
    }
    assert run(tmp_path / "home", variables, "--port", "0").wait(300) == 1
    lines = (tmp_path / "home.log").read_text().splitlines()
    assert "cannot be opened" in json.loads(lines[-1])["message"]
    assert [line for line in lines if not isinstance(json.loads(line), dict)] == []


def test_what_is_printed_on_standard_error_becomes_lines_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = Lines()
    said.write("Traceback\n  File")
    said.write(" “one”\n\nhalf")
    assert caplog.messages == ["Traceback", "  File “one”"]


def test_an_error_of_the_database_does_not_tell_what_was_asked_with() -> None:
    import_module("timbre_argilla.database")
    with pytest.raises(DBAPIError) as told, sync_engine.connect() as connection:
        connection.execute(text("SELECT :value FROM nowhere"), {"value": "hush"})
    assert "hush" not in str(told.value)
