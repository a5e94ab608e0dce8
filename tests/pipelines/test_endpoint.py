"""Teachers behind an endpoint, against a local server that answers, stalls, rejects and fails."""

import json
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from db.records import Candidate, Passage, Rejection
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoints.anthropic import AnthropicEndpoint
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.teachers.endpoints.openai import OpenAIEndpoint
from pipelines.voices.tone import Tone
from tests.pipelines.servers import KEY, Behaviour, Handler, Server, answers, completion

Serve = Callable[[Behaviour], Server]


def failing_first(count: int, status: int, **headers: str) -> Behaviour:
    """Fail the first requests for each prompt with a status, then answer."""
    requests: Counter[str] = Counter()

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        prompt = json.dumps(body["messages"])
        requests[prompt] += 1
        if requests[prompt] <= count:
            handler.respond(status, "not now", **headers)
        else:
            answers(handler, body)

    return behave


def endpoint(server: Server, protocol: str = "openai", **settings: Any) -> Endpoint:
    endpoint_class = {"openai": OpenAIEndpoint, "anthropic": AnthropicEndpoint}[protocol]
    settings = {"first_wait": 0.01, **settings}
    teacher = endpoint_class(model="m", url=server.url, api_key=SecretStr(KEY), **settings)
    teacher.load()
    return teacher


CHAT = [{"role": "user", "content": '<passage>\nA b c.\n</passage>\n{"plain_answer": "…"}'}]


@pytest.fixture(params=["openai", "anthropic"])
def protocol(request: pytest.FixtureRequest) -> str:
    """Each protocol in turn."""
    return str(request.param)


def texts(outputs: list[dict[str, Any]]) -> list[str | None]:
    return [output["generations"][0] for output in outputs]


def test_a_prompt_is_sent_with_its_settings_and_the_reply_counted(
    serve: Serve,
) -> None:
    server = serve(answers)
    (output,) = endpoint(server, seed=5, temperature=0.2, max_tokens=99).generate([CHAT])
    assert output["generations"] == ['{"plain_answer": "A b c."}']
    assert output["statistics"] == {"input_tokens": [11], "output_tokens": [4]}
    (sent,) = server.requests
    assert sent["messages"] == CHAT
    assert (sent["model"], sent["seed"]) == ("m", 5)
    assert (sent["temperature"], sent["max_tokens"]) == (0.2, 99)
    assert server.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("status", "headers"),
    [(429, {"Retry_After": "0.05"}), (429, {"Retry_After": "nan"}), (500, {}), (503, {})],
)
def test_temporary_failures_are_retried(
    serve: Serve, protocol: str, status: int, headers: dict[str, str]
) -> None:
    server = serve(failing_first(2, status, **headers))
    teacher = endpoint(server, protocol=protocol)
    assert texts(teacher.generate([CHAT])) == ['{"plain_answer": "A b c."}']
    assert len(server.requests) == 3


def test_too_many_requests_lower_the_concurrency(serve: Serve, protocol: str) -> None:
    def crowded(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(0.01)
        if handler.server.concurrent > 4:
            handler.respond(429, "too many", Retry_After="0.02")
        else:
            answers(handler, body)

    server = serve(crowded)
    teacher = endpoint(server, protocol=protocol, concurrency=16)
    chats = [[{"role": "user", "content": f"{CHAT[0]['content']} {n}"}] for n in range(60)]
    assert None not in texts(teacher.generate(chats))
    assert teacher._limit is not None
    assert teacher._limit.width < 16
    assert server.max_concurrent <= 16


def test_a_connection_lost_during_an_answer_is_retried(serve: Serve, protocol: str) -> None:
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

    assert None not in texts(endpoint(serve(breaks), protocol=protocol).generate([CHAT]))


def test_a_stalled_endpoint_yields_no_reply_once_patience_runs_out(
    serve: Serve, protocol: str
) -> None:
    def stalls(handler: Handler, _: dict[str, Any]) -> None:
        time.sleep(1.0)
        handler.close_connection = True

    teacher = endpoint(serve(stalls), protocol=protocol, timeout=0.5, patience=0.6)
    (output,) = teacher.generate([CHAT])
    assert output["generations"] == [None]
    assert output["reason"] == ["no answer from the endpoint (ReadTimeout)"]


@pytest.mark.parametrize(
    ("status", "text", "reason", "raw", "requests"),
    [
        (200, completion(" "), "an empty reply", "", 5),
        (400, '{"code": "context_length_exceeded"}', "prompt too long for the model",
         '{"code": "context_length_exceeded"}', 1),
        (400, "no", "rejected with status 400", "no", 1),
    ],
)  # fmt: skip
def test_an_unusable_answer_has_a_reason(
    serve: Serve, status: int, text: str, reason: str, raw: str, requests: int
) -> None:
    server = serve(lambda handler, _: handler.respond(status, text))
    (output,) = endpoint(server).generate([CHAT])
    assert (output["generations"], output["reason"], output["raw"]) == ([None], [reason], [raw])
    assert len(server.requests) == requests


@pytest.mark.parametrize("status", [301, 308, 401, 402, 403, 404, 405, 501])
def test_a_permanent_failure_is_an_error_without_the_key(
    serve: Serve, protocol: str, status: int
) -> None:
    server = serve(lambda handler, _: handler.respond(status, f"bad key {KEY}"))
    with pytest.raises(TeacherError) as caught:
        endpoint(server, protocol=protocol, concurrency=1).generate([CHAT, CHAT])
    assert f"responded with status {status}: " in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_account_without_credit_is_an_error_although_its_status_is_429(serve: Serve) -> None:
    body = '{"error": {"code": "insufficient_quota"}}'
    server = serve(lambda handler, _: handler.respond(429, body))
    with pytest.raises(
        TeacherError, match="responded with status 429: the account has no credit left"
    ):
        endpoint(server).generate([CHAT])
    assert len(server.requests) == 1


def test_an_unreachable_endpoint_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    teacher = OpenAIEndpoint(model="m", url=f"http://127.0.0.1:{port}/v1", patience=0.3)
    with pytest.raises(
        TeacherError, match=r"http://127\.0\.0\.1.* can't be reached.*run the command again"
    ):
        teacher.generate([CHAT, CHAT])


def test_a_prompt_that_always_fails_gets_no_reply_and_the_others_do(
    serve: Serve,
) -> None:
    def breaks(handler: Handler, body: dict[str, Any]) -> None:
        if "poison" in body["messages"][-1]["content"]:
            handler.respond(500, "broken")
        else:
            answers(handler, body)

    poison = [{"role": "user", "content": "poison"}]
    outputs = endpoint(serve(breaks), patience=0.3).generate([CHAT, poison, CHAT])
    assert [text is None for text in texts(outputs)] == [False, True, False]
    assert outputs[1]["reason"] == ["no answer from the endpoint (status 500)"]


SCHEMA = {"type": "object", "properties": {"plain_answer": {"type": "string"}}}


@pytest.mark.parametrize(
    ("protocol", "supported", "requests"),
    [("openai", "json_schema", 2), ("openai", "json_object", 3), ("openai", "", 4),
     ("anthropic", "tools", 2), ("anthropic", "", 3)],
)  # fmt: skip
def test_an_unsupported_schema_mode_is_replaced_by_the_next(
    serve: Serve, protocol: str, supported: str, requests: int
) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        schema = body.get("tools") or body.get("response_format")
        if schema and (not supported or supported not in json.dumps(body)):
            handler.respond(400, "unknown: response_format, tools")
        else:
            answers(handler, body)

    server = serve(behave)
    teacher = endpoint(server, protocol=protocol, concurrency=1)
    assert None not in texts(teacher.generate([(CHAT, SCHEMA), (CHAT, SCHEMA)]))
    assert len(server.requests) == requests


DECLINED = {
    "openai": {"choices": [{"message": {"content": None, "refusal": "I won't."}}]},
    "anthropic": {"content": [{"type": "text", "text": "I won't."}], "stop_reason": "refusal"},
}


def test_a_refusal_of_the_model_has_a_reason(serve: Serve, protocol: str) -> None:
    server = serve(lambda handler, _: handler.respond(200, json.dumps(DECLINED[protocol])))
    (output,) = endpoint(server, protocol=protocol).generate([CHAT])
    assert (output["reason"], output["raw"]) == (["the model declined"], ["I won't."])


NONSENSE = ["<html></html>", "[]", "7", '{"choices": 1, "content": 1}', "[" * 99_999]


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_has_a_reason_and_is_kept(serve: Serve, protocol: str, text: str) -> None:
    server = serve(lambda handler, _: handler.respond(200, text))
    (output,) = endpoint(server, protocol=protocol).generate([CHAT])
    assert output["reason"] == ["the endpoint's answer isn't a chat completion"]
    assert (output["generations"], output["raw"]) == ([None], [text[:500]])
    assert len(server.requests) == 5


def test_a_truncated_reply_has_a_reason(serve: Serve, protocol: str) -> None:
    server = serve(lambda handler, _: handler.complete("and on", "length"))
    (output,) = endpoint(server, protocol=protocol).generate([CHAT])
    assert (output["reason"], output["raw"]) == (
        ["the reply was cut off at max_tokens"],
        ["and on"],
    )


def test_anthropic_gets_the_system_prompt_apart_from_the_turns(serve: Serve) -> None:
    server = serve(answers)
    chat = [{"role": "system", "content": "Be brief."}, *CHAT]
    endpoint(server, protocol="anthropic").generate([chat])
    (sent,) = server.requests
    assert (sent["system"], sent["messages"]) == ("Be brief.", CHAT)
    assert server.keys == {KEY}


def test_tokens_are_estimated_if_the_endpoint_does_not_count_them(serve: Serve) -> None:
    text = json.dumps({"choices": [{"message": {"content": "word " * 20}}]})
    (output,) = endpoint(serve(lambda handler, _: handler.respond(200, text))).generate([CHAT])
    assert output["statistics"] == {"input_tokens": [13], "output_tokens": [25]}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://169.254.169.254/v1", "link-local or metadata"),
        ("http://[fe80::1]/v1", "link-local or metadata"),
        ("http://[::ffff:169.254.169.254]/v1", "link-local or metadata"),
        ("http://100.100.100.200/v1", "link-local or metadata"),
        ("ftp://127.0.0.1/v1", "Use a URL such as http"),
        ("ftp://me:secret@127.0.0.1/v1", "Use a URL such as http"),
        ("http://localhost:99999/v1", "Use a URL such as http"),
        ("http://[::1/v1", "Use a URL such as http"),
        (f"http://{'a' * 64}.example/v1", "can't be resolved"),
        ("localhost", "Use a URL such as http"),
        ("http://me:secret@127.0.0.1/v1", "contains a user name or password"),
    ],
)
def test_an_invalid_or_blocked_url_is_rejected(url: str, message: str) -> None:
    with pytest.raises(TeacherError, match=message) as caught:
        OpenAIEndpoint(model="m", url=url).load()
    assert "secret" not in str(caught.value)


def test_the_key_is_hidden_in_the_teacher_and_the_plan(
    serve: Serve,
) -> None:
    teacher = endpoint(serve(answers))
    assert KEY not in repr(teacher) + str(teacher.model_dump()) + teacher.model_dump_json()
    assert KEY not in repr(GenerationPlan("c", api_key=KEY))


def test_a_pipeline_asks_the_endpoint_and_journals_every_reply(
    serve: Serve, passages: list[Passage], tone: Tone, tmp_path: Path
) -> None:
    server = serve(answers)
    journal = tmp_path / "replies.jsonl"
    plan = GenerationPlan("c", f"openai:m@{server.url}", journal=journal, api_key=KEY)
    records = list(generate_conversations(passages, tone, plan))
    assert all(isinstance(record, Candidate) for record in records)
    assert len(server.requests) == 9
    assert records[0].input_tokens == 33  # type: ignore[union-attr] # a candidate, see above
    assert list(generate_conversations(passages, tone, plan)) == records
    assert len(server.requests) == 9
    assert KEY not in journal.read_text() + repr(records)


def test_a_malformed_reply_is_asked_for_once_more(
    serve: Serve, passages: list[Passage], tone: Tone
) -> None:
    answer = f"Well, here is what I know: {passages[0].text}"

    def careless(handler: Handler, body: dict[str, Any]) -> None:
        if "An earlier reply" in body["messages"][1]["content"]:
            handler.respond(200, completion(json.dumps({"answer": answer})))
        elif "rewrite an answer" in body["messages"][0]["content"]:
            handler.complete("Sure, I'll get to it!")
        else:
            answers(handler, body)

    server = serve(careless)
    (record,) = generate_conversations(
        passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}")
    )
    assert isinstance(record, Candidate)
    assert record.messages[-1].content == answer
    assert "\nSure, I'll get to it!\n" in server.requests[-1]["messages"][1]["content"]


def test_a_reply_malformed_twice_is_rejected_with_its_text(
    serve: Serve, passages: list[Passage], tone: Tone
) -> None:
    server = serve(lambda handler, _: handler.complete("I would rather not."))
    (record,) = generate_conversations(
        passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}")
    )
    assert isinstance(record, Rejection)
    assert (record.reason, record.text) == ("reply without what was asked", "I would rather not.")
    assert len(server.requests) == 2


HOSTILE = [
    '{"questions": ' + "[" * 99_999,
    '{"questions": ["Who?"], "more": ' + "[" * 99_999,
    "\0 and half a \ud83d",
    '{"questions": ["What is a \\u0000, or half a \\ud83d?"]}',
    '{"questions": {"a": "Who?"}}',
    '{"questions": ["' + "Who? " * 99_999,
    '{"questions": [' + "9" * 9_999 + "]}",
]


@pytest.mark.parametrize("reply", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_reply_is_rejected_and_kept_and_the_run_continues(
    serve: Serve, passages: list[Passage], tone: Tone, tmp_path: Path, reply: str
) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        if passages[0].text in body["messages"][-1]["content"]:
            handler.complete(reply)
        else:
            answers(handler, body)

    server = serve(behave)
    plan = GenerationPlan("c", f"openai:m@{server.url}", journal=tmp_path / "replies.jsonl")
    records = list(generate_conversations(passages, tone, plan))
    rejected, *others = records
    assert isinstance(rejected, Rejection)
    assert rejected.reason == "reply without what was asked"
    assert rejected.text[:20] == reply.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")[:20]
    rejected.text.encode()
    assert all(isinstance(record, Candidate) for record in others)
    requests = len(server.requests)
    assert list(generate_conversations(passages, tone, plan)) == records
    assert len(server.requests) == requests


def test_an_unknown_teacher_is_an_error(passages: list[Passage], tone: Tone) -> None:
    with pytest.raises(TeacherError, match="There is no teacher called “oracle”"):
        list(generate_conversations(passages, tone, GenerationPlan("c", "oracle")))
