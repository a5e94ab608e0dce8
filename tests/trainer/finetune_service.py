"""A server that speaks the protocol of a fine-tuning service, on this machine."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Server(ThreadingHTTPServer):
    """Takes files and jobs; a job runs for two looks and then ends as `ends` says.

    Its tuned models answer in the tone, all others do not; `asked` are the chats they were asked.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: list[bytes] = []
        self.jobs: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self.looks = 0
        self.ends = "succeeded"
        self.breaks_at = 0
        self.nonsense = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def job(self) -> dict[str, Any]:
        self.looks += 1
        ended = self.looks > 2
        status = self.ends if ended else "running"
        failed = status == "failed"
        return {
            "id": f"ftjob-{len(self.jobs)}", "object": "fine_tuning.job", "status": status,
            "model": "small", "created_at": 0, "hyperparameters": {}, "seed": 0,
            "organization_id": "o", "result_files": [], "training_file": "file-1",
            "fine_tuned_model": "ft:small:1" if status == "succeeded" else None,
            "trained_tokens": 77 if ended else None,
            "error": {"code": "bad", "message": "the file is odd", "param": None}
            if failed else None,
        }  # fmt: skip

    def events(self) -> dict[str, Any]:
        made = [
            {
                "id": f"e{number}", "object": "fine_tuning.job.event", "created_at": number,
                "level": "info", "message": f"step {number}",
            }
            for number in range(self.looks)
        ]  # fmt: skip
        return {"object": "list", "data": made[::-1], "has_more": False}


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            self.server.files.append(body)
            self._answer({"id": f"file-{len(self.server.files)}", "object": "file"})
        elif self.path == "/v1/chat/completions":
            self.server.asked.append(json.loads(body))
            self._answer(completion(self.server.asked[-1]["model"]))
        else:
            self.server.jobs.append(json.loads(body))
            self.server.looks = 0
            answer = self.server.job()
            self.server.looks = 0
            self._answer(answer)

    def do_GET(self) -> None:
        if self.path.partition("?")[0].endswith("/events"):
            self._answer(self.server.events())
        elif self.server.breaks_at and self.server.looks + 1 == self.server.breaks_at:
            self.server.breaks_at = 0
            self._answer({"error": {"message": "away"}}, 403)
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
        """Say nothing."""


def completion(model: str) -> dict[str, Any]:
    """A chat's answer by a model, as the protocol has it."""
    said = "It's green, and it's tall." if model.startswith("ft:") else "It is green and tall."
    return {
        "id": "1", "object": "chat.completion", "created": 0, "model": model,
        "choices": [{"index": 0, "finish_reason": "stop",
                     "message": {"role": "assistant", "content": said}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
    }  # fmt: skip
