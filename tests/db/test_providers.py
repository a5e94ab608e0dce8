"""Training files of services keep their rules, and pairs hold what people chose."""

import importlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from datasets import load_dataset

from db.errors import StoreError
from db.export import ExportFormat, export
from db.providers import FIREWORKS, OPENAI, TOGETHER, Rules, provider_lines
from db.records import (
    Answer,
    CandidateKind,
    Comparison,
    Example,
    Message,
    Output,
    Review,
    ReviewerKind,
    ReviewStatus,
    Role,
    Split,
    Version,
)
from db.store import Store
from db.versions import freeze, version_examples
from tests.db.frozen import PLAN, judge

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
def test_a_line_has_messages_and_nothing_else(rules: Rules) -> None:
    lines = list(provider_lines(rules, [GOOD] * 10))
    assert len(lines) == 10
    row = json.loads(lines[0])
    assert list(row) == ["messages"]
    assert row["messages"][0] == {"role": "system", "content": "Well, yes."}


@pytest.mark.parametrize("rules", [OPENAI, TOGETHER, FIREWORKS])
@pytest.mark.parametrize(
    ("example", "said"),
    [
        (chat(USER), "not ending with an answer"),
        (chat(USER, ASSISTANT, USER), "not ending with an answer"),
        (chat(USER, SYSTEM, ASSISTANT), "a system turn after the first"),
        (chat(USER, ASSISTANT, content=" "), "an empty turn"),
    ],
)
def test_what_a_service_refuses_is_refused_before_it_is_uploaded(
    rules: Rules, example: Example, said: str
) -> None:
    with pytest.raises(StoreError, match=f"{said}, which {rules.service} refuses"):
        list(provider_lines(rules, [*[GOOD] * 10, example]))


def test_together_wants_turns_to_alternate() -> None:
    twice = chat(USER, USER, ASSISTANT)
    assert len(list(provider_lines(OPENAI, [twice] * 10))) == 10
    with pytest.raises(StoreError, match="do not alternate"):
        list(provider_lines(TOGETHER, [twice]))


@pytest.mark.parametrize(("rules", "fewest"), [(OPENAI, 10), (TOGETHER, 1), (FIREWORKS, 3)])
def test_each_service_has_its_least_number_of_examples(rules: Rules, fewest: int) -> None:
    assert len(list(provider_lines(rules, [GOOD] * fewest))) == fewest
    with pytest.raises(StoreError, match=f"expected {fewest} to"):
        list(provider_lines(rules, [GOOD] * (fewest - 1)))


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(StoreError, match="bytes, expected"):
        list(provider_lines(replace(TOGETHER, largest=100), [GOOD, GOOD]))


@pytest.fixture
def version(store: Store) -> Version:
    return freeze(store, PLAN, judge(store, range(40), each=1))


@pytest.mark.parametrize("form", [ExportFormat.OPENAI, ExportFormat.TOGETHER])
def test_a_version_is_written_side_by_side_for_a_service(
    store: Store, version: Version, tmp_path: Path, form: ExportFormat
) -> None:
    folder = export(store, version, tmp_path / "out", form)
    lines = (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == version.train
    assert all(list(json.loads(line)) == ["messages"] for line in lines)
    assert "CC BY-SA 4.0" in (folder / "README.md").read_text(encoding="utf-8")


def vote(comparison: Comparison, who: str, choice: str, kind: str = "person") -> Review:
    return Review(
        subject=comparison.id,
        reviewer=who,
        reviewer_kind=ReviewerKind(kind),
        status=ReviewStatus.SUBMITTED,
        answers=(Answer("preference", choice),),
    )


def compared(store: Store, version: Version) -> list[Comparison]:
    """Two answers to each held-out prompt, the first on the left."""
    made = []
    for example in version_examples(store, version, Split.TEST):
        first, second = (
            Output(
                prompt=example.id, arm=arm, run=None, messages=example.messages[:-1],
                text=f"said by {arm}", generation="{}", seed=0,
            )
            for arm in ("tuned", "base")
        )  # fmt: skip
        pair = Comparison(campaign="tone", prompt=example.id, left=first.id, right=second.id)
        store.add([first, second, pair])
        made.append(pair)
    return made


def test_pairs_hold_what_most_people_chose(store: Store, version: Version, tmp_path: Path) -> None:
    for_left, for_right, tied, by_rules = compared(store, version)[:4]
    store.add(
        [
            *(vote(for_left, who, "left") for who in ("ada", "grace")),
            vote(for_left, "mary", "right"),
            vote(for_right, "ada", "right"),
            *(vote(tied, who, choice) for who, choice in (("ada", "left"), ("grace", "right"))),
            vote(by_rules, "rule-1", "left", "rule"),
        ]
    )
    folder = export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    lines = (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    rows = {row["comparison"]: row for row in map(json.loads, lines)}
    assert set(rows) == {for_left.id, for_right.id}
    row = rows[for_left.id]
    assert row["chosen"] == [{"role": "assistant", "content": "said by tuned"}]
    assert row["rejected"] == [{"role": "assistant", "content": "said by base"}]
    assert [turn["role"] for turn in row["prompt"]] == ["user"]
    assert (row["votes"], row["of"]) == (2, 3)
    assert rows[for_right.id]["chosen"][0]["content"] == "said by base"


def test_the_pairs_are_read_as_conversational_preferences(
    store: Store, version: Version, tmp_path: Path
) -> None:
    trl = importlib.import_module("trl.data_utils")
    store.add([vote(pair, "ada", "left") for pair in compared(store, version)])
    folder = export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    read = load_dataset(
        "json", data_files=str(folder / "pairs.jsonl"), cache_dir=str(tmp_path / "cache")
    )["train"]
    assert trl.is_conversational(read[0])
    assert {"prompt", "chosen", "rejected"} <= set(read.column_names)


def test_without_votes_of_people_there_are_no_pairs(
    store: Store, version: Version, tmp_path: Path
) -> None:
    store.add([vote(pair, "rule-1", "left", "rule") for pair in compared(store, version)])
    with pytest.raises(StoreError, match=r"found no comparison .* that people decided"):
        export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    assert not (tmp_path / "pairs").exists()
