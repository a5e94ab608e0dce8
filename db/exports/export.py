"""Export a version for use in other programs, with a card that credits its sources."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, disable_progress_bars

from db.errors import StoreError
from db.exports.card import Card, render_card
from db.exports.pairs import exportable_pairs, pair_notes, trl_row
from db.exports.providers import (
    FIREWORKS,
    OPENAI,
    OPENAI_PREFERENCES,
    TOGETHER,
    Rules,
    message_rows,
    preference_lines,
    provider_lines,
)
from db.records import Article, Example, Pair, Split, Version, digest, messages_to_text, plain
from db.sql.rows import batches
from db.store import Store
from db.versions.contents import teachers_and_prompts, version_articles, version_examples

Row = dict[str, Any]

_BATCH = 2000
_MANIFEST = "version.json"
_SOURCE = ("title", "url", "revision", "licence")
_STRINGS = ("candidate", "verdict", "kind", "text", "question", "reference")
_OPTIONAL_STRINGS = ("passage", "article", "persona")
_MESSAGES = pa.list_(
    pa.struct([("role", pa.string()), ("content", pa.string()), ("has_loss", pa.bool_())])
)
_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("messages", _MESSAGES, nullable=False),
        pa.field("traits", pa.list_(pa.string()), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in _STRINGS),
        *(pa.field(name, pa.string()) for name in (*_OPTIONAL_STRINGS, *_SOURCE)),
    ]
)


class ExportFormat(StrEnum):
    """The available export formats."""

    CHAT = "chat"
    TEXT = "text"
    PARQUET = "parquet"
    DATASET = "dataset"
    OPENAI = "openai"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    PREFERENCES = "preferences"
    OPENAI_PREFERENCES = "openai-preferences"


PAIR_FORMATS = (ExportFormat.PREFERENCES, ExportFormat.OPENAI_PREFERENCES)
"""The formats that export preference pairs instead of examples."""


def export(
    store: Store,
    version: Version,
    folder: Path,
    format: ExportFormat,
    notes: tuple[str, ...] = (),
) -> Path:
    """Write a version to a new or empty folder atomically, and return the folder.

    `chat` writes JSON Lines with a `messages` field and skips examples that aren't chats. `text`
    writes JSON Lines with a `text` field, in which chats become `User: …` and `Assistant: …`.
    `parquet` writes all fields of each example, including whether each turn is trained on.
    `dataset` writes the same fields as a Hugging Face `DatasetDict`, which `load_from_disk` can
    load. `openai`, `together` and `fireworks` write training files that follow the rules of the
    respective service. `preferences` writes preference pairs in the format of TRL's trainers, and
    `openai-preferences` in OpenAI's, both without the pairs of the test split. Each non-empty split
    is exported as one file, or as one split of a `DatasetDict`. The card (README.md) credits all
    source articles, and contains `notes`, which are sentences about the reviewers. If the folder
    already contains the same export, nothing changes.

    Raises `StoreError` if the folder contains files other than this export, if another process is
    writing to it, or if the version is incomplete.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if _has_export(folder, version, format):
            return folder
        raise StoreError(
            f"Can't export to {folder}: it is a file or a folder that isn't empty. Choose a new or "
            "empty folder."
        )
    with _partial_folder(folder.absolute()) as partial_folder:  # “.” has no name
        source = _Source(store, version, version_articles(store, version))
        count = _WRITERS[format](source, partial_folder)
        contents = pair_notes(store, version, is_pair_export=format in PAIR_FORMATS)
        card = _card(source, count, contents, notes)
        (partial_folder / "README.md").write_text(card, encoding="utf-8")
        manifest = _manifest(partial_folder, version, format)
        (partial_folder / _MANIFEST).write_text(manifest, encoding="utf-8")
    return folder


@contextmanager
def _partial_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder, which is renamed to `folder` once the export is complete.

    Files left over from an interrupted export are removed.

    Raises `StoreError` if another process is writing to the folder.
    """
    hidden = folder.with_name(f".{folder.name}.timbre-partial")
    hidden.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        lock = os.open(hidden, os.O_RDONLY)
        stack.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreError(
                f"Another export to {folder} is running. Wait for it to finish."
            ) from None
        stack.callback(shutil.rmtree, hidden, ignore_errors=True)
        contents = hidden / "whole"
        shutil.rmtree(contents, ignore_errors=True)
        contents.mkdir()
        yield contents
        contents.replace(folder)


@dataclass(frozen=True)
class _Source:
    """A version to export, with its articles keyed by id."""

    store: Store
    version: Version
    articles: dict[str, Article]

    def splits(self) -> Iterator[tuple[Split, Iterator[Example]]]:
        """Yield each split that has examples, together with those examples."""
        for split, count in self.version.split_sizes.items():
            if count:
                yield split, version_examples(self.store, self.version, split)

    def credit(self, record: Example | Pair) -> Row:
        """The title, URL, revision and licence of the article a record is based on."""
        article = self.articles.get(record.article or "")
        return {name: getattr(article, name) if article else None for name in _SOURCE}


def _chat_lines(source: _Source, _split: Split, examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        if example.messages:
            messages = message_rows(example.messages)
            row = {"id": example.id, "messages": messages, "kind": example.kind}
            yield _line(row | source.credit(example))


def _text_lines(source: _Source, _split: Split, examples: Iterable[Example]) -> Iterator[str]:
    for example in examples:
        text = messages_to_text(example.messages) if example.messages else example.text
        row = {"id": example.id, "text": text, "kind": example.kind}
        yield _line(row | source.credit(example))


def _provider_lines(
    rules: Rules, _source: _Source, split: Split, examples: Iterable[Example]
) -> Iterator[str]:
    return provider_lines(_limits(rules, split), examples)


def _limits(rules: Rules, split: Split) -> Rules:
    # A service's minimum applies only to the training file.
    return rules if split is Split.TRAIN else replace(rules, min_examples=0)


def _write_splits(to_lines: Callable[..., Iterator[str]], source: _Source, folder: Path) -> int:
    """Write one JSON Lines file per split, and return the total number of examples written."""
    return sum(
        _write_lines(folder / f"{split}.jsonl", to_lines(source, split, examples))
        for split, examples in source.splits()
    )


def _trl_lines(source: _Source, _split: Split, pairs: Iterable[Pair]) -> Iterator[str]:
    for pair in pairs:
        yield _line(trl_row(pair) | source.credit(pair))


def _openai_lines(_source: _Source, split: Split, pairs: Iterable[Pair]) -> Iterator[str]:
    return preference_lines(_limits(OPENAI_PREFERENCES, split), pairs)


def _write_pairs(to_lines: Callable[..., Iterator[str]], source: _Source, folder: Path) -> int:
    """Write one JSON Lines file per split, and return the number of the version's examples.

    The card doesn't list the examples as missing, because the formats of pairs have no examples.
    """
    for split, pairs in exportable_pairs(source.store, source.version):
        _write_lines(folder / f"{split}.jsonl", to_lines(source, split, pairs))
    return sum(source.version.split_sizes.values())


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False) + "\n"


def _write_lines(path: Path, lines: Iterable[str]) -> int:
    with path.open("w", encoding="utf-8") as file:
        return sum(bool(file.write(line)) for line in lines)


def _write_parquet(source: _Source, folder: Path) -> int:
    count = 0
    for split, examples in source.splits():
        with pq.ParquetWriter(folder / f"{split}.parquet", _SCHEMA) as writer:
            for table in _tables(source, examples):
                writer.write_table(table)
                count += table.num_rows
    return count


def _write_dataset(source: _Source, folder: Path) -> int:
    disable_progress_bars()  # progress bars would end up in redirected output and logs
    splits = {
        split.value: Dataset(pa.concat_tables(_tables(source, examples)))
        for split, examples in source.splits()
    }
    DatasetDict(splits).save_to_disk(folder)
    return sum(map(len, splits.values()))


def _tables(source: _Source, examples: Iterator[Example]) -> Iterator[pa.Table]:
    for batch in batches(examples, _BATCH):
        rows = [
            {"id": e.id, **plain(e), "messages": list(map(asdict, e.messages)), **source.credit(e)}
            for e in batch
        ]
        yield pa.Table.from_pylist(rows, schema=_SCHEMA)


_WRITERS: dict[ExportFormat, Callable[[_Source, Path], int]] = {
    ExportFormat.CHAT: partial(_write_splits, _chat_lines),
    ExportFormat.TEXT: partial(_write_splits, _text_lines),
    ExportFormat.PARQUET: _write_parquet,
    ExportFormat.DATASET: _write_dataset,
    ExportFormat.OPENAI: partial(_write_splits, partial(_provider_lines, OPENAI)),
    ExportFormat.TOGETHER: partial(_write_splits, partial(_provider_lines, TOGETHER)),
    ExportFormat.FIREWORKS: partial(_write_splits, partial(_provider_lines, FIREWORKS)),
    ExportFormat.PREFERENCES: partial(_write_pairs, _trl_lines),
    ExportFormat.OPENAI_PREFERENCES: partial(_write_pairs, _openai_lines),
}


def _card(source: _Source, count: int, contents: tuple[str, ...], notes: tuple[str, ...]) -> str:
    teachers, prompts = teachers_and_prompts(source.store, source.version)
    left_out = sum(source.version.split_sizes.values()) - count
    articles = tuple(source.articles.values())
    card = Card(source.version, articles, teachers, prompts, left_out, notes, contents)
    return render_card(card)


def _manifest(folder: Path, version: Version, format: ExportFormat) -> str:
    paths = (path for path in sorted(folder.rglob("*")) if path.name != _MANIFEST)
    files = {
        str(path.relative_to(folder)): digest(path.read_bytes()) for path in paths if path.is_file()
    }
    manifest = {"version": version.id, "format": format.value, "files": files}
    return json.dumps(manifest, indent=2) + "\n"


def _has_export(folder: Path, version: Version, format: ExportFormat) -> bool:
    try:
        stored = (folder / _MANIFEST).read_text(encoding="utf-8")
        return stored == _manifest(folder, version, format)
    except (OSError, ValueError):
        return False
