"""Teachers behind an endpoint, against a local server that answers, stalls, refuses and breaks."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from db.records import Candidate, Passage, Refusal
from pipelines.conversations import conversations
from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoint import Endpoint
from pipelines.tone_file import Tone

KEY = "a-secret-that-no-message-may-hold"
Behaviour = Callable[["Handler", dict[str, Any]], None]


class Handler(BaseHTTPRequestHandler):
    """Answers as the server's behaviour says, and keeps what it was asked."""

    server: "Server"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            self.server.keys.add(self.headers.get("Authorization", ""))
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

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@pytest.fixture
def serve() -> Iterator[Callable[[Behaviour], Server]]:
    started: list[Server] = []

    def start(behaviour: Behaviour) -> Server:
        server = Server(behaviour)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.shutdown()
        server.server_close()


def completion(text: str, finish: str = "stop") -> str:
    return json.dumps(
        {
            "choices": [{"message": {"content": text}, "finish_reason": finish}],
            "usage": {"prompt_tokens": 11, "completion_tokens": 4},
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
    handler.say(200, completion(json.dumps(said)))


def failing_first(count: int, status: int, **headers: str) -> Behaviour:
    """Fails the first requests for each prompt with a status, then answers."""
    seen: Counter[str] = Counter()

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        prompt = json.dumps(body["messages"])
        seen[prompt] += 1
        if seen[prompt] <= count:
            handler.say(status, "not now", **headers)
        else:
            answers(handler, body)

    return behave


def endpoint(server: Server, **settings: Any) -> Endpoint:
    teacher = Endpoint(model="m", url=server.url, key=SecretStr(KEY), **settings)
    teacher.load()
    return teacher


CHAT = [{"role": "user", "content": '<passage>\nA b c.\n</passage>\n{"plain_answer": "…"}'}]


def texts(made: list[dict[str, Any]]) -> list[str | None]:
    return [output["generations"][0] for output in made]


def test_a_prompt_is_sent_with_its_settings_and_the_reply_counted(
    serve: Callable[[Behaviour], Server],
) -> None:
    server = serve(answers)
    (made,) = endpoint(server, seed=5, temperature=0.2, max_tokens=99).generate([CHAT])
    assert made["generations"] == ['{"plain_answer": "A b c."}']
    assert made["statistics"] == {"input_tokens": [11], "output_tokens": [4]}
    (sent,) = server.asked
    assert sent["messages"] == CHAT
    assert (sent["model"], sent["seed"]) == ("m", 5)
    assert (sent["temperature"], sent["max_tokens"]) == (0.2, 99)
    assert server.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("status", "headers"), [(429, {"Retry_After": "0.05"}), (500, {}), (503, {})]
)
def test_what_may_pass_is_tried_again(
    serve: Callable[[Behaviour], Server], status: int, headers: dict[str, str]
) -> None:
    server = serve(failing_first(2, status, **headers))
    assert texts(endpoint(server).generate([CHAT])) == ['{"plain_answer": "A b c."}']
    assert len(server.asked) == 3


def test_too_many_requests_narrow_the_gate_and_successes_widen_it(
    serve: Callable[[Behaviour], Server],
) -> None:
    def crowded(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(0.01)
        if handler.server.inside > 4:
            handler.say(429, "too many", Retry_After="0.02")
        else:
            answers(handler, body)

    server = serve(crowded)
    teacher = endpoint(server, concurrency=16)
    chats = [[{"role": "user", "content": f"{CHAT[0]['content']} {n}"}] for n in range(60)]
    assert None not in texts(teacher.generate(chats))
    assert teacher._pace is not None
    assert teacher._pace.width < 16
    assert server.most <= 16


def test_a_connection_broken_off_in_mid_answer_is_tried_again(
    serve: Callable[[Behaviour], Server],
) -> None:
    broken = iter([True, True, False])

    def breaks(handler: Handler, body: dict[str, Any]) -> None:
        if next(broken):
            handler.send_response(200)
            handler.send_header("Content-Length", "5000")
            handler.end_headers()
            handler.wfile.write(b'{"choices": [')
            handler.close_connection = True
        else:
            answers(handler, body)

    assert None not in texts(endpoint(serve(breaks)).generate([CHAT]))


def test_an_endpoint_that_stalls_is_given_up_after_patience_with_the_reason(
    serve: Callable[[Behaviour], Server],
) -> None:
    def stalls(handler: Handler, _: dict[str, Any]) -> None:
        time.sleep(0.5)
        handler.close_connection = True

    (made,) = endpoint(serve(stalls), timeout=0.1, patience=0.3).generate([CHAT])
    assert made["generations"] == [None]
    assert made["reason"] == ["no answer from the endpoint (ReadTimeout)"]


@pytest.mark.parametrize(
    ("status", "text", "reason", "raw"),
    [
        (200, "<html></html>", "the endpoint's answer is no chat completion", "<html></html>"),
        (200, '{"choices": 1}', "the endpoint's answer is no chat completion", '{"choices": 1}'),
        (200, completion(" "), "an empty reply", ""),
        (200, completion("and on", "length"), "the reply was cut off at its longest", "and on"),
        (400, '{"code": "context_length_exceeded"}', "prompt too long for the model", ""),
        (400, "no", "refused with 400", ""),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_has_its_reason(
    serve: Callable[[Behaviour], Server], status: int, text: str, reason: str, raw: str
) -> None:
    server = serve(lambda handler, _: handler.say(status, text))
    (made,) = endpoint(server).generate([CHAT])
    assert (made["generations"], made["reason"], made["raw"]) == ([None], [reason], [raw])
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_cannot_pass_ends_the_run_with_one_sentence_without_the_key(
    serve: Callable[[Behaviour], Server], status: int
) -> None:
    server = serve(lambda handler, _: handler.say(status, f"bad key {KEY}"))
    with pytest.raises(TeacherError) as caught:
        endpoint(server, concurrency=1).generate([CHAT, CHAT])
    assert f"answered {status}; expected" in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_endpoint_without_json_replies_is_asked_without(
    serve: Callable[[Behaviour], Server],
) -> None:
    def plain(handler: Handler, body: dict[str, Any]) -> None:
        if "response_format" in body:
            handler.say(400, "unknown field response_format")
        else:
            answers(handler, body)

    server = serve(plain)
    teacher = endpoint(server, concurrency=1)
    assert None not in texts(teacher.generate([CHAT, CHAT]))
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://169.254.169.254/v1", "link-local or metadata"),
        ("http://[fe80::1]/v1", "link-local or metadata"),
        ("http://[::ffff:169.254.169.254]/v1", "link-local or metadata"),
        ("http://100.100.100.200/v1", "link-local or metadata"),
        ("ftp://127.0.0.1/v1", "expected one like http"),
        ("localhost", "expected one like http"),
        ("http://me:secret@127.0.0.1/v1", "expected none there"),
    ],
)
def test_an_address_that_no_teacher_has_is_refused(url: str, said: str) -> None:
    with pytest.raises(TeacherError, match=said) as caught:
        Endpoint(model="m", url=url).load()
    assert "secret" not in str(caught.value)


def test_the_key_is_in_no_form_of_the_teacher_or_the_plan(
    serve: Callable[[Behaviour], Server],
) -> None:
    teacher = endpoint(serve(answers))
    assert KEY not in repr(teacher) + str(teacher.model_dump()) + teacher.model_dump_json()
    assert KEY not in repr(GenerationPlan("c", api_key=KEY))


def test_a_pipeline_asks_the_endpoint_and_keeps_every_reply(
    serve: Callable[[Behaviour], Server], passages: list[Passage], tone: Tone, tmp_path: Path
) -> None:
    server = serve(answers)
    journal = tmp_path / "replies.jsonl"
    plan = GenerationPlan("c", f"openai:m@{server.url}", journal=journal, api_key=KEY)
    made = list(conversations(passages, tone, plan))
    assert all(isinstance(record, Candidate) for record in made)
    assert len(server.asked) == 9
    assert made[0].input_tokens == 33  # type: ignore[union-attr] # a candidate, as said above
    assert list(conversations(passages, tone, plan)) == made
    assert len(server.asked) == 9
    assert KEY not in journal.read_text() + repr(made)


def test_a_reply_that_is_not_what_was_asked_for_is_asked_for_once_more(
    serve: Callable[[Behaviour], Server], passages: list[Passage], tone: Tone
) -> None:
    def careless(handler: Handler, body: dict[str, Any]) -> None:
        if len(body["messages"]) == 2 and "rewrite an answer" in body["messages"][0]["content"]:
            handler.say(200, completion("Sure, I'll get to it!"))
        elif len(body["messages"]) == 4:
            handler.say(200, completion('{"answer": "Well, that is what the text has to say."}'))
        else:
            answers(handler, body)

    server = serve(careless)
    (made,) = conversations(passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}"))
    assert isinstance(made, Candidate)
    assert made.messages[-1].content == "Well, that is what the text has to say."
    assert server.asked[-1]["messages"][2]["content"] == "Sure, I'll get to it!"


def test_a_reply_wrong_twice_is_refused_with_the_raw_text(
    serve: Callable[[Behaviour], Server], passages: list[Passage], tone: Tone
) -> None:
    server = serve(lambda handler, _: handler.say(200, completion("I would rather not.")))
    (made,) = conversations(passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}"))
    assert isinstance(made, Refusal)
    assert (made.reason, made.text) == ("reply without what was asked", "I would rather not.")
    assert len(server.asked) == 2


def test_an_unknown_teacher_is_one_sentence(passages: list[Passage], tone: Tone) -> None:
    with pytest.raises(TeacherError, match="found the teacher “oracle”, expected “phrasebook” or"):
        list(conversations(passages, tone, GenerationPlan("c", "oracle")))
