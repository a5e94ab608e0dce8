"""Examples for tests of a whole server: a dataset, records, responses, a webhook receiver."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx

SETTINGS: dict[str, list[dict[str, Any]]] = {
    "fields": [{"name": "text", "required": True, "settings": {"type": "text"}}],
    "questions": [
        {
            "name": "label",
            "required": True,
            "settings": {
                "type": "label_selection",
                "options": [{"value": "yes", "text": "Yes"}, {"value": "no", "text": "No"}],
            },
        }
    ],
    "metadata-properties": [
        {"name": "source", "settings": {"type": "terms"}},
        {"name": "share", "settings": {"type": "float"}},
        {"name": "count", "settings": {"type": "integer"}},
    ],
}


def record_items(n: int, prefix: str = "r") -> dict[str, Any]:
    """The body of an upload of n records."""
    return {
        "items": [
            {
                "external_id": f"{prefix}{i}",
                "fields": {"text": f"word{i} of {prefix}"},
                "metadata": {"source": "ab"[i % 2], "share": i / 10, "count": i},
            }
            for i in range(n)
        ]
    }


def search(
    client: httpx.Client, dataset: str, body: Any = None, me: str = "", offset: int = 0
) -> list[str]:
    limit = 100 if me else 1000
    url = f"{me}/datasets/{dataset}/records/search?limit={limit}&offset={offset}"
    items = send(client, "POST", url, body or {})["items"]
    return [item["record"]["external_id"] for item in items]


def submit(client: httpx.Client, record: str, value: str = "yes") -> Any:
    body = {"values": {"label": {"value": value}}, "status": "submitted"}
    return send(client, "POST", f"/records/{record}/responses", body)


def import_rows(
    client: httpx.Client, dataset: str, folder: Path, labels: list[str]
) -> dict[str, list[str]]:
    """Import a row for each label, and return the suggestions of each record that results."""
    rows = [{"key": f"row{n}", "text": f"{n}", "guess": label} for n, label in enumerate(labels)]
    folder.mkdir()
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mapping = {
        "fields": [{"source": "text", "target": "text"}],
        "suggestions": [{"source": "guess", "target": "label"}],
        "external_id": "key",
    }
    body = {"name": str(folder), "subset": "default", "split": "train", "mapping": mapping}
    job = send(client, "POST", f"/datasets/{dataset}/import", body)["id"]
    assert wait_until(lambda: send(client, "GET", f"/jobs/{job}")["status"] == "finished")
    records = send(client, "GET", f"/datasets/{dataset}/records?include=suggestions")["items"]
    return {
        record["external_id"]: [suggestion["value"] for suggestion in record["suggestions"]]
        for record in records
    }


def wait_until(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


class Receiver:
    """A webhook's receiver, which records the events."""

    def __init__(self) -> None:
        events = self.events = list[dict[str, Any]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                events.append({**json.loads(body), "signature": self.headers["webhook-signature"]})
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Log nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait_for(self, kind: str, times: int = 1) -> list[dict[str, Any]]:
        def matches() -> list[dict[str, Any]]:
            return [event for event in self.events if event["type"] == kind]

        assert wait_until(lambda: len(matches()) >= times), self.events
        return matches()


def send(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Send a request and return the decoded response; an error fails the test."""
    response = client.request(method, path, json=body)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
    return response.json() if response.content else None
