"""A local server with the batch APIs of OpenAI and Anthropic, which also answers directly.

A batch is answered after `polls` looks at it. `spoil` changes single results.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.pipelines.servers import Handler, answers

Spoil = Callable[[dict[str, Any]], tuple[int, str] | None]
"""Returns the status and text of a bad answer to a request's body, or None for a good one."""


class BatchServer(ThreadingHTTPServer):
    """Holds files and batches, and counts what was sent directly."""

    daemon_threads = True

    def __init__(self, polls: int = 2, spoil: Spoil = lambda _: None) -> None:
        super().__init__(("127.0.0.1", 0), BatchHandler)
        self.polls, self.spoil = polls, spoil
        self.files: dict[str, str] = {}
        self.batches: list[dict[str, Any]] = []
        self.looks: dict[str, int] = {}
        self.direct: list[dict[str, Any]] = []
        self.fails_to_create = False
        self.error = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def bodies(self) -> list[dict[str, Any]]:
        """The bodies in all batches."""
        return [body for batch in self.batches for body in batch["bodies"].values()]


class BatchHandler(BaseHTTPRequestHandler):
    server: BatchServer

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            name = f"file-{len(self.server.files)}"
            (part,) = re.findall(
                rb'filename="requests.jsonl".*?\r\n\r\n(.*?)\r\n--', content, re.DOTALL
            )
            self.server.files[name] = part.decode()
            self.send({"id": name})
        elif self.path == "/v1/batches":
            body = json.loads(content)
            lines = map(json.loads, self.server.files[body["input_file_id"]].splitlines())
            self.create({line["custom_id"]: line["body"] for line in lines}, body["metadata"])
        elif self.path == "/v1/messages/batches":
            requests = json.loads(content)["requests"]
            self.create({each["custom_id"]: each["params"] for each in requests}, {})
        else:
            body = json.loads(content)
            self.server.direct.append(body)
            self.send_text(*self.answer(body))

    def create(self, bodies: dict[str, Any], metadata: dict[str, str]) -> None:
        name = f"batch_{len(self.server.batches)}"
        created = datetime.now(UTC).isoformat()
        self.server.batches.append(
            {
                "id": name,
                "bodies": bodies,
                "answers": {id: self.answer(body) for id, body in bodies.items()},
                "metadata": metadata,
                "created_at": created,
            }
        )
        if self.server.fails_to_create:
            self.close_connection = True
            return
        self.send({"id": name})

    def answer(self, body: dict[str, Any]) -> tuple[int, str]:
        """The status and text of an answer."""
        if spoilt := self.server.spoil(body):
            return spoilt
        texts: list[str] = []
        recorder = Recorder(self.path if "system" not in body else "/messages", texts)
        answers(recorder, body)  # type: ignore[arg-type] # has what the function uses
        return 200, texts[0]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].removeprefix("/v1")
        is_anthropic = path.startswith("/messages")
        parts = path.removeprefix("/messages").strip("/").split("/")
        if parts == ["batches"]:
            self.send({"data": [self.status(batch, is_anthropic) for batch in self.server.batches]})
        elif parts[0] == "files":
            self.send_text(200, self.server.files[parts[1]])
        else:
            (batch,) = [each for each in self.server.batches if each["id"] == parts[1]]
            if parts[2:] == ["results"]:
                self.send_text(200, self.anthropic_results(batch))
                return
            self.server.looks[parts[1]] = self.server.looks.get(parts[1], 0) + 1
            self.send(self.status(batch, is_anthropic))

    def status(self, batch: dict[str, Any], is_anthropic: bool) -> dict[str, Any]:
        is_ended = self.server.looks.get(batch["id"], 0) > self.server.polls
        count = len(batch["bodies"])
        if is_anthropic:
            counts = {"processing": 0 if is_ended else count, "succeeded": count if is_ended else 0}
            return {
                "id": batch["id"],
                "created_at": batch["created_at"],
                "processing_status": "ended" if is_ended else "in_progress",
                "request_counts": {**counts, "errored": 0, "canceled": 0, "expired": 0},
                "results_url": f"{self.server.url}/messages/batches/{batch['id']}/results",
            }
        status: dict[str, Any] = {
            "id": batch["id"],
            "metadata": batch["metadata"],
            "status": "completed" if is_ended else "in_progress",
            "request_counts": {"total": count, "completed": count if is_ended else 1, "failed": 0},
        }
        if self.server.error:
            status |= {"status": "failed", "errors": {"data": [{"message": self.server.error}]}}
        elif is_ended:
            status |= self.openai_files(batch)
        return status

    def openai_files(self, batch: dict[str, Any]) -> dict[str, str]:
        """Write a batch's output and error files."""
        lines: dict[str, list[str]] = {"output_file_id": [], "error_file_id": []}
        for id, (status, text) in batch["answers"].items():
            if status:
                response = {"status_code": status, "request_id": "r", "body": json.loads(text)}
                entry = {"custom_id": id, "response": response, "error": None}
            else:
                entry = {"custom_id": id, "response": None, "error": {"code": "batch_expired"}}
            lines["output_file_id" if status == 200 else "error_file_id"].append(json.dumps(entry))
        named = {name: f"{name}-{batch['id']}" for name, written in lines.items() if written}
        self.server.files |= {file: "\n".join(lines[name]) for name, file in named.items()}
        return named

    def anthropic_results(self, batch: dict[str, Any]) -> str:
        entries = []
        for id, (status, text) in reversed(batch["answers"].items()):  # they come in any order
            result: dict[str, Any] = {"type": "succeeded", "message": json.loads(text)}
            if status != 200:
                result = (
                    {"type": "errored", "error": json.loads(text)}
                    if status
                    else {"type": "expired"}
                )
            entries.append(json.dumps({"custom_id": id, "result": result}))
        return "\n".join(entries)

    def send(self, value: Any) -> None:
        self.send_text(200, json.dumps(value))

    def send_text(self, status: int, text: str) -> None:
        self.send_response(status or 500)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Recorder:
    """Stands in for a handler and keeps the text of its response."""

    complete = Handler.complete

    def __init__(self, path: str, texts: list[str]) -> None:
        self.path, self._texts = path, texts

    def respond(self, status: int, text: str) -> None:
        del status
        self._texts.append(text)
