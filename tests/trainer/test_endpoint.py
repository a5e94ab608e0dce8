"""Answers of a served model, from a server that speaks the protocol on this machine."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from db.records import Message, Role, Split
from tests.serving import serving
from tests.trainer.conftest import chat_example
from trainer.answer import Arm, Decoding
from trainer.endpoint import Endpoint, answer_remotely
from trainer.errors import TrainerError

PROMPTS = [chat_example(number, Split.TEST) for number in range(11)]


class Server(ThreadingHTTPServer):
    """Answers each chat with its last turn, and keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.says = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        self.server.keys.add(self.headers["Authorization"])
        known = asked["model"] == "tuned"
        said = f"<think>\n\n</think>\n\nYou said: {asked['messages'][-1]['content']}"
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": said},
        }
        answer: dict[str, Any] = {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [choice],
            "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
        }
        body = json.dumps(answer if known else {"error": {"message": "no such model"}}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.server.says.encode() or body)))
        self.end_headers()
        self.wfile.write(self.server.says.encode() or body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


def test_each_prompt_is_answered_in_order_with_the_arm_s_turns(server: Server) -> None:
    told: list[tuple[int, int]] = []
    shots = (Message(Role.USER, "is it?"), Message(Role.ASSISTANT, "yes!"))
    arm = Arm("served", "big", run="r1", system="be green", shots=shots)
    decoding = Decoding(max_new_tokens=9, temperature=0.5, seed=4)
    endpoint = Endpoint(server.url, "tuned", api_key="secret")
    outputs = list(
        answer_remotely(PROMPTS, arm, decoding, endpoint, lambda *done: told.append(done))
    )
    assert [output.prompt for output in outputs] == [example.id for example in PROMPTS]
    assert all(o.text == f"You said: {o.messages[-1].content}" for o in outputs)
    assert [message.role.value for message in outputs[0].messages] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
    assert (outputs[0].output_tokens, outputs[0].run, outputs[0].seed) == (7, "r1", 4)
    assert told[-1] == (11, 11)
    assert {(a["max_tokens"], a["temperature"], a["seed"]) for a in server.asked} == {(9, 0.5, 4)}
    assert server.keys == {"Bearer secret"}
    generation = json.loads(outputs[0].generation)
    assert (generation["endpoint"], generation["model"]) == (server.url, "tuned")
    assert "secret" not in outputs[0].generation
    assert "secret" not in repr(endpoint)


def test_a_model_that_is_not_served_is_one_sentence(server: Server) -> None:
    with pytest.raises(TrainerError, match=r"gave no answer of “other” .*no such model"):
        next(answer_remotely(PROMPTS, Arm("x", "b"), Decoding(), Endpoint(server.url, "other")))


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    nowhere = Endpoint("http://127.0.0.1:9/v1", "tuned")
    with pytest.raises(TrainerError, match=r"the server at http://127.0.0.1:9/v1 gave no answer"):
        next(answer_remotely(PROMPTS[:1], Arm("x", "b"), Decoding(), nowhere))


def test_a_rule_the_protocol_does_not_have_is_refused(server: Server) -> None:
    with pytest.raises(TrainerError, match="found no_repeat set for a served model"):
        next(
            answer_remotely(
                PROMPTS, Arm("x", "b"), Decoding(no_repeat=3), Endpoint(server.url, "tuned")
            )
        )


@pytest.mark.parametrize(
    "says",
    ["<html></html>", "[]", "{}", '{"choices": []}', '{"choices": [{"message": 7}]}',
     '{"choices": [{"message": {"content": [1]}}]}'],
)  # fmt: skip
def test_a_server_that_is_no_model_s_is_one_sentence(server: Server, says: str) -> None:
    server.says = says
    with pytest.raises(TrainerError, match=r"answered with something else .*, expected OpenAI"):
        next(answer_remotely(PROMPTS[:1], Arm("x", "b"), Decoding(), Endpoint(server.url, "tuned")))


def test_what_no_database_takes_is_marked_in_an_answer(server: Server) -> None:
    server.says = '{"choices": [{"message": {"content": " NUL \\u0000, half \\ud83d "}}]}'
    (made,) = answer_remotely(PROMPTS[:1], Arm("x", "b"), Decoding(), Endpoint(server.url, "tuned"))
    assert (made.text, made.output_tokens) == ("NUL \ufffd, half \ufffd", 0)
