"""A local server that behaves like a model's endpoint, in the way each test chooses."""

import json
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-secret-that-no-message-may-contain"
Behaviour = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Responds as the server's behaviour says, and records the requests."""

    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.requests.append(body)
            self.server.keys.add(self.headers.get("Authorization") or self.headers["x-api-key"])
            self.server.concurrent += 1
            self.server.max_concurrent = max(self.server.max_concurrent, self.server.concurrent)
        try:
            self.server.behaviour(self, body)
        finally:
            with self.server.lock:
                self.server.concurrent -= 1

    def do_GET(self) -> None:
        """List the models, if the server lists any."""
        if self.server.models and self.path.endswith("/models"):
            self.respond(200, json.dumps({"data": [{"id": name} for name in self.server.models]}))
        else:
            self.respond(404, "no such page")

    def respond(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def complete(self, text: str, finish: str = "stop") -> None:
        """Respond with a text in the format of the API that was called."""
        encode = message if self.path.endswith("/messages") else completion
        self.respond(200, encode(text, finish))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class Server(ThreadingHTTPServer):
    """A server on a free local port."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviour = behaviour
        self.models: tuple[str, ...] = ()
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.lock = threading.Lock()
        self.concurrent = self.max_concurrent = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


def completion(text: str, finish: str = "stop") -> str:
    """A response in OpenAI's format."""
    return json.dumps(
        {
            "choices": [{"message": {"content": text}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4},
        }
    )


def message(text: str, finish: str = "stop") -> str:
    """A response in Anthropic's format, as the use of a tool if the text is an object."""
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


def is_rewrite(body: dict[str, Any]) -> bool:
    """Whether a request asks for a text in a tone."""
    return bool(body["messages"][0]["content"].startswith("You say a text again"))


def _is_plain_text(message: dict[str, str]) -> bool:
    return message["role"] == "user" and not message["content"].startswith("That was rejected")


def answers(handler: Handler, body: dict[str, Any]) -> None:
    """Respond as a good teacher would to each prompt of the tone pipeline."""
    prompt = body["messages"][-1]["content"]
    if is_rewrite(body):
        plain = next(m["content"] for m in reversed(body["messages"]) if _is_plain_text(m))
        handler.complete(f"Well, here is what I know: {plain[0].lower()}{plain[1:]}")
        return
    if prompt.startswith("Text: "):
        handler.complete(f"What is said in {prompt.split('Answer: ')[-1][:25]}?")
        return
    passage = prompt.split("<passage>\n")[-1].split("\n</passage>")[0]
    reply: dict[str, Any] = {"questions": [f"What is said in {passage[:25]}?"]}
    if '{"plain_answer"' in prompt:
        reply = {"plain_answer": passage}
    if '{"answer"' in prompt:
        plain = prompt.split("<plain_answer>\n")[-1].split("\n</plain_answer>")[0]
        reply = {"answer": f"Well, here is what I know: {plain[0].lower()}{plain[1:]}"}
    handler.complete(json.dumps(reply))
