"""A query in the two databases' own languages, over the marked words that `textindex.py` stores."""

import zlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from timbre_argilla.search.query import And, Not, Or, Phrase, Query


def mark_of(field: str) -> str:
    """What each word of a field begins with in the index: as long for every field."""
    return f"{zlib.crc32(field.encode()):08x}"


def scope(dataset: UUID) -> str:
    """The word that every record of a dataset has in the index, and no other's."""
    return f"d{dataset.hex}"


def fts5(query: Query, within: str, fields: Sequence[str]) -> str:
    """Write a query for SQLite's FTS5, which has no *not* but only *this and not that*."""
    marks = [mark_of(name) for name in fields]

    def write(part: Query) -> str:
        match part:
            case Phrase(found, prefix):
                each = (" ".join(mark + word for word in found) for mark in marks)
                return _either(f'"{phrase}"{" *" if prefix else ""}' for phrase in each)
            case Not(inner):
                return f'("{within}" NOT {write(inner)})'
            case And(parts):
                return "(" + " AND ".join(map(write, parts)) + ")"
            case Or(parts):
                return _either(map(write, parts))

    return f'"{within}" AND {write(query)}'


def tsquery(query: Query, within: str, fields: Sequence[str]) -> str:
    """Write a query for PostgreSQL's `tsquery`."""
    marks = [mark_of(name) for name in fields]

    def row(mark: str, phrase: Phrase) -> str:
        quoted = " <-> ".join(f"'{mark}{word}'" for word in phrase.words)
        return f"({quoted}{':*' if phrase.prefix else ''})"

    def write(part: Query) -> str:
        match part:
            case Phrase():
                return "(" + " | ".join(row(mark, part) for mark in marks) + ")"
            case Not(inner):
                return f"!({write(inner)})"
            case And(parts):
                return "(" + " & ".join(map(write, parts)) + ")"
            case Or(parts):
                return "(" + " | ".join(map(write, parts)) + ")"

    return f"'{within}' & {write(query)}"


def _either(parts: Iterable[str]) -> str:
    return "(" + " OR ".join(parts) + ")"
