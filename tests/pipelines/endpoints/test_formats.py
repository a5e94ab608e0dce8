"""Every provider's form of rejecting requests, of replying and of limiting, against a stand-in."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from pipelines.errors import TeacherError
from pipelines.journal import Journal
from pipelines.meter import Meter
from pipelines.replies import parse_reply
from pipelines.teachers.cached import CachedLLM, TeacherIdentity
from pipelines.teachers.completion import Completion, Prompt
from pipelines.teachers.endpoints.anthropic import AnthropicEndpoint
from pipelines.teachers.endpoints.endpoint import Endpoint
from pipelines.teachers.endpoints.openai import OpenAIEndpoint
from tests.pipelines.endpoints.stand_in import (
    CHAT,
    OK,
    SCHEMA,
    Format,
    formats,
    reasons_to_reject,
    respond,
)
from tests.pipelines.servers import KEY, Behaviour, Handler, Server

Serve = Callable[[Behaviour], Server]
REQUESTS, REPLIES, LIMITS = formats("requests"), formats("replies"), formats("limits")
_SETTINGS = ("temperature", "top_p", "max_tokens")


def each(table: list[Format]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("given", table, ids=[given["name"] for given in table])


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits of the teacher, which return at once."""
    seconds: list[float] = []
    sleep = asyncio.sleep

    async def record(delay: float) -> None:
        seconds.append(delay)
        await sleep(0)

    monkeypatch.setattr("pipelines.teachers.endpoints.endpoint.asyncio.sleep", record)
    return seconds


def endpoint(server: Server, given: Format) -> Endpoint:
    classes = {"openai": OpenAIEndpoint, "anthropic": AnthropicEndpoint}
    settings = {name: given[name] for name in _SETTINGS if name in given}
    return classes[given.get("protocol", "openai")](
        model="m", url=server.url, api_key=SecretStr(KEY), **settings
    )


def ask(teacher: Endpoint, folder: Path, count: int = 1) -> tuple[list[Completion], Meter]:
    """Ask through the journal, which cleans replies, as a run does."""
    meter = Meter()
    prompts = [
        Prompt([CHAT[0], {**CHAT[1], "content": f"{n}. {CHAT[1]['content']}"}], SCHEMA)
        for n in range(count)
    ]
    with Journal(folder / "journal.jsonl") as journal:
        cached = CachedLLM.wrap(
            teacher.with_meter(meter), TeacherIdentity("t", "{}", 0), journal, meter
        )
        cached.load()
        return cached.ask(prompts), meter


def test_the_tables_hold_sixty_formats_with_their_sources() -> None:
    table = REQUESTS + REPLIES + LIMITS
    assert len({given["name"] for given in table}) == len(table) >= 60
    assert all(given["source"] for given in table)


@each(REQUESTS)
def test_a_request_is_adapted_once_and_keeps_everything_else(
    serve: Serve, tmp_path: Path, waits: list[float], given: Format
) -> None:
    rejections: list[str] = []

    def behave(handler: Handler, body: dict[str, Any]) -> None:
        rejected = next(reasons_to_reject(given, body), None)
        if rejected is None:
            reply_to(handler, body)
        else:
            rejections.append(rejected)
            respond(handler, {"status": 400, **given}, rejected)

    server = serve(behave)
    teacher = endpoint(server, given)
    teacher.concurrency = 1
    first = teacher.sent_body(Prompt(CHAT, SCHEMA))
    completions, _ = ask(teacher, tmp_path, count=4)
    assert [completion.text for completion in completions] == [OK] * 4
    assert teacher.dialect.changes == given["changes"]
    assert len(rejections) <= len(given["changes"]) + 1  # two workers may ask at the same time
    assert waits == []
    changed = {change.split(" ")[0] for change in given["changes"]}
    kept = first.keys() - changed - {"response_format", "tools", "tool_choice", "messages"}
    assert {name: server.requests[-1][name] for name in kept} == {
        name: first[name] for name in kept
    }
    text = json.dumps(server.requests[-1])
    assert "Be brief." in text
    assert "Tell me about the thing." in text


def reply_to(handler: Handler, body: dict[str, Any]) -> None:
    """Reply well, as a stream if that was asked for."""
    if not body.get("stream"):
        handler.complete(OK)
        return
    events = [
        {"choices": [{"index": 0, "delta": {"content": part}, "finish_reason": None}]}
        for part in OK
    ]
    end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    lines = [f"data: {json.dumps(event)}\n\n" for event in [*events, end]]
    handler.respond(200, "".join([*lines, "data: [DONE]\n\n"]), Content_Type="text/event-stream")


@each(REPLIES)
@pytest.mark.usefixtures("waits")
def test_a_reply_is_read_or_its_reason_is_known(
    serve: Serve, tmp_path: Path, given: Format
) -> None:
    server = serve(lambda handler, _: respond(handler, given))
    (completion,), meter = ask(endpoint(server, given), tmp_path)
    if "reason" in given:
        assert (completion.text, completion.reason) == (None, given["reason"])
        return
    answer = parse_reply(completion.text, "answer")
    assert answer == (None if given.get("malformed") else given["answer"])
    assert meter.repairs == given.get("repaired", False)
    if "tokens" in given:
        assert [completion.input_tokens, completion.output_tokens] == given["tokens"]


@each(LIMITS)
def test_a_limit_is_waited_for_or_ends_the_run(
    serve: Serve, tmp_path: Path, waits: list[float], given: Format
) -> None:
    def behave(handler: Handler, body: dict[str, Any]) -> None:
        del body
        if len(handler.server.requests) == 1:
            respond(handler, given)
        else:
            handler.complete(OK)

    server = serve(behave)
    teacher = endpoint(server, given)
    if "error" in given:
        with pytest.raises(TeacherError, match=given["error"]) as caught:
            ask(teacher, tmp_path)
        assert len(server.requests) == 1
        assert "sk-" not in str(caught.value)
        return
    (completion,), _ = ask(teacher, tmp_path)
    assert completion.text == OK
    assert waits == [pytest.approx(given["waits"], abs=1.1 if "headers" in given else 0.001)]
