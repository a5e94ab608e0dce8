"""`timbre generate` with a model behind a local endpoint: limits, costs, second tries."""

import json
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from db.records import Article, Candidate, Measure, Passage, Rejection
from tests.pipelines.conftest import TEXTS
from tests.pipelines.servers import KEY, Handler, Server, answers
from timbre.__main__ import main
from timbre.stores import open_store

Timbre = Callable[..., tuple[int, str]]

CAMPAIGN = """
name = "bridges"
tone = "conversational"

[generate]
teacher = "openai:m@{url}"
concurrency = 2
longest_reply = 40
input_price = 1000000.0
output_price = 2000000.0
"""


def refusing_names(handler: Handler, body: dict[str, Any]) -> None:
    """Brings a name in that no passage has, until it is told that this was wrong."""
    prompt = body["messages"][-1]["content"]
    if '{"answer"' in prompt and "unsupported name" not in prompt:
        handler.complete('{"answer": "Well, I was told by Ignatius that the thing was built."}')
    else:
        answers(handler, body)


@pytest.fixture
def server() -> Iterator[Server]:
    started = Server(answers)
    thread = threading.Thread(target=started.serve_forever, args=(0.02,))
    thread.start()
    yield started
    started.shutdown()
    thread.join()
    started.server_close()


@pytest.fixture
def campaign(tmp_path: Path, server: Server) -> str:
    path = tmp_path / "bridges.toml"
    path.write_text(CAMPAIGN.format(url=server.url), encoding="utf-8")
    return str(path)


@pytest.fixture
def timbre(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Timbre:
    """Runs a command on three articles; the exit code and what it printed."""
    for name in [name for name in os.environ if name.startswith("TIMBRE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TIMBRE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TIMBRE_TEACHER_KEY", KEY)
    with open_store() as store:
        for n, text in enumerate(TEXTS):
            article = Article(url=f"u{n}", revision="1", digest=str(n), source="s")
            store.add([article, Passage(article=article.id, section="", position=0, text=text)])

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.argv", ["timbre", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        return int(ended.value.code or 0), said.out + said.err

    return run


def made(timbre: Timbre, *arguments: str) -> dict[str, Any]:
    code, said = timbre("generate", *arguments, "--json")
    assert code == 0
    found: dict[str, Any] = json.loads(said)
    return found


def test_tokens_and_dollars_are_counted_for_the_run_and_each_row(
    timbre: Timbre, campaign: str, server: Server
) -> None:
    found = made(timbre, campaign)
    assert found["made"] == {"conversation": 3}
    assert (found["asked"], found["input_tokens"], found["output_tokens"]) == (9, 99, 36)
    assert found["usd"] == 99 + 2 * 36
    assert server.keys == {f"Bearer {KEY}"}
    with open_store() as store:
        costs = [measure.value for measure in store.stream(Measure, name="usd")]
        assert costs == [33 + 2 * 12] * 3
        assert all(c.input_tokens == 33 for c in store.stream(Candidate))
    again = made(timbre, campaign)
    assert (again["asked"], again["known"], again["new"], again["usd"]) == (0, 9, 0, 0)


def test_a_dry_run_asks_nobody_and_writes_nothing(
    timbre: Timbre, campaign: str, server: Server, tmp_path: Path
) -> None:
    found = made(timbre, campaign, "--dry-run")
    assert (found["passages"], found["asked"], found["known"]) == (3, 9, 0)
    assert found["usd"] == pytest.approx(found["read"] + 2 * found["written"])
    assert server.asked == []
    assert not (tmp_path / "home" / "journals").exists()
    made(timbre, campaign)
    found = made(timbre, campaign, "--dry-run")
    assert found["known"] >= 3  # later prompts depend on the replies, which a stand-in makes


@pytest.mark.parametrize("limit", [("--max-tokens", "600"), ("--max-usd", "600")])
def test_a_limit_is_never_passed_and_what_came_is_kept(
    timbre: Timbre, campaign: str, server: Server, limit: tuple[str, str]
) -> None:
    found = made(timbre, campaign, *limit)
    assert found["stopped"]
    assert 0 < len(server.asked) < 9
    assert found["asked"] == len(server.asked)
    assert found["input_tokens"] + found["output_tokens"] <= 600
    whole = made(timbre, campaign)
    assert whole["made"] == {"conversation": 3}
    assert whole["asked"] + found["asked"] == 9
    prompts = Counter(json.dumps(body["messages"]) for body in server.asked)
    assert set(prompts.values()) == {1}


def test_a_limit_in_dollars_needs_prices(timbre: Timbre) -> None:
    code, said = timbre("generate", "demo-tone", "--limit", "1", "--max-usd", "1")
    assert code == 1
    assert "input_price" in said


def test_what_was_refused_is_written_anew_with_the_reason(
    timbre: Timbre, campaign: str, server: Server
) -> None:
    server.behaviour = refusing_names
    assert made(timbre, campaign)["made"] == {"refused: unsupported name": 3}
    found = made(timbre, campaign, "--retry-refused")
    assert found["made"] == {"refused: unsupported name": 3, "conversation": 3}
    assert (found["asked"], found["known"]) == (3, 9)
    assert "was refused: unsupported name (" in server.asked[-1]["messages"][-1]["content"]
    with open_store() as store:
        (prompts,) = {c.provenance.prompts for c in store.stream(Candidate)}
        refused = next(store.stream(Rejection, scope="bridges"))
    assert prompts[-1] == "retry.v1"
    code, said = timbre("trace", refused.id)
    assert code == 0
    assert "unsupported name" in said
    assert "passage" in said


def test_a_key_without_rights_ends_the_run_and_what_came_before_stays(
    timbre: Timbre, campaign: str, server: Server
) -> None:
    def until_the_last(handler: Handler, body: dict[str, Any]) -> None:
        if '{"answer"' in body["messages"][-1]["content"]:
            handler.say(403, f"not with {KEY}")
        else:
            answers(handler, body)

    server.behaviour = until_the_last
    code, said = timbre("generate", campaign)
    assert code == 1
    assert "answered 403; expected a key with rights" in said
    server.behaviour = answers
    assert made(timbre, campaign)["known"] == 6


def test_a_passage_in_another_language_is_refused(timbre: Timbre, campaign: str) -> None:
    with open_store() as store:
        other = Article(url="u", revision="1", digest="d", source="s", language="de")
        text = "Der Viadukt wurde 1867 gebaut und hat elf Bögen aus Sandstein. " * 4
        store.add([other, Passage(article=other.id, section="", position=0, text=text)])
    found = made(timbre, campaign)
    assert found["made"] == {"conversation": 3, "refused: another language": 1}


def test_a_debugged_run_asks_for_one_row_after_the_other_in_this_thread(
    timbre: Timbre, campaign: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[str] = []
    hook = lambda *_: stopped.append(threading.current_thread().name)  # noqa: E731 # a fake
    monkeypatch.setattr("sys.breakpointhook", hook)
    monkeypatch.setattr("pipelines.tasks.reply", _stopping)
    assert made(timbre, campaign, "--debug")["made"] == {"conversation": 3}
    assert stopped == ["MainThread"] * 9
    asked = [body["messages"][-1]["content"][:40] for body in server.asked]
    assert asked[0] == asked[1] != asked[3]  # a passage through all its steps, then the next
    assert server.most == 1


def test_chats_that_there_are_become_candidates_of_a_campaign(
    timbre: Timbre, campaign: str, tmp_path: Path
) -> None:
    path = tmp_path / "support.jsonl"
    said = ("How do I get a refund?", "You'll find it under your orders, and that's all of it.")
    roles = ("user", "assistant")
    turns = [{"role": role, "content": text} for role, text in zip(roles, said, strict=True)]
    path.write_text(json.dumps({"messages": turns}) + "\nno chat\n", encoding="utf-8")
    arguments = ("chats", "add", campaign, str(path), "--licence", "our own", "--json")
    for new in (2, 0):
        code, printed = timbre(*arguments)
        assert code == 0
        found = json.loads(printed)
        assert found["made"] == {"conversation": 1, "refused: no chat": 1}
        assert found["new"] == new


def _stopping(text: str | None, key: str) -> Any:
    breakpoint()
    return json.loads(text or "{}").get(key)
