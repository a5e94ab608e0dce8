"""Read the rows of a chat file: JSON Lines, a JSON list, or a table with named columns."""

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

from pipelines.errors import SourceError
from pipelines.text.files import UNREADABLE, open_text

_BINARY = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PAR1": "a parquet table",
    b"%PDF": "a PDF",
    b"SQLi": "an SQLite database",
}
"""Types of binary files, by the first four bytes of the file."""
_CHAT_COLUMNS = ("conversation_id", "chat_id", "thread_id", "conversation", "chat", "thread", "id")
"""Columns that identify the chat of a turn, for tables with one turn per row."""


@dataclass(frozen=True)
class Row:
    """A row of a chat file, and the number of the row (from 1).

    `value` is the parsed JSON, or None if parsing failed, in which case `error` contains the
    reason.
    """

    number: int
    text: str
    value: Any = None
    error: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSON Lines, JSON, CSV or TSV file, which may be gzipped.

    JSON Lines rows are numbered by line, and list items and table rows by position. Raises
    `SourceError` if the file can't be read.
    """
    is_table = path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv"))
    try:
        _check_is_text(path)
        with open_text(path, newline="" if is_table else None) as file:
            yield from _table_rows(file) if is_table else _json_rows(file, path.name)
    except (*UNREADABLE, csv.Error) as error:
        raise SourceError(
            f"{path.name} can't be read ({type(error).__name__}). Check that you have permission "
            "to read it and that it is UTF-8 or UTF-16 text."
        ) from error


def _check_is_text(path: Path) -> None:
    if not path.is_file():  # opening a pipe would consume its contents
        return
    with path.open("rb") as file:
        kind = _BINARY.get(file.read(4))
    if kind:
        raise SourceError(
            f"{path.name} is {kind}, which can't be imported. Export the chats as JSON Lines or "
            "CSV."
        )


def _json_rows(file: TextIO, name: str) -> Iterator[Row]:
    numbered = ((n, line) for n, line in enumerate(file, 1) if line.strip())
    number, line = next(numbered, (0, ""))
    if not line:
        return
    first = _parse(number, line)
    is_list = line.lstrip().startswith("[")
    if not first.error and not is_list:
        yield first
    elif is_list or line.lstrip().startswith("{"):
        rest = file.read()
        document = _parse(number, line + rest)
        if not document.error:
            items = document.value if isinstance(document.value, list) else [document.value]
            yield from (Row(n, _dump(item), item) for n, item in enumerate(items, 1))
            return
        if is_list and first.error:
            raise SourceError(
                f"{name} isn't a valid JSON list ({_json_error(line + rest)}). Correct it, or "
                "write one chat per line."
            )
        yield first
        numbered = (
            (n, line) for n, line in enumerate(rest.split("\n"), number + 1) if line.strip()
        )
    else:
        yield first
    yield from (_parse(n, line) for n, line in numbered)


def _parse(number: int, text: str) -> Row:
    try:
        return Row(number, text.strip(), json.loads(text))
    except (ValueError, RecursionError) as error:
        return Row(number, text.strip(), error=type(error).__name__)


def _json_error(text: str) -> str:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except RecursionError:
        return "it is nested too deep"
    return "unknown"


def _table_rows(file: TextIO) -> Iterator[Row]:
    """Convert the rows of a table to chat objects.

    If each table row contains a single turn, all rows of a chat are combined into one object.
    """
    header = next((line for line in file if line.strip()), "")
    delimiter = max(",;\t", key=header.count)
    columns = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    rows = csv.DictReader(file, columns, restkey="", restval="", delimiter=delimiter)
    chat_column = next((name for name in _CHAT_COLUMNS if name in columns), "")
    items: Iterable[Any] = rows
    if {"role", "content"} <= set(columns) and chat_column:
        chats = groupby(rows, key=lambda row: row[chat_column])
        items = ({"messages": list(turns)} for _, turns in chats)
    yield from (Row(n, _dump(item), item) for n, item in enumerate(items, 1))


def _dump(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False)
