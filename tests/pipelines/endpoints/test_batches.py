"""Runs through a provider's batch API, against a local server with that protocol."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from db.records import Candidate, Passage
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.meter import Meter, Prices
from pipelines.plan import GenerationPlan
from pipelines.voices.tone import Tone
from tests.pipelines.endpoints.batch_server import BatchServer
from tests.pipelines.endpoints.test_misbehaviour import passages as many_passages
from tests.serving import serving

PASSAGES = many_passages()[:60]
ROWS_IN_BATCHES = 57  # the first three are asked directly
Start = Any


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll without waiting, and retry soon."""
    monkeypatch.setattr("pipelines.teachers.batched.time.sleep", lambda _: None)
    monkeypatch.setattr("pipelines.teachers.endpoints.batch_api.time.sleep", lambda _: None)


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as started:
        yield lambda **settings: started.enter_context(serving(BatchServer(**settings)))


@pytest.fixture(params=["openai", "anthropic"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def plan_for(server: BatchServer, kind: str, folder: Path, **settings: Any) -> GenerationPlan:
    return GenerationPlan(
        "c",
        f"{kind}:m@{server.url}",
        journal=folder / "c.jsonl",
        by_batches=True,
        batch=10_000,
        **settings,
    )


def run(plan: GenerationPlan, tone: Tone, rows: list[Passage] = PASSAGES) -> list[str]:
    records = list(generate_conversations(rows, tone, plan))
    assert all(isinstance(record, Candidate) for record in records), records
    return [record.id for record in records]


def test_three_batches_write_what_direct_requests_write(
    start: Start, kind: str, tone: Tone, tmp_path: Path
) -> None:
    server, messages = start(), list[str]()
    plan = plan_for(server, kind, tmp_path, on_message=messages.append)
    texts = run(plan, tone)
    assert [len(batch["bodies"]) for batch in server.batches] == [ROWS_IN_BATCHES] * 3
    assert len(server.direct) == 9
    assert messages[0].startswith("batch_0: ")
    assert json.loads((tmp_path / "c.batches.json").read_text()) == []
    direct = GenerationPlan("c", plan.teacher, journal=tmp_path / "direct.jsonl")
    assert texts == run(direct, tone)


def test_replies_in_a_batch_cost_half(start: Start, kind: str, tone: Tone, tmp_path: Path) -> None:
    meter = Meter(Prices(1e6, 2e6))
    run(plan_for(start(), kind, tmp_path, meter=meter), tone)
    assert meter.requests == 180
    assert meter.usd == pytest.approx((9 + 171 / 2) * (11 + 2 * 4))


def test_a_limit_allows_twice_as_many_requests_in_a_batch(
    start: Start, tone: Tone, tmp_path: Path
) -> None:
    server = start()
    meter = Meter(Prices(1e6, 1e6), max_usd=9_000)
    plan = plan_for(server, "openai", tmp_path, meter=meter, max_tokens=100)
    list(generate_conversations(PASSAGES, tone, plan))
    assert meter.is_stopped
    assert 20 < len(server.batches[0]["bodies"]) < ROWS_IN_BATCHES
    assert meter.usd <= 9_000


def test_a_run_that_was_stopped_waits_for_the_same_batch(
    start: Start, kind: str, tone: Tone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start(polls=1)

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pipelines.teachers.batched.time.sleep", stop)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                run(plan_for(server, kind, tmp_path), tone)
            server.looks.clear()
    assert len(server.batches) == 1
    run(plan_for(server, kind, tmp_path), tone)
    assert len(server.batches) == 3
    assert len(server.bodies()) == 3 * ROWS_IN_BATCHES


def test_a_batch_whose_submission_was_interrupted_is_found(
    start: Start, kind: str, tone: Tone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start()

    def end(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:  # the process ends before it learns the batch's id
        patch.setattr("pipelines.teachers.endpoints.batch_api.time.sleep", end)
        server.fails_to_create = True
        with pytest.raises(KeyboardInterrupt):
            run(plan_for(server, kind, tmp_path), tone)
    server.fails_to_create = False
    assert len(server.batches) == 1
    run(plan_for(server, kind, tmp_path), tone)
    assert len(server.batches) == 3


def test_lost_results_are_requested_again(
    start: Start, kind: str, tone: Tone, tmp_path: Path
) -> None:
    seen: set[str] = set()

    def spoil(body: dict[str, Any]) -> tuple[int, str] | None:
        prompt = json.dumps(body["messages"])
        if prompt in seen or len(seen) >= 60:
            return None
        seen.add(prompt)
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}}
        return (0, "{}") if len(seen) % 2 else (529, json.dumps(error))

    server = start(spoil=spoil)
    run(plan_for(server, kind, tmp_path), tone)
    assert len(server.batches) == 4
    assert len(server.batches[1]["bodies"]) >= 50


def test_a_parameter_that_results_reject_is_left_out_in_the_next_batch(
    start: Start, tone: Tone, tmp_path: Path
) -> None:
    def spoil(body: dict[str, Any]) -> tuple[int, str] | None:
        message = "Unsupported parameter: 'seed'"
        return (400, json.dumps({"error": {"message": message}})) if "seed" in body else None

    server = start(spoil=spoil)
    first = plan_for(server, "openai", tmp_path)
    run(first, tone, PASSAGES[:3])  # so that the next run asks only by batches
    server.direct.clear()
    plan = plan_for(server, "openai", tmp_path)
    run(plan, tone)
    assert [len(batch["bodies"]) for batch in server.batches] == [ROWS_IN_BATCHES] * 4
    assert server.direct == []
    assert plan.dialect.changes == ["seed isn't sent"]


def test_a_rejected_batch_is_an_error_with_the_provider_s_reason(
    start: Start, tone: Tone, tmp_path: Path
) -> None:
    server = start()
    server.error = "Enqueued token limit reached for m in organization x."
    with pytest.raises(TeacherError, match=r"rejected the batch batch_0: Enqueued token limit"):
        run(plan_for(server, "openai", tmp_path), tone)
    server.error = ""
    run(plan_for(server, "openai", tmp_path), tone)


@pytest.mark.parametrize("teacher", ["azure:m@http://127.0.0.1:1", "phrasebook"])
def test_a_teacher_without_a_batch_api_is_an_error(tone: Tone, teacher: str) -> None:
    with pytest.raises(TeacherError, match="has no batch API"):
        run(GenerationPlan("c", teacher, by_batches=True), tone)
