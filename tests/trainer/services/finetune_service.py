"""A local server with the API of a fine-tuning service."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Accepts files and jobs. A job runs for two polls and then ends with the status `final`.

    Its tuned models answer in the tone, other models don't; `chats` are the chats they received.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: list[bytes] = []
        self.jobs: list[dict[str, Any]] = []
        self.chats: list[dict[str, Any]] = []
        self.polls = 0
        self.final = "succeeded"
        self.fails_at = 0
        self.nonsense = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def job(self) -> dict[str, Any]:
        self.polls += 1
        is_final = self.polls > 2
        status = self.final if is_final else "running"
        is_failed = status == "failed"
        return {
            "id": f"ftjob-{len(self.jobs)}", "object": "fine_tuning.job", "status": status,
            "model": "small", "created_at": 0, "hyperparameters": {}, "seed": 0,
            "organization_id": "o", "result_files": [], "training_file": "file-1",
            "fine_tuned_model": "ft:small:1" if status == "succeeded" else None,
            "trained_tokens": 77 if is_final else None,
            "error": {"code": "bad", "message": "the file is odd", "param": None}
            if is_failed else None,
        }  # fmt: skip

    def events(self) -> dict[str, Any]:
        events = [
            {
                "id": f"e{number}", "object": "fine_tuning.job.event", "created_at": number,
                "level": "info", "message": f"step {number}",
            }
            for number in range(self.polls)
        ]  # fmt: skip
        return {"object": "list", "data": events[::-1], "has_more": False}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            self.server.files.append(body)
            self._answer({"id": f"file-{len(self.server.files)}", "object": "file"})
        elif self.path == "/v1/chat/completions":
            self.server.chats.append(json.loads(body))
            self._answer(completion(self.server.chats[-1]["model"]))
        else:
            self.server.jobs.append(json.loads(body))
            self.server.polls = 0
            answer = self.server.job()
            self.server.polls = 0
            self._answer(answer)

    def do_GET(self) -> None:
        if self.path.partition("?")[0].endswith("/events"):
            self._answer(self.server.events())
        elif self.server.fails_at and self.server.polls + 1 == self.server.fails_at:
            self.server.fails_at = 0
            self._answer({"error": {"message": "unavailable"}}, 403)
        else:
            self._answer(self.server.job())

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        body = json.dumps([] if self.server.nonsense else value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def completion(model: str) -> dict[str, Any]:
    """A model's answer in the API's format."""
    text = "It's green, and it's tall." if model.startswith("ft:") else "It is green and tall."
    return {
        "id": "1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
    }  # fmt: skip
