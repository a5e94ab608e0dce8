"""What a server that is ended or killed keeps."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from tests.made import PARTS, Listener, answer, items, search, submit, until

from tests.conftest import Server


def test_a_restart_keeps_logins_records_answers_and_jobs(
    tmp_path: Path, listener: Listener
) -> None:
    server = Server(tmp_path / "home").start()
    workspace, dataset = server.dataset("kept", PARTS)
    with socket.socket() as nobody:
        # A port that nobody listens at: the webhook fails, and is tried again in ten seconds.
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
        hook = server.ask("POST", "/webhooks", {"url": url, "events": ["response.created"]})
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(5))
    record = server.ask("POST", f"/datasets/{dataset}/records/search", {})["items"][0]["record"]
    ada = server.user("ada", workspace)
    submit(ada, record["id"])
    server.ask("PATCH", f"/webhooks/{hook['id']}", {"url": listener.url})
    assert server.end(signal.SIGKILL) == -signal.SIGKILL

    again = Server(tmp_path / "home").start()
    login = {"Authorization": ada.headers["Authorization"]}
    ada = httpx.Client(base_url=again.client.base_url, headers=login, timeout=60)
    assert answer(ada, "GET", "/me")["username"] == "ada"
    assert len(search(again.client, dataset)) == 5
    assert again.ask("GET", f"/datasets/{dataset}/progress")["completed"] == 1
    heard = listener.hears("response.created")
    assert heard[0]["data"]["record"]["id"] == record["id"]
    assert again.end(signal.SIGTERM) == 0
    assert (again.home / "server.json").exists() is False


@pytest.mark.parametrize(
    ("ending", "database"), [(signal.SIGKILL, "sqlite"), (signal.SIGTERM, "postgresql")]
)
def test_what_annotators_and_an_upload_were_told_is_kept_however_the_server_ends(
    ending: signal.Signals, database: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres_url")("ended") if database == "postgresql" else ""
    server = Server(tmp_path / "home", database_url=url).start()
    workspace, dataset = server.dataset("killed", PARTS)
    server.ask("PUT", f"/datasets/{dataset}/records/bulk", items(200, "a-"))
    found = server.ask("POST", f"/datasets/{dataset}/records/search?limit=1000", {})["items"]
    names = [f"p{n}" for n in range(4)]
    people = [server.user(name, workspace) for name in names]
    uploaded: list[str] = []
    submitted = [0, 0, 0, 0]

    def upload() -> None:
        for n in range(1000):
            body = items(20, f"b{n}-")
            server.ask("PUT", f"/datasets/{dataset}/records/bulk", body)
            uploaded.extend(item["external_id"] for item in body["items"])

    def annotate(n: int) -> None:
        for item in found:
            submit(people[n], item["record"]["id"])
            submitted[n] += 1

    with ThreadPoolExecutor(5) as pool:
        busy = [pool.submit(upload), *(pool.submit(annotate, n) for n in range(4))]
        assert until(lambda: len(uploaded) >= 60 and min(submitted) >= 3)
        assert server.process is not None
        server.process.send_signal(ending)
        assert all(isinstance(one.exception(), httpx.TransportError) for one in busy)
    assert server.process.wait(60) == (0 if ending == signal.SIGTERM else -ending)
    again = Server(tmp_path / "home", database_url=url).start()
    kept = {name for n in range(2) for name in search(again.client, dataset, offset=1000 * n)}
    assert set(uploaded) <= kept
    # Batches are whole, and what is there is in the text index as well.
    assert len(kept) % 20 == 0
    indexed = again.ask(
        "POST", f"/datasets/{dataset}/records/search?limit=1", {"query": {"text": {"q": "of"}}}
    )
    assert indexed["total"] == len(kept)
    # A person may find one answer more than was confirmed: the one under way.
    for name, confirmed in zip(names, submitted, strict=True):
        mine = answer(again.user(name, workspace), "GET", f"/me/datasets/{dataset}/metrics")
        assert mine["responses"]["submitted"] in (confirmed, confirmed + 1)
    assert again.end() == 0
