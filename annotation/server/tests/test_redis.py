"""A server whose jobs are in Redis: RQ workers run them and notify the server of changes."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
from argilla_server.database import sync_engine
from argilla_server.settings import settings
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from tests.examples import SETTINGS, Receiver, import_rows, search
from timbre_argilla.credentials import credentials_from
from timbre_argilla.errors import LaunchError
from timbre_argilla.logs import LineFormatter, StderrLogger
from timbre_argilla.notifications import RemoteTables, apply
from timbre_argilla.search.table import TableCache

from tests.conftest import PACKAGE, Server

SECRETS = {
    "TIMBRE_SERVER_PASSWORD": "a long password",
    "TIMBRE_SERVER_API_KEY": "a long key",
    "TIMBRE_SERVER_SECRET_KEY": "a long secret",
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
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.1)


def test_workers_run_jobs_and_the_server_sees_their_changes(
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
    wait_for(server.announcement)
    server.client.headers["X-Argilla-Api-Key"] = SECRETS["TIMBRE_SERVER_API_KEY"]
    server.client.base_url = f"{server.announcement()['url']}/api/v1"
    worker = run(tmp_path / "worker", variables, "--worker")
    _, dataset = server.create_dataset("d", SETTINGS)
    receiver = Receiver()
    body = {"url": receiver.url, "events": ["record.created"]}
    server.request("POST", "/webhooks", body)
    records = [{"fields": {"text": "one"}, "external_id": "a"}]
    server.request("POST", f"/datasets/{dataset}/records/bulk", {"items": records})
    wait_for(lambda: receiver.events)
    check = run(tmp_path / "check", variables, "--check-worker")
    assert check.wait(300) == 0, (tmp_path / "check.log").read_text()

    done = {"filters": {"and": [status_is("completed")]}}
    assert search(server.client, dataset, done) == []
    # Change a record like a job in another process, and send the notification.
    # Argilla configures every connection in this process for the database in its settings.
    monkeypatch.setattr(settings, "database_url", url)
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with engine.begin() as connection:
        record = connection.scalar(text("SELECT id FROM records"))
        connection.execute(text("UPDATE records SET status = 'completed'"))
    RemoteTables(engine).touch([record])
    wait_for(lambda: search(server.client, dataset, done) == ["a"])
    engine.dispose()
    suggestions = import_rows(server.client, dataset, tmp_path / "rows", ["maybe", "no"])
    assert {"row1": ["no"]}.items() <= suggestions.items()
    assert "row0" not in suggestions

    worker.terminate()
    receiver.server.shutdown()
    receiver.server.server_close()
    assert worker.wait(300) == 0, (tmp_path / "worker.log").read_text()
    assert server.stop() == 0, server.read_log()
    output = server.read_log() + (tmp_path / "worker.log").read_text()
    assert not any(secret in output for secret in SECRETS.values())


def status_is(status: str) -> dict[str, object]:
    scope = {"entity": "record", "property": "status"}
    return {"type": "terms", "scope": scope, "values": [status]}


def test_a_worker_that_never_reported_fails_its_check(tmp_path: Path, redis_url: str) -> None:
    variables = {
        **SECRETS,
        "TIMBRE_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TIMBRE_SERVER_REDIS_URL": redis_url,
    }
    check = run(tmp_path / "check", variables, "--check-worker")
    assert check.wait(300) == 1
    assert "has never reported" in (tmp_path / "check.log").read_text()


def test_changes_of_any_size_arrive_in_small_messages() -> None:
    messages: list[str] = []
    connection = SimpleNamespace(execute=lambda _, values: messages.append(values["message"]))

    class Engine:
        def begin(self) -> "Engine":
            return self

        def __enter__(self) -> SimpleNamespace:
            return connection

        def __exit__(self, *_: object) -> None: ...

    dataset, records = uuid4(), [uuid4() for _ in range(400)]
    remote = RemoteTables(Engine())  # type: ignore[arg-type] # only this method is used
    remote.touch(records, dataset)
    remote.touch(records[:1])
    remote.drop(dataset)
    remote.clear()
    assert max(len(message) for message in messages) < 8000

    changes: list[object] = []

    class Recorder(TableCache):
        def touch(self, records: Iterable[UUID], dataset: UUID | None = None) -> None:
            changes.extend((dataset, record) for record in records)

        def drop(self, dataset: UUID) -> None:
            changes.append(dataset)

        def clear(self) -> None:
            changes.append("clear")

    tables = Recorder()
    for message in messages:
        apply(tables, message)
    touches = [*((dataset, record) for record in records), (None, records[0])]
    assert changes == [*touches, dataset, "clear"]
    with pytest.raises(ValueError, match="Unknown message"):
        apply(tables, '["__class__"]')


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"TIMBRE_SERVER_API_KEY": ""}, "environment lacks TIMBRE_SERVER_API_KEY"),
        ({"TIMBRE_SERVER_PASSWORD": "12345678"}, "a password that Argilla publishes"),
    ],
)
def test_missing_and_default_secrets_are_rejected(change: dict[str, str], reason: str) -> None:
    with pytest.raises(LaunchError, match=reason):
        credentials_from({**SECRETS, **change})


def test_a_log_line_is_json_without_secrets() -> None:
    import logging

    record = logging.LogRecord("x", logging.WARNING, "", 0, "at %s\nthen", ("hush",), None)
    line = json.loads(LineFormatter(as_json=True, secrets=["hush"]).format(record))
    assert (line["level"], line["message"]) == ("WARNING", "at [secret]\nthen")


def test_all_output_of_a_container_is_json(tmp_path: Path) -> None:
    variables = {
        **SECRETS,
        "TIMBRE_SERVER_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "TIMBRE_SERVER_LOG": "json",
    }
    assert run(tmp_path / "home", variables, "--port", "0").wait(300) == 1
    lines = (tmp_path / "home.log").read_text().splitlines()
    assert "Can't open the database" in json.loads(lines[-1])["message"]
    assert [line for line in lines if not isinstance(json.loads(line), dict)] == []


def test_output_on_standard_error_is_logged_line_by_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stderr = StderrLogger()
    stderr.write("Traceback\n  File")
    stderr.write(" “one”\n\nhalf")
    assert caplog.messages == ["Traceback", "  File “one”"]


def test_database_errors_contain_no_values() -> None:
    import_module("timbre_argilla.database")
    with pytest.raises(DBAPIError) as error, sync_engine.connect() as connection:
        connection.execute(text("SELECT :value FROM nowhere"), {"value": "hush"})
    assert "hush" not in str(error.value)
