"""A version is written out whole, with credit to every article it comes of."""

import json
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset, load_from_disk

from db import export as writing
from db.card import Card, Credit, card, licence_tag
from db.erasure import erase
from db.errors import StoreError
from db.export import ExportFormat, export
from db.records import (
    CandidateKind,
    Gate,
    Message,
    ReviewerKind,
    Role,
    Split,
    Version,
    messages_to_text,
    plain,
)
from db.splits import Splits
from db.store import Store
from db.versions import freeze, version_examples
from tests.db.frozen import PLAN, approve, judge
from tests.db.made import dialogue, statement

SIDES = ("train", "validation", "test")


@pytest.fixture
def version(store: Store) -> Version:
    approved = judge(store, range(40), each=1)
    approved += [approve(store, dialogue(), None), approve(store, statement(), None)]
    return freeze(store, PLAN, approved)


def lines(folder: Path, side: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{side}.jsonl").read_text().splitlines()]


def test_chat_holds_every_chat_on_its_side_with_its_source(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "chat", ExportFormat.CHAT)
    for side in SIDES:
        chats = [e for e in version_examples(store, version, Split(side)) if e.messages]
        rows = lines(folder, side)
        assert [row["messages"] for row in rows] == [plain(e.messages) for e in chats]
        assert [row["id"] for row in rows] == [e.id for e in chats]
        for row, example in zip(rows, chats, strict=True):
            assert (row["url"] is None) == (example.article is None)
    assert lines(folder, "test")[0]["licence"] == "CC BY-SA 4.0"
    assert "1 examples of the version are no chats" in (folder / "README.md").read_text()


def test_text_holds_everything_as_text(store: Store, version: Version, tmp_path: Path) -> None:
    folder = export(store, version, tmp_path / "text", ExportFormat.TEXT)
    held = {e.id: e for e in version_examples(store, version)}
    rows = [row for side in SIDES for row in lines(folder, side)]
    assert len(rows) == 42
    for row in rows:
        example = held[str(row["id"])]
        assert row["text"] == (example.text or messages_to_text(example.messages))
    assert "no chats" not in (folder / "README.md").read_text()


def test_parquet_holds_every_field(store: Store, version: Version, tmp_path: Path) -> None:
    folder = export(store, version, tmp_path / "parquet", ExportFormat.PARQUET)
    for side in SIDES:
        rows = pq.read_table(folder / f"{side}.parquet").to_pylist()
        for row, example in zip(rows, version_examples(store, version, Split(side)), strict=True):
            told = {"id": example.id, **plain(example)}
            told.pop("split")
            assert {name: row[name] for name in told} == told
            assert row["revision"] == ("1" if example.article else None)


def test_a_dataset_is_read_back_by_hugging_face(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "dataset", ExportFormat.DATASET)
    loaded = load_from_disk(folder)
    assert {side: len(loaded[side]) for side in SIDES} == {
        "train": version.train,
        "validation": version.validation,
        "test": version.test,
    }
    first = next(version_examples(store, version, Split.TEST))
    assert loaded["test"][0]["messages"] == plain(first.messages)


@pytest.mark.parametrize("format", [ExportFormat.CHAT, ExportFormat.PARQUET])
def test_the_files_of_an_export_are_found_by_hugging_face(
    store: Store, version: Version, tmp_path: Path, format: ExportFormat
) -> None:
    folder = export(store, version, tmp_path / "out", format)
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == set(SIDES)


def test_the_card_credits_every_article_and_asks_to_share_alike(
    store: Store, version: Version, tmp_path: Path
) -> None:
    text = (export(store, version, tmp_path / "x", ExportFormat.CHAT) / "README.md").read_text()
    assert text.startswith('---\nlicense: cc-by-sa-4.0\npretty_name: "first"\nlanguage: ["en"]\n')
    for number in range(40):
        row = f"| [Page {number}](https://wiki.example/Page_{number}) | 1 | CC BY-SA 4.0 |"
        assert text.count(row) == 1
    for said in (
        "share-alike",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        version.id,
        "by phrasebook with the prompts question.v1, rewrite.v1",
        "| no article on two sides | yes | 0 articles |",
        "People judged the examples.",
    ):
        assert said in text


def test_the_card_says_in_plain_words_that_rules_judged_and_gates_failed() -> None:
    version = Version(
        root="0" * 64,
        name="rehearsal",
        campaign="tone",
        reviewer_kinds=(ReviewerKind.RULE.value,),
        gates=(Gate("minimum approved", False, "2 | 3", "10", "review more"),),
        override="a rehearsal",
    )
    note = "The first rule approves what has a contraction."
    text = card(Card(version, (), ("phrasebook",), (), 0, (note,)))
    assert "reviews made by a rule are no human judgement" in text
    assert "People judged" not in text
    assert note in text
    assert "| minimum approved | **no** | 2 \\| 3 | 10 |" in text
    assert "Frozen though a gate failed: a rehearsal" in text
    assert "No article was used." in text


def test_a_card_survives_awkward_titles_and_unknown_licences() -> None:
    version = Version(root="0" * 64, name='a "name"')
    credit = Credit("Foo [bar] | baz", "https://w.example/Foo_(bar)", "", "", "")
    text = card(Card(version, (credit,), (), (), 0, ()))
    assert (
        "| [Foo \\[bar\\] \\| baz](https://w.example/Foo_%28bar%29) | not known | not known |"
    ) in text
    assert "The licence of some articles is not known" in text
    assert 'pretty_name: "a \\"name\\""' in text
    assert "language" not in text.split("---")[1]


@pytest.mark.parametrize(
    ("licences", "tag"),
    [
        ([], "unknown"),
        (["CC BY-SA 4.0", "CC BY-SA 3.0 and GFDL", "CC BY-SA"], "cc-by-sa-4.0"),
        (["CC BY-SA 4.0", "CC0 1.0"], "other"),
        ([""], "other"),
    ],
)
def test_the_licence_of_the_whole_follows_from_its_parts(licences: list[str], tag: str) -> None:
    assert licence_tag(licences) == tag


def test_exporting_twice_changes_nothing(store: Store, version: Version, tmp_path: Path) -> None:
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert export(store, version, folder, ExportFormat.CHAT) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_folder_with_something_else_in_it_is_left_alone(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    for alter in (
        lambda: export(store, version, folder, ExportFormat.TEXT),
        lambda: (
            (folder / "train.jsonl").write_text("mine"),
            export(store, version, folder, ExportFormat.CHAT),
        ),
    ):
        with pytest.raises(StoreError, match="expected a new or empty folder"):
            alter()
    assert (folder / "train.jsonl").read_text() == "mine"


def test_a_file_in_the_place_of_the_folder_is_left_alone(
    store: Store, version: Version, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError, match="expected a new or empty folder"):
        export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert (tmp_path / "out").read_text() == "mine"


def test_a_withdrawn_version_is_not_exported_and_leaves_nothing(
    store: Store, version: Version, tmp_path: Path
) -> None:
    erase(store, reviewer="grace")
    with pytest.raises(StoreError, match="something withdrawn"):
        export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert list(tmp_path.glob("*out*")) == list(tmp_path.glob(".*out*")) == []


def test_a_side_without_examples_has_no_file(store: Store, tmp_path: Path) -> None:
    plan = replace(PLAN, splits=Splits(1.0, 0.0, 0.0))
    version = freeze(store, plan, [approve(store, dialogue(), None)])
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.md",
        "train.jsonl",
        "version.json",
    ]
    (row,) = lines(folder, "train")
    assert row["kind"] == CandidateKind.DIALOGUE
    assert row["messages"] == plain((Message(Role.USER, "Hello 0"), dialogue().messages[1]))


def test_what_a_killed_export_left_is_cleared_by_the_next_one(
    store: Store, version: Version, tmp_path: Path
) -> None:
    left = tmp_path / ".out.timbre-partial" / "whole"
    left.mkdir(parents=True)
    (left / "train.jsonl").write_text("half a li")
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert len(lines(folder, "train")) > 0


def test_two_exports_to_one_place_do_not_meet(
    store: Store, version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile(*_: object) -> None:
        with pytest.raises(StoreError, match=r"found another export to .* under way"):
            export(store, version, tmp_path / "out", ExportFormat.CHAT)

    monkeypatch.setattr(writing, "_write_manifest", meanwhile)
    export(store, version, tmp_path / "out", ExportFormat.TEXT)
    assert len(lines(tmp_path / "out", "train")) > 0
