"""A long run against a server that misbehaves in every way that the tables list."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from db.records import Candidate, Passage
from pipelines.conversations import generate_conversations
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone
from tests.pipelines.endpoints.stand_in import Format, formats, reasons_to_reject, respond
from tests.pipelines.servers import Behaviour, Handler, Server, answers

COUNT = 2000
SHARE = 0.3  # of requests that are answered oddly
REJECTED = (
    "OpenAI o-series and GPT-5: max_completion_tokens",
    "OpenAI GPT-5: temperature",
    "Mistral: extra inputs, with a list of errors",
    "DeepSeek: no JSON schema",
    "vLLM: the template has no system role (Gemma)",
)
REPEATABLE = {
    "an empty reply", "reasoning without an answer", "the reply was cut off at max_tokens",
    "the endpoint stopped before the reply's end",
    "the provider's content filter stopped the reply",
}  # fmt: skip
NOUNS = ("bridge", "mill", "harbour", "chapel", "garden", "tower", "market", "ferry", "canal")
PLACES = ("valley", "village", "county", "parish", "river", "hill", "island", "coast", "forest")
VERBS = ("built", "repaired", "painted", "measured", "sold", "closed", "opened", "drained")
THINGS = ("stone", "timber", "iron", "brick", "slate", "copper", "glass", "clay", "thatch")
TIMES = ("spring", "summer", "autumn", "winter", "night", "morning", "harvest", "drought")


class Misbehaviour:
    """Answers well, but often oddly; the same request is answered in the same way in every run."""

    def __init__(self) -> None:
        listed = {given["name"]: given for given in formats("requests")}
        self.rejected = [listed[name] for name in REJECTED]
        replies = [given for given in formats("replies") if "protocol" not in given]
        self.odd = [given for given in replies if given.get("reason") in REPEATABLE]
        self.odd += [given for given in replies if "@OK@" in given["body"] and "answer" in given]
        limits = [given for given in formats("limits") if "protocol" not in given]
        self.odd += [given for given in limits if "waits" in given]
        self.asked = Counter[str]()
        self.names = Counter[str]()

    def __call__(self, handler: Handler, body: dict[str, Any]) -> None:
        for given in self.rejected:
            for name in reasons_to_reject(given, body):
                respond(handler, {"status": 400, **given}, name)
                return
        prompt = body["messages"][-1]["content"]
        with handler.server.lock:
            self.asked[prompt] += 1
            random = Random(f"{self.asked[prompt]} {prompt}")  # noqa: S311 # no secret
        if random.random() > SHARE:
            answers(handler, body)
            return
        given = random.choice([*self.odd, {"name": "a lost connection"}])
        self.names[given["name"]] += 1
        if "body" in given:
            respond(handler, as_good_reply(given, handler, body))
        else:
            handler.close_connection = True


def as_good_reply(given: Format, handler: Handler, body: dict[str, Any]) -> Format:
    """A format with the text of a good reply."""
    texts: list[str] = []
    complete, handler.complete = handler.complete, texts.append  # type: ignore[method-assign, assignment] # see above
    answers(handler, body)
    handler.complete = complete  # type: ignore[method-assign] # as above
    text = json.dumps(texts[0])[1:-1]
    return {**given, "body": given["body"].replace("@OK@", text)}


def passages() -> list[Passage]:
    """Short texts that differ in most of their words."""
    random = Random(7)  # noqa: S311 # no secret

    def sentence() -> str:
        noun, place, verb, thing, time, other = map(
            random.choice, (NOUNS, PLACES, VERBS, THINGS, TIMES, NOUNS)
        )
        return random.choice(
            (
                f"The {noun} by the {place} was {verb} with {thing} in the {time}.",
                f"In the {time}, people of the {place} {verb} a {noun} of {thing}.",
                f"A {noun} and a {other} stood near the {place} until the {time}.",
                f"After the {time} they {verb} the {other}, because its {thing} was worn.",
            )
        )

    texts = [" ".join(sentence() for _ in range(5)) for _ in range(COUNT)]
    return [Passage(article="a", section="", position=n, text=text) for n, text in enumerate(texts)]


def test_a_run_against_a_misbehaving_server_ends_with_the_same_rows(
    serve: Callable[[Behaviour], Server],
    tone: Tone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sleep = asyncio.sleep
    monkeypatch.setattr(
        "pipelines.teachers.endpoints.endpoint.asyncio.sleep", lambda delay: sleep(delay / 1000)
    )
    rows = passages()

    def run(behaviour: Behaviour, name: str) -> list[str]:
        server = serve(behaviour)
        plan = GenerationPlan("c", f"openai:m@{server.url}", journal=tmp_path / name)
        records = list(generate_conversations(rows, tone, plan))
        texts = sum(isinstance(record, Candidate) for record in records)
        assert texts > COUNT * 0.9, Counter(getattr(r, "reason", "") for r in records)
        return [f"{type(r).__name__} {json.dumps(row_of(r), sort_keys=True)}" for r in records]

    misbehaviour = Misbehaviour()
    disturbed = run(misbehaviour, "disturbed")
    assert len(misbehaviour.names) == len(misbehaviour.odd) + 1
    assert misbehaviour.names.total() > COUNT
    assert disturbed == run(answers, "undisturbed")


def row_of(record: Any) -> dict[str, Any]:
    """What a row says, without the teacher's address."""
    if isinstance(record, Candidate):
        messages = [[message.role, message.content] for message in record.messages]
        return {"messages": messages, "question": record.question, "reference": record.reference}
    return {"subject": record.subject, "reason": record.reason, "text": record.text}
