"""Teachers behind an endpoint, against a local server that answers, stalls, refuses and breaks."""

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
from pipelines.conversations import conversations
from pipelines.errors import TeacherError
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoint import Endpoint
from pipelines.tone_file import Tone
from tests.pipelines.servers import KEY, Behaviour, Handler, Server, answers, completion

Serve = Callable[[Behaviour], Server]


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


@pytest.fixture(params=["openai", "anthropic"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each kind of endpoint in turn: what follows holds for all of them."""
    return str(request.param)


def texts(made: list[dict[str, Any]]) -> list[str | None]:
    return [output["generations"][0] for output in made]


def test_a_prompt_is_sent_with_its_settings_and_the_reply_counted(
    serve: Serve,
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
    ("status", "headers"),
    [(429, {"Retry_After": "0.05"}), (429, {"Retry_After": "nan"}), (500, {}), (503, {})],
)
def test_what_may_pass_is_tried_again(
    serve: Serve, dialect: str, status: int, headers: dict[str, str]
) -> None:
    server = serve(failing_first(2, status, **headers))
    teacher = endpoint(server, dialect=dialect)
    assert texts(teacher.generate([CHAT])) == ['{"plain_answer": "A b c."}']
    assert len(server.asked) == 3


def test_too_many_requests_narrow_the_gate_and_successes_widen_it(
    serve: Serve, dialect: str
) -> None:
    def crowded(handler: Handler, body: dict[str, Any]) -> None:
        time.sleep(0.01)
        if handler.server.inside > 4:
            handler.say(429, "too many", Retry_After="0.02")
        else:
            answers(handler, body)

    server = serve(crowded)
    teacher = endpoint(server, dialect=dialect, concurrency=16)
    chats = [[{"role": "user", "content": f"{CHAT[0]['content']} {n}"}] for n in range(60)]
    assert None not in texts(teacher.generate(chats))
    assert teacher._pace is not None
    assert teacher._pace.width < 16
    assert server.most <= 16


def test_a_connection_broken_off_in_mid_answer_is_tried_again(serve: Serve, dialect: str) -> None:
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

    assert None not in texts(endpoint(serve(breaks), dialect=dialect).generate([CHAT]))


def test_an_endpoint_that_stalls_is_given_up_after_patience_with_the_reason(
    serve: Serve, dialect: str
) -> None:
    def stalls(handler: Handler, _: dict[str, Any]) -> None:
        time.sleep(1.0)
        handler.close_connection = True

    teacher = endpoint(serve(stalls), dialect=dialect, timeout=0.5, patience=0.6)
    (made,) = teacher.generate([CHAT])
    assert made["generations"] == [None]
    assert made["reason"] == ["no answer from the endpoint (ReadTimeout)"]


@pytest.mark.parametrize(
    ("status", "text", "reason", "raw"),
    [
        (200, completion(" "), "an empty reply", ""),
        (400, '{"code": "context_length_exceeded"}', "prompt too long for the model",
         '{"code": "context_length_exceeded"}'),
        (400, "no", "refused with 400", "no"),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_has_its_reason(
    serve: Serve, status: int, text: str, reason: str, raw: str
) -> None:
    server = serve(lambda handler, _: handler.say(status, text))
    (made,) = endpoint(server).generate([CHAT])
    assert (made["generations"], made["reason"], made["raw"]) == ([None], [reason], [raw])
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [301, 308, 401, 402, 403, 404, 405, 501])
def test_what_cannot_pass_ends_the_run_with_one_sentence_without_the_key(
    serve: Serve, dialect: str, status: int
) -> None:
    server = serve(lambda handler, _: handler.say(status, f"bad key {KEY}"))
    with pytest.raises(TeacherError) as caught:
        endpoint(server, dialect=dialect, concurrency=1).generate([CHAT, CHAT])
    assert f"answered {status}; expected" in str(caught.value)
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_spent_account_ends_the_run_though_it_says_too_many_requests(serve: Serve) -> None:
    body = '{"error": {"code": "insufficient_quota"}}'
    server = serve(lambda handler, _: handler.say(429, body))
    with pytest.raises(TeacherError, match="answered 429; expected an account with credit"):
        endpoint(server).generate([CHAT])
    assert len(server.asked) == 1


def test_an_endpoint_that_is_not_there_ends_the_run_with_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    teacher = Endpoint(model="m", url=f"http://127.0.0.1:{port}/v1", patience=0.3)
    with pytest.raises(TeacherError, match=r"nobody to answer at http://127\.0\.0\.1.*run again"):
        teacher.generate([CHAT, CHAT])


def test_a_prompt_that_an_endpoint_breaks_on_is_refused_and_the_others_answered(
    serve: Serve,
) -> None:
    def breaks(handler: Handler, body: dict[str, Any]) -> None:
        if "poison" in body["messages"][-1]["content"]:
            handler.say(500, "broken")
        else:
            answers(handler, body)

    poison = [{"role": "user", "content": "poison"}]
    made = endpoint(serve(breaks), patience=0.3).generate([CHAT, poison, CHAT])
    assert [text is None for text in texts(made)] == [False, True, False]
    assert made[1]["reason"] == ["no answer from the endpoint (status 500)"]


FORM = {"type": "object", "properties": {"plain_answer": {"type": "string"}}}


@pytest.mark.parametrize(
    ("dialect", "known", "asked"),
    [("openai", "json_schema", 2), ("openai", "json_object", 3), ("openai", "", 4),
     ("anthropic", "tools", 2), ("anthropic", "", 3)],
)  # fmt: skip
def test_a_form_that_an_endpoint_does_not_know_is_asked_for_in_a_lesser_way(
    serve: Serve, dialect: str, known: str, asked: int
) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        form = body.get("tools") or body.get("response_format")
        if form and (not known or known not in json.dumps(body)):
            handler.say(400, "unknown: response_format, tools")
        else:
            answers(handler, body)

    server = serve(behave)
    teacher = endpoint(server, dialect=dialect, concurrency=1)
    made: dict[int, dict[str, Any]] = {}
    teacher.generate_each([(CHAT, FORM), (CHAT, FORM)], made.__setitem__)
    assert None not in texts([made[0], made[1]])
    assert len(server.asked) == asked


DECLINED = {
    "openai": {"choices": [{"message": {"content": None, "refusal": "I won't."}}]},
    "anthropic": {"content": [{"type": "text", "text": "I won't."}], "stop_reason": "refusal"},
}


def test_a_model_that_declines_has_that_reason(serve: Serve, dialect: str) -> None:
    server = serve(lambda handler, _: handler.say(200, json.dumps(DECLINED[dialect])))
    (made,) = endpoint(server, dialect=dialect).generate([CHAT])
    assert (made["reason"], made["raw"]) == (["the model declined"], ["I won't."])


NONSENSE = ["<html></html>", "[]", "7", '{"choices": 1, "content": 1}', "[" * 99_999]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_has_its_reason_and_is_kept(serve: Serve, dialect: str, said: str) -> None:
    server = serve(lambda handler, _: handler.say(200, said))
    (made,) = endpoint(server, dialect=dialect).generate([CHAT])
    assert made["reason"] == ["the endpoint's answer is no chat completion"]
    assert (made["generations"], made["raw"]) == ([None], [said[:500]])
    assert len(server.asked) == 1


def test_an_answer_that_was_cut_off_has_that_reason(serve: Serve, dialect: str) -> None:
    server = serve(lambda handler, _: handler.complete("and on", "length"))
    (made,) = endpoint(server, dialect=dialect).generate([CHAT])
    assert (made["reason"], made["raw"]) == (["the reply was cut off at its longest"], ["and on"])


def test_anthropic_is_told_the_system_prompt_apart_from_the_turns(serve: Serve) -> None:
    server = serve(answers)
    chat = [{"role": "system", "content": "Be brief."}, *CHAT]
    endpoint(server, dialect="anthropic").generate([chat])
    (sent,) = server.asked
    assert (sent["system"], sent["messages"]) == ("Be brief.", CHAT)
    assert server.keys == {KEY}


def test_tokens_are_estimated_where_the_endpoint_does_not_count(serve: Serve) -> None:
    said = json.dumps({"choices": [{"message": {"content": "word " * 20}}]})
    (made,) = endpoint(serve(lambda handler, _: handler.say(200, said))).generate([CHAT])
    assert made["statistics"] == {"input_tokens": [13], "output_tokens": [25]}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://169.254.169.254/v1", "link-local or metadata"),
        ("http://[fe80::1]/v1", "link-local or metadata"),
        ("http://[::ffff:169.254.169.254]/v1", "link-local or metadata"),
        ("http://100.100.100.200/v1", "link-local or metadata"),
        ("ftp://127.0.0.1/v1", "expected one like http"),
        ("ftp://me:secret@127.0.0.1/v1", "expected one like http"),
        ("http://localhost:99999/v1", "expected one like http"),
        ("http://[::1/v1", "expected one like http"),
        (f"http://{'a' * 64}.example/v1", "found no address of the host"),
        ("localhost", "expected one like http"),
        ("http://me:secret@127.0.0.1/v1", "expected none there"),
    ],
)
def test_an_address_that_no_teacher_has_is_refused(url: str, said: str) -> None:
    with pytest.raises(TeacherError, match=said) as caught:
        Endpoint(model="m", url=url).load()
    assert "secret" not in str(caught.value)


def test_the_key_is_in_no_form_of_the_teacher_or_the_plan(
    serve: Serve,
) -> None:
    teacher = endpoint(serve(answers))
    assert KEY not in repr(teacher) + str(teacher.model_dump()) + teacher.model_dump_json()
    assert KEY not in repr(GenerationPlan("c", api_key=KEY))


def test_a_pipeline_asks_the_endpoint_and_keeps_every_reply(
    serve: Serve, passages: list[Passage], tone: Tone, tmp_path: Path
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
    serve: Serve, passages: list[Passage], tone: Tone
) -> None:
    def careless(handler: Handler, body: dict[str, Any]) -> None:
        if "An earlier reply" in body["messages"][1]["content"]:
            handler.say(
                200, completion('{"answer": "Well, the Orrin Viaduct is a railway bridge."}')
            )
        elif "rewrite an answer" in body["messages"][0]["content"]:
            handler.complete("Sure, I'll get to it!")
        else:
            answers(handler, body)

    server = serve(careless)
    (made,) = conversations(passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}"))
    assert isinstance(made, Candidate)
    assert made.messages[-1].content == "Well, the Orrin Viaduct is a railway bridge."
    assert "\nSure, I'll get to it!\n" in server.asked[-1]["messages"][1]["content"]


def test_a_reply_wrong_twice_is_refused_with_the_raw_text(
    serve: Serve, passages: list[Passage], tone: Tone
) -> None:
    server = serve(lambda handler, _: handler.complete("I would rather not."))
    (made,) = conversations(passages[:1], tone, GenerationPlan("c", f"openai:m@{server.url}"))
    assert isinstance(made, Rejection)
    assert (made.reason, made.text) == ("reply without what was asked", "I would rather not.")
    assert len(server.asked) == 2


HOSTILE = [
    '{"questions": ' + "[" * 99_999,
    '{"questions": ["Who?"], "more": ' + "[" * 99_999,
    "\0 and half a \ud83d",
    '{"questions": ["What is a \\u0000, or half a \\ud83d?"]}',
    '{"questions": {"a": "Who?"}}',
    '{"questions": ["' + "Who? " * 99_999,
    '{"questions": [' + "9" * 9_999 + "]}",
]


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_reply_is_refused_and_kept_and_the_run_goes_on(
    serve: Serve, passages: list[Passage], tone: Tone, tmp_path: Path, said: str
) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        if passages[0].text in body["messages"][-1]["content"]:
            handler.complete(said)
        else:
            answers(handler, body)

    server = serve(behave)
    plan = GenerationPlan("c", f"openai:m@{server.url}", journal=tmp_path / "replies.jsonl")
    made = list(conversations(passages, tone, plan))
    refused, *others = made
    assert isinstance(refused, Rejection)
    assert refused.reason == "reply without what was asked"
    assert refused.text[:20] == said.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")[:20]
    refused.text.encode()
    assert all(isinstance(record, Candidate) for record in others)
    asked = len(server.asked)
    assert list(conversations(passages, tone, plan)) == made
    assert len(server.asked) == asked


def test_an_unknown_teacher_is_one_sentence(passages: list[Passage], tone: Tone) -> None:
    with pytest.raises(TeacherError, match="found the teacher “oracle”, expected “phrasebook”, “o"):
        list(conversations(passages, tone, GenerationPlan("c", "oracle")))
