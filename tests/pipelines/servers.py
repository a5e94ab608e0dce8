"""A local server that speaks as a model's endpoint does, and behaves as a test wants it to."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-secret-that-no-message-may-hold"
Behaviour = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's behaviour says, and keeps what it was asked."""

    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            self.server.keys.add(self.headers.get("Authorization") or self.headers["x-api-key"])
            self.server.inside += 1
            self.server.most = max(self.server.most, self.server.inside)
        try:
            self.server.behaviour(self, body)
        finally:
            with self.server.lock:
                self.server.inside -= 1

    def say(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def complete(self, text: str, finish: str = "stop") -> None:
        """Replies with a text in the form of the API that was asked."""
        spoken = message if self.path.endswith("/messages") else completion
        self.say(200, spoken(text, finish))

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class Server(ThreadingHTTPServer):
    """A server on a free port of this machine."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a client that went away."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


def completion(text: str, finish: str = "stop") -> str:
    """OpenAI's form."""
    return json.dumps(
        {
            "choices": [{"message": {"content": text}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4},
        }
    )


def message(text: str, finish: str = "stop") -> str:
    """Anthropic's form, by the tool where the text is an object."""
    part: dict[str, Any] = {"type": "text", "text": text}
    if text.startswith("{"):
        part = {"type": "tool_use", "name": "reply", "input": json.loads(text)}
    return json.dumps(
        {
            "content": [part],
            "stop_reason": {"stop": "end_turn", "length": "max_tokens"}[finish],
            "usage": {"input_tokens": 11, "output_tokens": 4},
        }
    )


def answers(handler: Handler, body: dict[str, Any]) -> None:
    """What a good teacher would say to each prompt of the tone pipeline."""
    prompt = body["messages"][-1]["content"]
    passage = prompt.split("<passage>\n")[-1].split("\n</passage>")[0]
    said: dict[str, Any] = {"questions": [f"What is said in {passage[:25]}?"]}
    if '{"plain_answer"' in prompt:
        said = {"plain_answer": passage}
    if '{"answer"' in prompt:
        plain = prompt.split("<plain_answer>\n")[-1].split("\n</plain_answer>")[0]
        said = {"answer": f"Well, here is what I know: {plain[0].lower()}{plain[1:]}"}
    handler.complete(json.dumps(said))
