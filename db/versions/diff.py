"""Compare two versions of a dataset."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

from db.records import EventKind, Interval, Version
from db.sql.rows import among, batches
from db.sql.tables import examples, members
from db.store import Store

_BATCH = 10_000
_TEXT = ("messages", "text")
_LABELS = ("verdict", "split", "traits", "article", "passage", "persona", "question", "reference")
_FIELDS = (*_TEXT, *_LABELS)
_COLUMNS = [examples.c[name] for name in ("id", "candidate", *_FIELDS)]
_Row = Row[Any]


@dataclass(frozen=True)
class Change:
    """A candidate whose example differs between two versions, and the fields that differ."""

    candidate: str
    before: str
    after: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class VersionDiff:
    """The differences between two versions.

    `added` contains the ids of examples whose candidates are new in the second version. `removed`
    contains the ids of examples whose candidates are missing from the second version. `edited`
    lists the candidates whose final text changed. `relabelled` lists the candidates whose text is
    the same but whose verdict, split or another label changed. `unchanged` counts the examples that
    are the same in both versions. `agreement` is the agreement between reviewers in the first and
    in the second version, or None for a version that doesn't store it.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[Change, ...]
    relabelled: tuple[Change, ...]
    unchanged: int
    agreement: tuple[Interval | None, Interval | None]


def diff(store: Store, before: Version, after: Version) -> VersionDiff:
    """Compare two versions, and count examples that were erased on request as added or removed."""
    first, second = _leaves(store, before), _leaves(store, after)
    old = _rows_by_candidate(store, first - second)
    new = _rows_by_candidate(store, second - first)
    both = sorted(old.keys() & new.keys())
    changes = [_change(old[candidate], new[candidate]) for candidate in both]
    return VersionDiff(
        added=tuple(sorted(second - first - {change.after for change in changes})),
        removed=tuple(sorted(first - second - {change.before for change in changes})),
        edited=tuple(change for change in changes if set(change.fields) & set(_TEXT)),
        relabelled=tuple(change for change in changes if not set(change.fields) & set(_TEXT)),
        unchanged=len(first & second),
        agreement=(_agreement(store, before), _agreement(store, after)),
    )


def _leaves(store: Store, version: Version) -> set[str]:
    with store.reading() as connection:
        query = select(members.c.example).where(members.c.version == version.id)
        return set(connection.scalars(query))


def _rows_by_candidate(store: Store, ids: set[str]) -> dict[str, _Row]:
    """Return the rows of the given examples, keyed by candidate, leaving out erased examples."""
    rows: dict[str, _Row] = {}
    with store.reading() as connection:
        for batch in batches(sorted(ids), _BATCH):
            query = select(*_COLUMNS).where(among(examples.c.id, batch))
            rows |= {row.candidate: row for row in connection.execute(query)}
    return rows


def _change(old: _Row, new: _Row) -> Change:
    # Access columns by position: access by name takes longer than the comparison itself.
    pairs = zip(_FIELDS, tuple(old)[2:], tuple(new)[2:], strict=True)
    fields = tuple(name for name, before, after in pairs if before != after)
    return Change(old.candidate, old.id, new.id, fields)


def _agreement(store: Store, version: Version) -> Interval | None:
    for event in store.events(version.id):
        agreement = json.loads(event.detail).get("agreement")
        if event.kind is EventKind.FROZEN and agreement:
            return Interval(**agreement)
    return None
