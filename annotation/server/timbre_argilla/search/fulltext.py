"""Translate search queries into each database's full-text syntax, for the index in `textindex`."""

import zlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from timbre_argilla.search.query import And, Not, Or, Phrase, Query


def field_mark(field: str) -> str:
    """Return the prefix that the text index adds to each word of a field.

    All prefixes have the same length.
    """
    return f"{zlib.crc32(field.encode()):08x}"


def dataset_word(dataset: UUID) -> str:
    """Return the word by which the index identifies all records of a dataset."""
    return f"d{dataset.hex}"


def fts5(query: Query, dataset: str, fields: Sequence[str]) -> str:
    """Write a query in the syntax of SQLite's FTS5.

    FTS5 doesn't support a query that only excludes words, so the words are excluded from all
    records of the dataset.
    """
    marks = [field_mark(name) for name in fields]

    def write(part: Query) -> str:
        match part:
            case Phrase(words, prefix):
                phrases = (" ".join(mark + word for word in words) for mark in marks)
                return _join(" OR ", (f'"{phrase}"{" *" if prefix else ""}' for phrase in phrases))
            case Not(inner):
                return f'("{dataset}" NOT {write(inner)})'
            case And(parts):
                return _join(" AND ", map(write, parts))
            case Or(parts):
                return _join(" OR ", map(write, parts))

    return f'"{dataset}" AND {write(query)}'


def tsquery(query: Query, dataset: str, fields: Sequence[str]) -> str:
    """Write a query in the syntax of PostgreSQL's `tsquery`."""
    marks = [field_mark(name) for name in fields]

    def write(part: Query) -> str:
        match part:
            case Phrase(words, prefix):
                phrases = (" <-> ".join(f"'{mark}{word}'" for word in words) for mark in marks)
                return _join(" | ", (f"({phrase}{':*' if prefix else ''})" for phrase in phrases))
            case Not(inner):
                return f"!({write(inner)})"
            case And(parts):
                return _join(" & ", map(write, parts))
            case Or(parts):
                return _join(" | ", map(write, parts))

    return f"'{dataset}' & {write(query)}"


def _join(operator: str, parts: Iterable[str]) -> str:
    return f"({operator.join(parts)})"
