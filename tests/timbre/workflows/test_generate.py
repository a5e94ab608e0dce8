"""`timbre generate` with a model behind a local endpoint: limits, costs and retries."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.records import Article, Candidate, Measure, Passage, Rejection
from db.store import Store
from pipelines.replies import parse_text
from tests.pipelines.conftest import TEXTS
from tests.pipelines.servers import KEY, Handler, Server, answers, is_rewrite
from tests.serving import serving
from tests.timbre.conftest import CommandResult, Timbre
from tests.timbre.workflows.conftest import add_passages

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "openai:m@{url}"
concurrency = 2
max_tokens = 40
input_price = 1000000.0
output_price = 2000000.0
"""


def use_an_unsupported_name(handler: Handler, body: dict[str, Any]) -> None:
    """Reply with a name that isn't in the passage, unless the prompt says that this was wrong."""
    if is_rewrite(body) and "unsupported name" not in body["messages"][-1]["content"]:
        handler.complete("Well, I was told by Ignatius that the thing was built.")
    else:
        answers(handler, body)


def reject_every_request(handler: Handler, body: dict[str, Any]) -> None:
    """Reject requests for a reason that no other request solves."""
    del body
    error = {"message": f"This model is retired. (key {KEY})", "type": "invalid_request_error"}
    handler.respond(400, json.dumps({"error": error}))


def reject_a_seed(handler: Handler, body: dict[str, Any]) -> None:
    """Reject requests with a seed, and reply with a line break in a JSON string."""
    if "seed" in body:
        handler.respond(422, '{"detail": [{"loc": ["body", "seed"], "msg": "not permitted"}]}')
    elif '{"plain_answer"' in body["messages"][-1]["content"]:
        passage = body["messages"][-1]["content"].split("<passage>\n")[1].split("\n</passage>")[0]
        handler.complete('{"plain_answer": "' + passage.replace(". ", ".\n") + '",}')
    else:
        answers(handler, body)


def reject_the_last_step(handler: Handler, body: dict[str, Any]) -> None:
    """Answer 403 to the last prompt of the pipeline, as if the key had no access."""
    if is_rewrite(body):
        handler.respond(403, f"not with {KEY}")
    else:
        answers(handler, body)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server(answers)) as endpoint:
        yield endpoint


@pytest.fixture
def campaign(tmp_path: Path, server: Server) -> str:
    path = tmp_path / "bridges.toml"
    path.write_text(CAMPAIGN.format(url=server.url), encoding="utf-8")
    return str(path)


@pytest.fixture(autouse=True)
def passages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three articles, and a key for the endpoint."""
    monkeypatch.setenv("TIMBRE_TEACHER_KEY", KEY)
    add_passages(store)


def run(timbre: Timbre, *arguments: str, status: int = 0) -> CommandResult:
    """Run a command, and check that it doesn't print the key."""
    result = timbre(*arguments, status=status)
    assert KEY not in result.out + result.err
    return result


def generate(timbre: Timbre, *arguments: str, status: int = 0) -> dict[str, Any]:
    result = run(timbre, "generate", *arguments, "--json", status=status)
    counts: dict[str, Any] = json.loads(result.out)
    return counts


def test_tokens_and_dollars_are_counted_for_the_run_and_for_each_row(
    timbre: Timbre, campaign: str, server: Server, store: Store
) -> None:
    counts = generate(timbre, campaign)
    assert counts["made"] == {"conversation": 3}
    assert (counts["requests"], counts["input_tokens"], counts["output_tokens"]) == (6, 66, 24)
    assert counts["usd"] == 66 + 2 * 24
    assert server.keys == {f"Bearer {KEY}"}
    costs = [measure.value for measure in store.stream(Measure, name="usd")]
    assert costs == [22 + 2 * 8] * 3
    assert all(c.input_tokens == 22 for c in store.stream(Candidate))
    again = generate(timbre, campaign)
    figures = (again["requests"], again["cached"], again["new"], again["usd"])
    assert figures == (0, 6, 0, 0)


def test_a_dry_run_requests_and_writes_nothing(
    timbre: Timbre, campaign: str, server: Server, home: Path
) -> None:
    estimate = generate(timbre, campaign, "--dry-run")
    assert (estimate["passages"], estimate["requests"], estimate["cached"]) == (3, 6, 0)
    cost = estimate["input_tokens"] + 2 * estimate["output_tokens"]
    assert estimate["usd"] == pytest.approx(cost)
    assert server.requests == []
    assert not (home / "journals").exists()
    generate(timbre, campaign)
    # Later prompts depend on replies, which a dry run replaces with its own.
    assert generate(timbre, campaign, "--dry-run")["cached"] >= 3


@pytest.mark.parametrize("limit", [("--max-tokens", "600"), ("--max-usd", "600")])
def test_a_limit_is_never_exceeded_and_finished_rows_are_kept(
    timbre: Timbre, campaign: str, server: Server, limit: tuple[str, str]
) -> None:
    first = generate(timbre, campaign, *limit)
    assert first["stopped"]
    assert 0 < len(server.requests) < 6
    assert first["requests"] == len(server.requests)
    assert first["input_tokens"] + first["output_tokens"] <= 600
    rest = generate(timbre, campaign)
    assert rest["made"] == {"conversation": 3}
    assert rest["requests"] + first["requests"] == 6
    prompts = Counter(json.dumps(body["messages"]) for body in server.requests)
    assert set(prompts.values()) == {1}


def test_a_run_stops_at_the_third_row_if_all_fail_for_the_same_reason(
    timbre: Timbre, campaign: str, server: Server, store: Store
) -> None:
    add_passages(store, tuple(f"Passage {n}. {TEXTS[0]}" for n in range(3, 40)))
    server.behaviour = reject_every_request
    error = run(timbre, "generate", campaign, status=1).err
    assert "first 3 texts failed for the same reason: rejected with status 400" in error
    assert "This model is retired. (key …)" in error
    assert len(server.requests) == 3
    assert store.count(Rejection, scope="bridges") == 3
    error = run(timbre, "generate", campaign, "--keep-going", status=1).err
    assert "40 × rejected with status 400: " in error


def test_what_was_changed_and_repaired_is_reported(
    timbre: Timbre, campaign: str, server: Server, tmp_path: Path
) -> None:
    tone = Path("configs/tones/conversational.toml").read_text(encoding="utf-8")
    prompts = 'question = "question.v1"\nplain = "plain_answer.v1"\nanswer = "tone_answer.v1"\n'
    (tmp_path / "json.toml").write_text(f"{tone}\n[prompts]\n{prompts}", encoding="utf-8")
    text = Path(campaign).read_text(encoding="utf-8")
    text = text.replace('tone = "conversational"', f'tone = "{tmp_path / "json.toml"}"')
    Path(campaign).write_text(text, encoding="utf-8")
    server.behaviour = reject_a_seed
    counts = generate(timbre, campaign)
    assert counts["made"] == {"conversation": 3}
    assert (counts["changes"], counts["repaired"]) == (["seed isn't sent"], 3)
    assert sum("seed" in body for body in server.requests) <= 2  # those sent at the same time
    server.requests.clear()
    assert "3 replies had invalid JSON" in run(timbre, "generate", campaign).out
    assert server.requests == []


def test_batches_cannot_be_debugged(timbre: Timbre, campaign: str) -> None:
    error = run(timbre, "generate", campaign, "--batch", "--debug", status=1).err
    assert "--batch can't be used with --debug" in error


def test_a_limit_in_dollars_needs_prices(timbre: Timbre) -> None:
    arguments = ("generate", "demo-tone", "--limit", "1", "--max-usd", "1")
    assert "input_price" in run(timbre, *arguments, status=1).err


def test_a_rejected_text_is_retried_with_the_reason(
    timbre: Timbre, campaign: str, server: Server, store: Store
) -> None:
    server.behaviour = use_an_unsupported_name
    error = run(timbre, "generate", campaign, status=1).err
    assert "“bridges” got no candidate: all 3 texts were rejected." in error
    assert "3 × unsupported name: " in error
    assert "Ignatius" in error
    counts = generate(timbre, campaign, "--retry-refused")
    assert counts["made"] == {"rejected: unsupported name": 3, "conversation": 3}
    assert (counts["requests"], counts["cached"]) == (3, 6)
    assert "was rejected: unsupported name (" in server.requests[-1]["messages"][-1]["content"]
    (prompts,) = {c.provenance.prompts for c in store.stream(Candidate)}
    assert prompts[-1] == "retry.v2"
    rejection = next(store.stream(Rejection, scope="bridges"))
    lineage = run(timbre, "trace", rejection.id).out
    assert "unsupported name" in lineage
    assert "passage" in lineage


def test_a_run_that_produces_nothing_is_an_error_with_the_main_reasons(
    timbre: Timbre, campaign: str, server: Server
) -> None:
    def decline(handler: Handler, body: dict[str, Any]) -> None:
        handler.complete("I would rather not.")

    server.behaviour = decline
    lines = run(timbre, "generate", campaign, "--keep-going", status=1).err.splitlines()
    assert lines[0] == (
        "“bridges” got no candidate: all 3 texts were rejected. The main reasons are:"
    )
    (reason,) = lines[1:]
    assert reason.startswith("  3 × reply without what was asked: ")
    assert reason.endswith("(question.v2: question) “I would rather not.”")


@pytest.mark.parametrize(
    ("section", "problem"),
    [
        ("", "has no [phrasebook]. Add that section, or name a model"),
        (
            '[phrasebook]\nmoves = ["split"]',
            "writes English only, but “calm” has the language “de”",
        ),
    ],
)
def test_a_teacher_that_cannot_write_the_tone_says_so_first(
    timbre: Timbre, tmp_path: Path, store: Store, section: str, problem: str
) -> None:
    language = "de" if section else "en"
    (tmp_path / "calm.toml").write_text(
        f'name = "calm"\ndescription = "d"\nsystem = "s"\nlanguage = "{language}"\n[scale]\n'
        'question = "q"\nanchors = [{value=1,label="a",example="x"},'
        '{value=2,label="b",example="y"}]\n'
        f'[[guidelines]]\ndo = "d"\nplain = "p"\nrewritten = "r"\n{section}\n'
    )
    path = tmp_path / "calm-campaign.toml"
    path.write_text('name = "c"\ntone = "calm.toml"\n')
    assert problem in " ".join(run(timbre, "generate", str(path), status=1).err.split())
    assert list(store.stream(Rejection)) == []


def test_a_key_without_access_ends_the_run_and_earlier_replies_are_kept(
    timbre: Timbre, campaign: str, server: Server
) -> None:
    server.behaviour = reject_the_last_step
    error = run(timbre, "generate", campaign, status=1).err
    assert "responded with status 403: the API key has no access to this model" in error
    server.behaviour = answers
    assert generate(timbre, campaign)["cached"] == 3


def test_a_passage_in_another_language_is_rejected(
    timbre: Timbre, campaign: str, store: Store
) -> None:
    german = Article(url="u", revision="1", digest="d", source="s", language="de")
    text = "Der Viadukt wurde 1867 gebaut und hat elf Bögen aus Sandstein. " * 4
    store.add([german, Passage(article=german.id, section="", position=0, text=text)])
    counts = generate(timbre, campaign)
    assert counts["made"] == {"conversation": 3, "rejected: another language": 1}


def test_debugging_processes_one_row_at_a_time_in_the_main_thread(
    timbre: Timbre, campaign: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[str] = []
    hook = lambda *_: threads.append(threading.current_thread().name)  # noqa: E731 # a fake
    monkeypatch.setattr("sys.breakpointhook", hook)
    monkeypatch.setattr("pipelines.tasks.parse_text", stop_and_parse)
    assert generate(timbre, campaign, "--debug")["made"] == {"conversation": 3}
    assert threads == ["MainThread"] * 6
    # All steps of one passage, then the next one.
    assert [is_rewrite(body) for body in server.requests] == [False, True] * 3
    assert server.max_concurrent == 1


def test_existing_chats_become_candidates_of_a_campaign(
    timbre: Timbre, campaign: str, tmp_path: Path
) -> None:
    path = tmp_path / "support.jsonl"
    texts = ("How do I get a refund?", "You'll find it under your orders, and that's all of it.")
    roles = ("user", "assistant")
    turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=True)]
    path.write_text(json.dumps({"messages": turns}) + "\nno chat\n", encoding="utf-8")
    for new in (2, 0):
        arguments = ("chats", "add", campaign, str(path), "--licence", "our own", "--json")
        counts = json.loads(run(timbre, *arguments).out)
        assert counts["made"] == {"conversation": 1, "rejected: no chat": 1}
        assert counts["new"] == new


def stop_and_parse(text: str | None, column: str) -> str | None:
    breakpoint()
    return parse_text(text, column)
