"""Answers of a served model, from a local server with OpenAI's API."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from db.records import Message, Role, Split
from tests.serving import serving
from tests.trainer.conftest import chat_example
from trainer.arms import Arm, Decoding
from trainer.errors import TrainerError
from trainer.services.endpoint import Endpoint, answer_remotely

PROMPTS = [chat_example(number, Split.TEST) for number in range(11)]


class Server(ThreadingHTTPServer):
    """Answers each chat with its last turn, and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.body = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)
        self.server.keys.add(self.headers["Authorization"])
        is_known = request["model"] == "tuned"
        text = f"<think>\n\n</think>\n\nYou said: {request['messages'][-1]['content']}"
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }
        answer: dict[str, Any] = {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": request["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
        }
        value = answer if is_known else {"error": {"message": "no such model"}}
        body = (self.server.body or json.dumps(value)).encode()
        self.send_response(200 if is_known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


def test_each_prompt_is_answered_in_order_with_the_arm_s_turns(server: Server) -> None:
    progress: list[tuple[int, int]] = []
    shots = (Message(Role.USER, "is it?"), Message(Role.ASSISTANT, "yes!"))
    arm = Arm("served", "big", run="r1", system="be green", shots=shots)
    decoding = Decoding(max_new_tokens=9, temperature=0.5, seed=4)
    endpoint = Endpoint(server.url, "tuned", api_key="secret")
    outputs = list(
        answer_remotely(PROMPTS, arm, decoding, endpoint, lambda *counts: progress.append(counts))
    )
    assert [output.prompt for output in outputs] == [example.id for example in PROMPTS]
    assert all(o.text == f"You said: {o.messages[-1].content}" for o in outputs)
    assert [message.role.value for message in outputs[0].messages] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
    assert (outputs[0].output_tokens, outputs[0].run, outputs[0].seed) == (7, "r1", 4)
    assert progress[-1] == (11, 11)
    assert {(a["max_tokens"], a["temperature"], a["seed"]) for a in server.requests} == {
        (9, 0.5, 4)
    }
    assert server.keys == {"Bearer secret"}
    generation = json.loads(outputs[0].generation)
    assert (generation["endpoint"], generation["model"]) == (server.url, "tuned")
    assert "secret" not in outputs[0].generation
    assert "secret" not in repr(endpoint)


def test_a_model_that_is_not_served_is_an_error(server: Server) -> None:
    with pytest.raises(TrainerError, match=r"request to .* failed .*no such model.*serves “other”"):
        next(answer_remotely(PROMPTS, Arm("x", "b"), Decoding(), Endpoint(server.url, "other")))


def test_a_missing_server_is_an_error() -> None:
    nowhere = Endpoint("http://127.0.0.1:9/v1", "tuned")
    with pytest.raises(TrainerError, match=r"request to http://127.0.0.1:9/v1 failed"):
        next(answer_remotely(PROMPTS[:1], Arm("x", "b"), Decoding(), nowhere))


def test_a_decoding_rule_that_servers_lack_is_rejected(server: Server) -> None:
    with pytest.raises(TrainerError, match="no_repeat is 3, but served models don't support it"):
        next(
            answer_remotely(
                PROMPTS, Arm("x", "b"), Decoding(no_repeat=3), Endpoint(server.url, "tuned")
            )
        )


@pytest.mark.parametrize(
    "body",
    ["<html></html>", "[]", "{}", '{"choices": []}', '{"choices": [{"message": 7}]}',
     '{"choices": [{"message": {"content": [1]}}]}'],
)  # fmt: skip
def test_a_server_with_another_api_is_an_error(server: Server, body: str) -> None:
    server.body = body
    with pytest.raises(TrainerError, match=r"doesn't reply in OpenAI's format"):
        next(answer_remotely(PROMPTS[:1], Arm("x", "b"), Decoding(), Endpoint(server.url, "tuned")))


def test_characters_that_cannot_be_stored_are_replaced(server: Server) -> None:
    server.body = '{"choices": [{"message": {"content": " NUL \\u0000, half \\ud83d "}}]}'
    (output,) = answer_remotely(
        PROMPTS[:1], Arm("x", "b"), Decoding(), Endpoint(server.url, "tuned")
    )
    assert (output.text, output.output_tokens) == ("NUL \ufffd, half \ufffd", 0)
