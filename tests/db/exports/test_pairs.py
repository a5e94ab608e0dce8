"""Exported pairs follow the formats of TRL and OpenAI, and leave out the test split."""

import importlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset

from db.errors import StoreError
from db.exports.export import ExportFormat, export
from db.exports.providers import OPENAI_PREFERENCES, preference_lines
from db.records import Message, Pair, Role, Split, Version
from db.store import Store
from db.versions.freeze import Approval, freeze
from tests.db.approvals import PLAN, add_approvals, approved_pairs


@pytest.fixture
def approvals(store: Store) -> list[Approval]:
    return add_approvals(store, range(40), each=1)


@pytest.fixture
def pairs(store: Store, approvals: list[Approval]) -> list[Pair]:
    return approved_pairs(store, approvals)


@pytest.fixture
def version(store: Store, approvals: list[Approval], pairs: list[Pair]) -> Version:
    return freeze(store, PLAN, approvals, pairs)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_trl_rows_hold_the_pairs_of_each_split_except_the_test_split(
    store: Store, version: Version, pairs: list[Pair], tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    assert {path.name for path in folder.glob("*.jsonl")} == {"train.jsonl", "validation.jsonl"}
    by_id = {pair.id: pair for pair in pairs}
    for split in (Split.TRAIN, Split.VALIDATION):
        rows = read(folder / f"{split}.jsonl")
        assert {row["id"] for row in rows} == {p.id for p in pairs if p.split is split}
    row = read(folder / "train.jsonl")[0]
    pair = by_id[row["id"]]
    assert row["prompt"] == [{"role": "user", "content": pair.prompt[0].content}]
    assert row["chosen"] == [{"role": "assistant", "content": pair.chosen}]
    assert row["rejected"] == [{"role": "assistant", "content": pair.rejected}]
    assert (row["source"], row["agreement"]) == ("rewrite", 1.0)
    assert row["licence"] == "CC BY-SA 4.0"
    assert "ada" not in json.dumps(row)


def test_the_card_counts_the_pairs_and_says_why_some_are_missing(
    store: Store, version: Version, pairs: list[Pair], tmp_path: Path
) -> None:
    counts = Counter(pair.split for pair in pairs)
    held_out = counts[Split.TEST]
    folder = export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"40 preference pairs: {held_out} rewrite (test), {counts[Split.TRAIN]} rewrite" in card
    assert (
        f"This export leaves out {held_out} of them, because training on pairs of the test split "
        "would contaminate the test."
    ) in card
    chats = export(store, version, tmp_path / "chats", ExportFormat.CHAT)
    assert "This export has none of them." in (chats / "README.md").read_text(encoding="utf-8")


def test_trl_reads_the_rows_as_conversational_preferences(
    store: Store, version: Version, tmp_path: Path
) -> None:
    trl = importlib.import_module("trl.data_utils")
    folder = export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    rows = load_dataset(
        "json", data_files=str(folder / "train.jsonl"), cache_dir=str(tmp_path / "cache")
    )["train"]
    assert trl.is_conversational(rows[0])
    assert {"prompt", "chosen", "rejected"} <= set(rows.column_names)
    unpaired = trl.unpair_preference_dataset(rows.select_columns(["prompt", "chosen", "rejected"]))
    assert Counter(unpaired["label"]) == {True: len(rows), False: len(rows)}


def test_openai_rows_have_an_input_and_two_outputs(
    store: Store, version: Version, pairs: list[Pair], tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "pairs", ExportFormat.OPENAI_PREFERENCES)
    rows = read(folder / "train.jsonl")
    texts = {(pair.chosen, pair.rejected) for pair in pairs if pair.split is Split.TRAIN}
    assert len(rows) == len(texts)
    for row in rows:
        assert list(row) == ["input", "preferred_output", "non_preferred_output"]
        assert [message["role"] for message in row["input"]["messages"]] == ["user"]
        (chosen,), (rejected,) = row["preferred_output"], row["non_preferred_output"]
        assert {chosen["role"], rejected["role"]} == {"assistant"}
        assert (chosen["content"], rejected["content"]) in texts


def test_openai_s_rules_are_checked(pairs: list[Pair]) -> None:
    with pytest.raises(StoreError, match=r"OpenAI accepts 10 to .* pairs .* has 9 pairs"):
        list(preference_lines(OPENAI_PREFERENCES, pairs[:9]))
    system = replace(pairs[0], prompt=(*pairs[0].prompt, Message(Role.SYSTEM, "Be brief.")))
    with pytest.raises(StoreError, match=f"Pair {system.id[:12]} has a system turn after"):
        list(preference_lines(OPENAI_PREFERENCES, [system]))


@pytest.mark.parametrize("form", [ExportFormat.PREFERENCES, ExportFormat.OPENAI_PREFERENCES])
def test_a_version_without_pairs_has_nothing_to_export(
    store: Store, approvals: list[Approval], tmp_path: Path, form: ExportFormat
) -> None:
    version = freeze(store, PLAN, approvals)
    with pytest.raises(StoreError, match="Votes on test prompts can't be exported"):
        export(store, version, tmp_path / "pairs", form)
    assert not (tmp_path / "pairs").exists()


def test_exporting_only_pairs_of_the_test_split_is_refused(
    store: Store, approvals: list[Approval], pairs: list[Pair], tmp_path: Path
) -> None:
    held_out = [pair for pair in pairs if pair.split is Split.TEST]
    version = freeze(store, PLAN, approvals, held_out)
    reason = f"all {len(held_out)} pairs are in the test split, and training on pairs of the test"
    with pytest.raises(StoreError, match=reason):
        export(store, version, tmp_path / "pairs", ExportFormat.PREFERENCES)
    assert not (tmp_path / "pairs").exists()
