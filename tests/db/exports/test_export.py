"""An export holds the whole version and credits every source article."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import load_dataset, load_from_disk

from db.erasure import erase
from db.errors import StoreError
from db.exports import export as export_module
from db.exports.card import Card, licence_tag, render_card
from db.exports.export import ExportFormat, export
from db.records import (
    Article,
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
from db.store import Store
from db.versions.contents import version_examples
from db.versions.freeze import freeze
from db.versions.splits import Splits
from tests.db.approvals import PLAN, add_approvals, approve
from tests.db.records import dialogue, statement

SPLITS = ("train", "validation", "test")


@pytest.fixture
def version(store: Store) -> Version:
    approvals = add_approvals(store, range(40), each=1)
    approvals += [approve(store, dialogue(), None), approve(store, statement(), None)]
    return freeze(store, PLAN, approvals)


def lines(folder: Path, split: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{split}.jsonl").read_text().splitlines()]


def test_chat_export_has_every_chat_with_its_source(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "chat", ExportFormat.CHAT)
    for split in SPLITS:
        chats = [e for e in version_examples(store, version, Split(split)) if e.messages]
        rows = lines(folder, split)
        assert [row["messages"] for row in rows] == [plain(e.messages) for e in chats]
        assert [row["id"] for row in rows] == [e.id for e in chats]
        for row, example in zip(rows, chats, strict=True):
            assert (row["url"] is None) == (example.article is None)
    assert lines(folder, "test")[0]["licence"] == "CC BY-SA 4.0"
    assert "1 examples of the version aren't chats" in (folder / "README.md").read_text()


def test_text_export_has_every_example_as_text(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "text", ExportFormat.TEXT)
    examples = {e.id: e for e in version_examples(store, version)}
    rows = [row for split in SPLITS for row in lines(folder, split)]
    assert len(rows) == 42
    for row in rows:
        example = examples[str(row["id"])]
        assert row["text"] == (example.text or messages_to_text(example.messages))
    assert "aren't chats" not in (folder / "README.md").read_text()


def test_parquet_export_has_every_field(store: Store, version: Version, tmp_path: Path) -> None:
    folder = export(store, version, tmp_path / "parquet", ExportFormat.PARQUET)
    for split in SPLITS:
        rows = pq.read_table(folder / f"{split}.parquet").to_pylist()
        for row, example in zip(rows, version_examples(store, version, Split(split)), strict=True):
            expected = {"id": example.id, **plain(example)}
            expected.pop("split")
            expected["messages"] = [asdict(message) for message in example.messages]
            assert {name: row[name] for name in expected} == expected
            assert row["revision"] == ("1" if example.article else None)


def test_dataset_export_loads_with_load_from_disk(
    store: Store, version: Version, tmp_path: Path
) -> None:
    folder = export(store, version, tmp_path / "dataset", ExportFormat.DATASET)
    loaded = load_from_disk(folder)
    assert {split: len(loaded[split]) for split in SPLITS} == {
        "train": version.train,
        "validation": version.validation,
        "test": version.test,
    }
    first = next(version_examples(store, version, Split.TEST))
    assert loaded["test"][0]["messages"] == [asdict(message) for message in first.messages]


@pytest.mark.parametrize("format", [ExportFormat.PARQUET, ExportFormat.DATASET])
def test_tables_keep_which_answers_carry_loss(
    store: Store, tmp_path: Path, format: ExportFormat
) -> None:
    turns = [Message(Role.USER, "Hi"), Message(Role.ASSISTANT, "Go away.", has_loss=False)]
    turns += [Message(Role.USER, "Please"), Message(Role.ASSISTANT, "Sorry, hello.")]
    chat = replace(dialogue(), messages=tuple(turns))
    plan = replace(PLAN, splits=Splits(1, 0, 0))
    folder = export(
        store, freeze(store, plan, [approve(store, chat, None)]), tmp_path / "out", format
    )
    path = folder / "train.parquet"
    table = pq.read_table(path) if path.exists() else load_from_disk(folder)["train"]
    (messages,) = table.to_pandas()["messages"]
    assert [message["has_loss"] for message in messages] == [True, False, True, True]


@pytest.mark.parametrize("format", [ExportFormat.CHAT, ExportFormat.PARQUET])
def test_exported_files_load_with_load_dataset(
    store: Store, version: Version, tmp_path: Path, format: ExportFormat
) -> None:
    folder = export(store, version, tmp_path / "out", format)
    loaded = load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert set(loaded) == set(SPLITS)


def test_the_card_credits_every_article_and_requires_share_alike(
    store: Store, version: Version, tmp_path: Path
) -> None:
    text = (export(store, version, tmp_path / "x", ExportFormat.CHAT) / "README.md").read_text()
    assert text.startswith('---\nlicense: cc-by-sa-4.0\npretty_name: "first"\nlanguage: ["en"]\n')
    for number in range(40):
        row = f"| [Page {number}](https://wiki.example/Page_{number}) | 1 | CC BY-SA 4.0 |"
        assert text.count(row) == 1
    for part in (
        "share-alike",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        version.id,
        "by phrasebook with the prompts question.v1, rewrite.v1",
        "| no article in two splits | yes | 0 articles |",
        "People reviewed the examples.",
    ):
        assert part in text


def test_the_card_states_rule_reviews_and_failed_gates() -> None:
    version = Version(
        root="0" * 64,
        name="rehearsal",
        campaign="tone",
        reviewer_kinds=(ReviewerKind.RULE.value,),
        gates=(Gate("minimum approved", False, "2 | 3", "10", "review more"),),
        override="a rehearsal",
    )
    note = "The first rule approves what has a contraction."
    text = render_card(Card(version, (), ("phrasebook",), (), 0, (note,)))
    assert "Reviews by rules aren't human judgement" in text
    assert "People reviewed" not in text
    assert note in text
    assert "| minimum approved | **no** | 2 \\| 3 | 10 |" in text
    notice = "**Frozen although gates failed (minimum approved): a rehearsal**"
    assert text.index("# rehearsal") < text.index(notice) < text.index("## How it was made")
    assert "No articles were used." in text


def test_the_card_escapes_titles_and_flags_unknown_licences() -> None:
    version = Version(root="0" * 64, name='a "name"')
    article = Article(
        url="https://w.example/Foo_(bar)",
        revision="",
        digest="",
        title="Foo [bar] | baz",
        language="",
    )
    text = render_card(Card(version, (article,), (), (), 0, ()))
    assert (
        "| [Foo \\[bar\\] \\| baz](https://w.example/Foo_%28bar%29) | unknown | unknown |"
    ) in text
    assert "The licence of some articles is unknown" in text
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
def test_the_licence_tag_depends_on_all_licences(licences: list[str], tag: str) -> None:
    assert licence_tag(licences) == tag


def test_exporting_twice_changes_nothing(store: Store, version: Version, tmp_path: Path) -> None:
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert export(store, version, folder, ExportFormat.CHAT) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_a_folder_with_other_contents_is_left_alone(
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
        with pytest.raises(StoreError, match="Choose a new or empty folder"):
            alter()
    assert (folder / "train.jsonl").read_text() == "mine"


def test_a_file_in_place_of_the_folder_is_left_alone(
    store: Store, version: Version, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(StoreError, match="Choose a new or empty folder"):
        export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert (tmp_path / "out").read_text() == "mine"


def test_exporting_a_withdrawn_version_fails_and_leaves_nothing(
    store: Store, version: Version, tmp_path: Path
) -> None:
    erase(store, reviewer="grace")
    with pytest.raises(StoreError, match="because data was withdrawn"):
        export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert list(tmp_path.glob("*out*")) == list(tmp_path.glob(".*out*")) == []


def test_an_empty_split_has_no_file(store: Store, tmp_path: Path) -> None:
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


def test_the_next_export_removes_what_a_killed_one_left(
    store: Store, version: Version, tmp_path: Path
) -> None:
    left = tmp_path / ".out.timbre-partial" / "whole"
    left.mkdir(parents=True)
    (left / "train.jsonl").write_text("half a li")
    folder = export(store, version, tmp_path / "out", ExportFormat.CHAT)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert len(lines(folder, "train")) > 0


def test_a_second_export_to_the_same_folder_fails(
    store: Store, version: Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_meanwhile(*_: object) -> str:
        with pytest.raises(StoreError, match=r"Another export to .* is running"):
            export(store, version, tmp_path / "out", ExportFormat.CHAT)
        return ""

    monkeypatch.setattr(export_module, "_card", export_meanwhile)
    export(store, version, tmp_path / "out", ExportFormat.TEXT)
    assert len(lines(tmp_path / "out", "train")) > 0
