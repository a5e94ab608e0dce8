"""A version written out for other programs, with a card that names its sources and licence."""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from datasets import Dataset, DatasetDict, disable_progress_bars

from db.card import Card, Credit, card
from db.errors import StoreError
from db.pairs import preference_pairs
from db.providers import FIREWORKS, OPENAI, TOGETHER, Rules, provider_lines
from db.records import Article, Example, Split, Version, digest, messages_to_text, plain
from db.rows import batches
from db.sources import articles_of, made_with
from db.store import Store
from db.versions import version_examples

Row = dict[str, Any]

_BATCH = 2000
_MANIFEST = "version.json"
_SOURCE = ("title", "url", "revision", "licence")
_STRINGS = ("candidate", "verdict", "kind", "text", "question", "reference")
_MAYBE = ("passage", "article", "persona")
_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field(
            "messages",
            pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())])),
            nullable=False,
        ),
        pa.field("traits", pa.list_(pa.string()), nullable=False),
        *(pa.field(name, pa.string(), nullable=False) for name in _STRINGS),
        *(pa.field(name, pa.string()) for name in (*_MAYBE, *_SOURCE)),
    ]
)


class ExportFormat(StrEnum):
    """The forms a version can be written in."""

    CHAT = "chat"
    TEXT = "text"
    PARQUET = "parquet"
    DATASET = "dataset"
    OPENAI = "openai"
    TOGETHER = "together"
    FIREWORKS = "fireworks"
    PREFERENCES = "preferences"


def export(
    store: Store,
    version: Version,
    folder: Path,
    format: ExportFormat,
    notes: tuple[str, ...] = (),
) -> Path:
    """Write a version into a new or empty folder, whole or not at all, and return the folder.

    `chat` is JSON Lines with `messages`, without the examples that are no chat; `text` is JSON
    Lines with `text`, chats as `User: …` and `Assistant: …`; `parquet` has every field; `dataset`
    is a Hugging Face `DatasetDict` as `load_from_disk` reads it; `openai`, `together` and
    `fireworks` are training files held against those services' rules; `preferences` is
    `pairs.jsonl`, what people chose as TRL's DPO reads it. Each side is a file or a split of its
    own, an empty side none. The card (README.md) credits every article used; `notes` are
    sentences on who judged. If the folder holds this very export, it is left as it is. Raises
    `StoreError` if it holds anything else, if another process writes there, or if the version
    cannot be read whole.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        if _is_there(folder, version, format):
            return folder
        raise StoreError(
            f"found {folder} to be a file or a folder with something in it, expected a new or "
            "empty folder; name another"
        )
    with _whole(folder.absolute()) as place:  # “.” has no name of its own
        articles = articles_of(store, version)
        written = _WRITERS[format](_Source(store, version, articles), place)
        (place / "README.md").write_text(_card(store, version, articles, written, notes), "utf-8")
        _write_manifest(place, version, format)
    return folder


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder to write in that takes its name once all of it is there.

    It lies hidden beside that name; what an export that was killed left there is cleared away.

    Raises `StoreError` if another process writes there.
    """
    beside = folder.with_name(f".{folder.name}.timbre-partial")
    beside.mkdir(parents=True, exist_ok=True)
    lock = os.open(beside, os.O_RDONLY)
    try:
        _hold(lock, folder)
        place = beside / "whole"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        try:
            yield place
            place.replace(folder)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    finally:
        os.close(lock)


def _hold(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreError(
            f"found another export to {folder} under way, expected none; wait for it to end"
        ) from None


class _Source:
    """The rows of a version, side by side; counts the examples of each article it hands out."""

    def __init__(self, store: Store, version: Version, articles: dict[str, Article]) -> None:
        self.store, self.version, self.articles = store, version, articles

    def sides(self) -> Iterator[tuple[str, Iterator[Example]]]:
        """Each side that has examples, with them."""
        counts = (self.version.train, self.version.validation, self.version.test)
        for split, count in zip(Split, counts, strict=True):
            if count:
                yield split.value, version_examples(self.store, self.version, split)

    def credit(self, example: Example) -> Row:
        """Title, address, revision and licence of the article an example comes of."""
        article = self.articles.get(example.article or "")
        return {name: getattr(article, name) if article else None for name in _SOURCE}


def _chat(source: _Source, folder: Path) -> int:
    def rows(examples: Iterator[Example]) -> Iterator[Row]:
        for example in examples:
            if example.messages:
                row = {"id": example.id, "messages": plain(example.messages)}
                yield {**row, "kind": example.kind.value, **source.credit(example)}

    return _json_lines(source, folder, rows)


def _text(source: _Source, folder: Path) -> int:
    def rows(examples: Iterator[Example]) -> Iterator[Row]:
        for example in examples:
            text = messages_to_text(example.messages) if example.messages else example.text
            row = {"id": example.id, "text": text, "kind": example.kind.value}
            yield {**row, **source.credit(example)}

    return _json_lines(source, folder, rows)


def _json_lines(
    source: _Source, folder: Path, rows: Callable[[Iterator[Example]], Iterator[Row]]
) -> int:
    written = 0
    for side, examples in source.sides():
        with (folder / f"{side}.jsonl").open("w", encoding="utf-8") as file:
            for row in rows(examples):
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
                written += 1
    return written


def _provider(rules: Rules, source: _Source, folder: Path) -> int:
    written = 0
    for side, examples in source.sides():
        # The least number of examples is asked of what is trained on, not of what is measured.
        asked = rules if side == Split.TRAIN else replace(rules, fewest=0)
        with (folder / f"{side}.jsonl").open("w", encoding="utf-8") as file:
            for line in provider_lines(asked, examples):
                file.write(line)
                written += 1
    return written


def _preferences(source: _Source, folder: Path) -> int:
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as file:
        for row in preference_pairs(source.store, source.version):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return sum((source.version.train, source.version.validation, source.version.test))


def _parquet(source: _Source, folder: Path) -> int:
    written = 0
    for side, examples in source.sides():
        with pq.ParquetWriter(folder / f"{side}.parquet", _SCHEMA) as writer:
            for table in _tables(source, examples):
                writer.write_table(table)
                written += table.num_rows
    return written


def _dataset(source: _Source, folder: Path) -> int:
    disable_progress_bars()  # or it draws them wherever it writes, into files and logs too
    splits = {
        side: Dataset(pa.concat_tables(_tables(source, examples)))
        for side, examples in source.sides()
    }
    DatasetDict(splits).save_to_disk(folder)
    return sum(len(split) for split in splits.values())


def _tables(source: _Source, examples: Iterator[Example]) -> Iterator[pa.Table]:
    for batch in batches(examples, _BATCH):
        rows = [{"id": e.id, **plain(e), **source.credit(e)} for e in batch]
        yield pa.Table.from_pylist(rows, schema=_SCHEMA)


_WRITERS: dict[ExportFormat, Callable[[_Source, Path], int]] = {
    ExportFormat.CHAT: _chat,
    ExportFormat.TEXT: _text,
    ExportFormat.PARQUET: _parquet,
    ExportFormat.DATASET: _dataset,
    ExportFormat.OPENAI: partial(_provider, OPENAI),
    ExportFormat.TOGETHER: partial(_provider, TOGETHER),
    ExportFormat.FIREWORKS: partial(_provider, FIREWORKS),
    ExportFormat.PREFERENCES: _preferences,
}


def _card(
    store: Store,
    version: Version,
    articles: dict[str, Article],
    written: int,
    notes: tuple[str, ...],
) -> str:
    teachers, prompts = made_with(store, version)
    credits = tuple(map(Credit.of, articles.values()))
    left_out = version.train + version.validation + version.test - written
    return card(Card(version, credits, teachers, prompts, left_out, notes))


def _write_manifest(folder: Path, version: Version, format: ExportFormat) -> None:
    manifest = {"version": version.id, "format": format.value, "files": _digests(folder)}
    (folder / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _is_there(folder: Path, version: Version, format: ExportFormat) -> bool:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    wanted = {"version": version.id, "format": format.value, "files": _digests(folder)}
    return bool(manifest == wanted)


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): digest(path.read_bytes())
        for path in files
        if path.name != _MANIFEST
    }
