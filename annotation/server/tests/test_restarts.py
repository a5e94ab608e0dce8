"""Data that must survive when a server is stopped or killed."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.examples import SETTINGS, Receiver, record_items, search, send, submit, wait_until

from tests.conftest import Server


def test_a_restart_keeps_logins_records_responses_and_jobs(
    tmp_path: Path, receiver: Receiver
) -> None:
    server = Server(tmp_path / "home").start()
    workspace, dataset = server.create_dataset("restart", SETTINGS)
    with socket.socket() as nobody:
        # Nobody listens on this port: the webhook fails, and is retried after ten seconds.
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        hook = server.request("POST", "/webhooks", {"url": url, "events": ["response.created"]})
    server.upload(dataset, record_items(5))
    record = server.request("POST", f"/datasets/{dataset}/records/search", {})["items"][0]["record"]
    ada = server.user("ada", workspace)
    submit(ada, record["id"])
    server.request("PATCH", f"/webhooks/{hook['id']}", {"url": receiver.url})
    assert server.stop(signal.SIGKILL) == -signal.SIGKILL

    again = Server(tmp_path / "home").start()
    login = {"Authorization": ada.headers["Authorization"]}
    ada = httpx.Client(base_url=again.client.base_url, headers=login, timeout=60)
    assert send(ada, "GET", "/me")["username"] == "ada"
    assert len(search(again.client, dataset)) == 5
    assert again.request("GET", f"/datasets/{dataset}/progress")["completed"] == 1
    events = receiver.wait_for("response.created")
    assert events[0]["data"]["record"]["id"] == record["id"]
    assert again.stop(signal.SIGTERM) == 0
    assert (again.home / "server.json").exists() is False


@pytest.mark.parametrize(
    ("ending", "database"), [(signal.SIGKILL, "sqlite"), (signal.SIGTERM, "postgresql")]
)
def test_confirmed_writes_survive_a_stop_or_kill(
    ending: signal.Signals, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url")("ended") if database == "postgresql" else ""
    server = Server(tmp_path / "home", database_url=url).start()
    workspace, dataset = server.create_dataset("killed", SETTINGS)
    server.upload(dataset, record_items(200, "a-"))
    queue = server.request("POST", f"/datasets/{dataset}/records/search?limit=1000", {})["items"]
    names = [f"p{n}" for n in range(4)]
    people = [server.user(name, workspace) for name in names]
    confirmed_records: list[str] = []
    confirmed_responses = [0, 0, 0, 0]

    def upload() -> None:
        for n in range(1000):
            body = record_items(20, f"b{n}-")
            server.upload(dataset, body)
            confirmed_records.extend(item["external_id"] for item in body["items"])

    def annotate(n: int) -> None:
        for item in queue:
            submit(people[n], item["record"]["id"])
            confirmed_responses[n] += 1

    with ThreadPoolExecutor(5) as pool:
        writers = [pool.submit(upload), *(pool.submit(annotate, n) for n in range(4))]
        assert wait_until(lambda: len(confirmed_records) >= 60 and min(confirmed_responses) >= 3)
        assert server.process is not None
        server.process.send_signal(ending)
        assert all(isinstance(one.exception(), httpx.TransportError) for one in writers)
    assert server.process.wait(60) == (0 if ending == signal.SIGTERM else -ending)
    again = Server(tmp_path / "home", database_url=url).start()
    stored = {name for n in range(2) for name in search(again.client, dataset, offset=1000 * n)}
    assert set(confirmed_records) <= stored
    # Batches are complete, and the text index contains all records.
    assert len(stored) % 20 == 0
    indexed = again.request(
        "POST", f"/datasets/{dataset}/records/search?limit=1", {"query": {"text": {"q": "of"}}}
    )
    assert indexed["total"] == len(stored)
    # One more response may be stored than was confirmed: the pending one.
    for name, confirmed in zip(names, confirmed_responses, strict=True):
        mine = send(again.user(name, workspace), "GET", f"/me/datasets/{dataset}/metrics")
        assert mine["responses"]["submitted"] in (confirmed, confirmed + 1)
    assert again.stop() == 0
