"""Answers of a served model, from a local server with OpenAI's API."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from db.records import Message, Output, Role, Split
from pipelines.errors import TeacherError
from pipelines.teachers.served import Sampling, ServedModel
from tests.serving import serving
from tests.trainer.conftest import chat_example
from trainer.arms import Arm, Decoding
from trainer.errors import TrainerError
from trainer.services.endpoint import answer_remotely

PROMPTS = [chat_example(number, Split.TEST) for number in range(11)]


class Server(ThreadingHTTPServer):
    """Answers each chat with its last turn, and records the requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.body = ""
        self.rejected = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(request)
        self.server.keys.add(self.headers["Authorization"])
        if self.server.rejected and self.server.rejected in request:
            message = f"Unsupported parameter: '{self.server.rejected}'"
            self.respond(400, json.dumps({"error": {"message": message}}))
        elif request["model"] != "tuned":
            self.respond(404, json.dumps({"error": {"message": "no such model"}}))
        else:
            text = f"<think>\n\n</think>\n\nYou said: {request['messages'][-1]['content']}"
            self.respond(200, self.server.body or json.dumps(completion(text)))

    def respond(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


def completion(text: str, finish_reason: str = "stop") -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "choices": [{"index": 0, "finish_reason": finish_reason, "message": message}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 7, "total_tokens": 10},
    }


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as served:
        yield served


def served(url: str, name: str = "tuned", **settings: Any) -> ServedModel:
    return ServedModel(url, name, "secret", Sampling(**{"max_tokens": 9, **settings}))


def answers(model: ServedModel, count: int = 1) -> list[Output]:
    return list(answer_remotely(PROMPTS[:count], Arm("x", "b"), Decoding(), model))


def test_each_prompt_is_answered_in_order_with_the_arm_s_turns(server: Server) -> None:
    progress: list[tuple[int, int]] = []
    shots = (Message(Role.USER, "is it?"), Message(Role.ASSISTANT, "yes!"))
    arm = Arm("served", "big", run="r1", system="be green", shots=shots)
    decoding = Decoding(max_new_tokens=9, temperature=0.5, seed=4)
    model = served(server.url, temperature=0.5, seed=4)
    outputs = list(
        answer_remotely(PROMPTS, arm, decoding, model, lambda *counts: progress.append(counts))
    )
    assert [output.prompt for output in outputs] == [example.id for example in PROMPTS]
    assert all(o.text == f"You said: {o.messages[-1].content}" for o in outputs)
    assert [message.role.value for message in outputs[0].messages] == [
        "system", "user", "assistant", "user"
    ]  # fmt: skip
    assert (outputs[0].output_tokens, outputs[0].run, outputs[0].seed) == (7, "r1", 4)
    assert outputs[0].seconds > 0
    assert progress[-1] == (11, 11)
    assert {(a["max_tokens"], a["temperature"], a["seed"]) for a in server.requests} == {
        (9, 0.5, 4)
    }
    assert server.keys == {"Bearer secret"}
    generation = json.loads(outputs[0].generation)
    assert (generation["endpoint"], generation["model"]) == (server.url, "tuned")
    assert "changes" not in generation
    assert "secret" not in outputs[0].generation


def test_a_rejected_parameter_is_left_out_and_the_outputs_say_so(server: Server) -> None:
    server.rejected = "seed"
    outputs = answers(served(server.url), 5)
    assert len(server.requests) <= 5 + 3
    assert [json.loads(output.generation)["changes"] for output in outputs] == [
        ["seed isn't sent"]
    ] * 5


def test_a_model_that_is_not_served_is_an_error(server: Server) -> None:
    with pytest.raises(TeacherError, match=r"other@http.*doesn't exist.*“no such model”"):
        answers(served(server.url, "other"))


def test_a_missing_server_is_an_error() -> None:
    model = served("http://127.0.0.1:9/v1")
    model._endpoint.patience = 0.2
    with pytest.raises(TeacherError, match=r"@http://127\.0\.0\.1:9/v1 can't be reached"):
        answers(model)


def test_a_decoding_rule_that_servers_lack_is_rejected(server: Server) -> None:
    with pytest.raises(TrainerError, match="no_repeat is 3, but served models don't support it"):
        next(answer_remotely(PROMPTS, Arm("x", "b"), Decoding(no_repeat=3), served(server.url)))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html></html>", "isn't a chat completion"),
        ("[]", "isn't a chat completion"),
        ("{}", "isn't a chat completion"),
        ('{"choices": [{"message": 7}]}', "isn't a chat completion"),
        ('{"choices": []}', "an empty reply"),
        ('{"choices": [{"message": {"content": "<think>Hm"}}]}', "reasoning without an answer"),
        ('{"choices": [{"message": {"content": null, "reasoning": "Hm"}}]}',
         "reasoning without an answer"),
    ],
)  # fmt: skip
def test_a_server_without_answers_is_an_error_after_three_prompts(
    server: Server, body: str, reason: str
) -> None:
    server.body = body
    model = served(server.url)
    model._endpoint.first_wait = 0.001
    with pytest.raises(TrainerError, match=rf"3 of 3 prompts got no answer .*{reason}"):
        answers(model, 11)


def test_an_answer_may_end_at_the_longest_length_but_not_in_its_reasoning(server: Server) -> None:
    server.body = json.dumps(completion("<think>Hm.</think>It goes on and", "length"))
    (output,) = answers(served(server.url))
    assert output.text == "It goes on and"
    server.body = json.dumps(completion("<think>It goes on and", "length"))
    with pytest.raises(TrainerError, match="cut off at max_tokens"):
        answers(served(server.url))


def test_characters_that_cannot_be_stored_are_replaced(server: Server) -> None:
    server.body = '{"choices": [{"message": {"content": " NUL \\u0000, half \\ud83d "}}]}'
    (output,) = answers(served(server.url))
    assert output.text == "NUL \ufffd, half \ufffd"
