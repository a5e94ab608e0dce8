"""`timbre chats add`: what is imported, changed and rejected is counted."""

import json
from pathlib import Path

import pytest

from db.records import Rejection
from db.store import Store
from tests.timbre.conftest import CommandResult, Timbre

GOOD = {"question": "How do I get a refund?", "answer": "You'll find it under your orders."}
GERMAN = {
    "question": "Wo ist das?",
    "answer": "Das steht bei den Bestellungen, wenn man auf das Ticket geht.",
}
TOOL = {"messages": [{"role": "tool", "content": "sunny"}]}
MIXED = {"messages": [{"role": "user", "content": "Hi"}, {"role": "system", "content": "Rude."}]}
UNANSWERED = {"messages": [{"role": "user", "content": "Is anybody there?\nHello?"}]}


def add(timbre: Timbre, tmp_path: Path, *rows: object, status: int = 0) -> CommandResult:
    path = tmp_path / "support.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    arguments = ("chats", "add", "demo-tone", str(path), "--licence", "our own", "--json")
    return timbre(*arguments, status=status)


def test_changes_are_reported(timbre: Timbre, tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": GOOD["question"]},
        {"role": "assistant", "content": GOOD["answer"]},
        {"role": "user", "content": "Thanks"},
    ]
    counts = json.loads(add(timbre, tmp_path, {"messages": turns}, {"messages": "?"}).out)
    assert counts["made"] == {"conversation": 1, "rejected: no chat": 1}
    assert counts["changes"] == {
        "turns merged with the turn before": 1,
        "trailing user turns left out": 1,
    }


def test_a_file_that_yields_nothing_is_an_error_with_the_three_main_reasons(
    timbre: Timbre, tmp_path: Path, store: Store
) -> None:
    rows = [UNANSWERED, UNANSWERED, TOOL, TOOL, TOOL, MIXED, MIXED, {"messages": []}]
    error = add(timbre, tmp_path, *rows, status=1).err
    assert error.splitlines() == [
        "support.jsonl: none of the 8 chats can be imported. The main reasons are:",
        "  3 × tool turns: support.jsonl:3 (turn 1 is a tool call or its result) "
        f"“{json.dumps(TOOL)}”",
        "  2 × turns: support.jsonl:1 (there is no answer) “User: Is anybody there? Hello?”",
        f"  2 × system turn in mid-chat: support.jsonl:6 (Rude.) “{json.dumps(MIXED)[:80]}…”",
    ]
    assert len(list(store.stream(Rejection))) == 8


def test_chats_in_another_language_only_are_an_error(timbre: Timbre, tmp_path: Path) -> None:
    assert "1 × not English: support.jsonl:1" in add(timbre, tmp_path, GERMAN, status=1).err


@pytest.mark.parametrize("times", [1, 2])
def test_importing_again_is_no_error(timbre: Timbre, tmp_path: Path, times: int) -> None:
    counts = [json.loads(add(timbre, tmp_path, GOOD).out)["new"] for _ in range(times)]
    assert counts == [1, 0][:times]


def test_an_unknown_format_is_named(timbre: Timbre, tmp_path: Path) -> None:
    error = add(timbre, tmp_path, {"dialog": []}, status=1).err
    assert error.startswith(
        "support.jsonl contains objects with `dialog`, which isn't a supported chat format. "
    )
