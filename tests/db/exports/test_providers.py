"""Provider files meet the services' rules."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from db.errors import StoreError
from db.exports.export import ExportFormat, export
from db.exports.providers import FIREWORKS, OPENAI, TOGETHER, Rules, provider_lines
from db.records import (
    CandidateKind,
    Example,
    Message,
    Role,
    Split,
    Version,
)
from db.store import Store
from db.versions.freeze import freeze
from tests.db.approvals import PLAN, add_approvals

USER, ASSISTANT, SYSTEM = Role.USER, Role.ASSISTANT, Role.SYSTEM


def chat(*roles: Role, content: str = "Well, yes.") -> Example:
    return Example(
        candidate="c",
        verdict="v",
        kind=CandidateKind.CONVERSATION,
        split=Split.TRAIN,
        messages=tuple(Message(role, content) for role in roles),
    )


GOOD = chat(SYSTEM, USER, ASSISTANT)


@pytest.mark.parametrize("rules", [OPENAI, TOGETHER, FIREWORKS])
def test_a_line_has_only_messages(rules: Rules) -> None:
    lines = list(provider_lines(rules, [GOOD] * 10))
    assert len(lines) == 10
    row = json.loads(lines[0])
    assert list(row) == ["messages"]
    assert row["messages"][0] == {"role": "system", "content": "Well, yes."}


@pytest.mark.parametrize("rules", [OPENAI, TOGETHER, FIREWORKS])
@pytest.mark.parametrize(
    ("example", "problem"),
    [
        (chat(USER), "doesn't end with an answer"),
        (chat(USER, ASSISTANT, USER), "doesn't end with an answer"),
        (chat(USER, SYSTEM, ASSISTANT), "has a system turn after the first turn"),
        (chat(USER, ASSISTANT, content=" "), "has an empty turn"),
    ],
)
def test_chats_that_a_service_rejects_are_rejected(
    rules: Rules, example: Example, problem: str
) -> None:
    with pytest.raises(StoreError, match=f"{problem}, which {rules.service} doesn't accept"):
        list(provider_lines(rules, [*[GOOD] * 10, example]))


def test_together_requires_alternating_turns() -> None:
    twice = chat(USER, USER, ASSISTANT)
    assert len(list(provider_lines(OPENAI, [twice] * 10))) == 10
    with pytest.raises(StoreError, match="doesn't alternate"):
        list(provider_lines(TOGETHER, [twice]))


@pytest.mark.parametrize(("rules", "minimum"), [(OPENAI, 10), (TOGETHER, 1), (FIREWORKS, 3)])
def test_each_service_has_a_minimum_number_of_examples(rules: Rules, minimum: int) -> None:
    assert len(list(provider_lines(rules, [GOOD] * minimum))) == minimum
    with pytest.raises(StoreError, match=f"accepts {minimum} to"):
        list(provider_lines(rules, [GOOD] * (minimum - 1)))


def test_a_file_that_is_too_large_is_rejected() -> None:
    with pytest.raises(StoreError, match="at most 100 bytes"):
        list(provider_lines(replace(TOGETHER, max_bytes=100), [GOOD, GOOD]))


@pytest.fixture
def version(store: Store) -> Version:
    return freeze(store, PLAN, add_approvals(store, range(40), each=1))


@pytest.mark.parametrize("form", [ExportFormat.OPENAI, ExportFormat.TOGETHER])
def test_provider_export_writes_a_file_per_split(
    store: Store, version: Version, tmp_path: Path, form: ExportFormat
) -> None:
    folder = export(store, version, tmp_path / "out", form)
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == version.train
    assert all(list(json.loads(line)) == ["messages"] for line in lines)
    assert "CC BY-SA 4.0" in (folder / "README.md").read_text(encoding="utf-8")


def test_answers_without_loss_have_weight_0() -> None:
    answers = [Message(ASSISTANT, "Go away.", has_loss=False), Message(ASSISTANT, "Sorry.")]
    turns = (Message(USER, "Hi"), answers[0], Message(USER, "Oh"), answers[1])
    example = replace(GOOD, messages=turns)
    for rules, weights in ((OPENAI, [None, 0, None, None]), (TOGETHER, [0, 0, 0, 1])):
        row = json.loads(next(provider_lines(rules, [example] * 10)))
        assert [turn.get("weight") for turn in row["messages"]] == weights
