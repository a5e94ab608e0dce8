"""What the tests of a whole server make: a dataset, records, answers, a webhook's end."""

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx

PARTS: dict[str, list[dict[str, Any]]] = {
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


def items(n: int, prefix: str = "r") -> dict[str, Any]:
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
    url = f"{me}/datasets/{dataset}/records/search?limit=1000&offset={offset}"
    found = answer(client, "POST", url, body or {})
    return [item["record"]["external_id"] for item in found["items"]]


def submit(client: httpx.Client, record: str, value: str = "yes") -> Any:
    body = {"values": {"label": {"value": value}}, "status": "submitted"}
    return answer(client, "POST", f"/records/{record}/responses", body)


def suggested(
    client: httpx.Client, dataset: str, folder: Path, labels: list[str]
) -> dict[str, list[str]]:
    """What is suggested for each record made by an import of rows with these labels."""
    rows = [{"key": f"row{n}", "text": f"{n}", "says": says} for n, says in enumerate(labels)]
    folder.mkdir()
    (folder / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    mapping = {
        "fields": [{"source": "text", "target": "text"}],
        "suggestions": [{"source": "says", "target": "label"}],
        "external_id": "key",
    }
    asked = {"name": str(folder), "subset": "default", "split": "train", "mapping": mapping}
    job = answer(client, "POST", f"/datasets/{dataset}/import", asked)["id"]
    assert until(lambda: answer(client, "GET", f"/jobs/{job}")["status"] == "finished")
    made = answer(client, "GET", f"/datasets/{dataset}/records?include=suggestions")["items"]
    return {one["external_id"]: [said["value"] for said in one["suggestions"]] for one in made}


def until(condition: Callable[[], bool]) -> bool:
    for _ in range(600):
        if condition():
            return True
        time.sleep(0.05)
    return False


class Listener:
    """A webhook's end: writes down what it is told."""

    def __init__(self) -> None:
        heard = self.heard = list[dict[str, Any]]()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                heard.append({**json.loads(body), "signature": self.headers["webhook-signature"]})
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def hears(self, kind: str, times: int = 1) -> list[dict[str, Any]]:
        def found() -> list[dict[str, Any]]:
            return [one for one in self.heard if one["type"] == kind]

        assert until(lambda: len(found()) >= times), self.heard
        return found()


def answer(client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    """Ask as some user, and take the answer apart; an error fails the test."""
    response = client.request(method, path, json=body)
    assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
    return response.json() if response.content else None
