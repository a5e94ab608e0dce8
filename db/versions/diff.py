"""Compare two versions of a dataset."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Row, select

from db.records import EventKind, Interval, Version
from db.sql.rows import among, batches
from db.sql.tables import examples, members, pair_members
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
class PairDiff:
    """The ids of the preference pairs that only one of two versions contains, and how many both do.

    A pair is never edited: if one of its texts, its reviews or its split changes, it's removed, and
    another pair is added.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


@dataclass(frozen=True)
class VersionDiff:
    """The differences between two versions.

    `added` contains the ids of examples whose candidates are new in the second version. `removed`
    contains the ids of examples whose candidates are missing from the second version. `edited`
    lists the candidates whose final text changed. `relabelled` lists the candidates whose text is
    the same but whose verdict, split or another label changed. `unchanged` counts the examples that
    are the same in both versions. `agreement` is the agreement between reviewers in the first and
    in the second version, or None for a version that doesn't store it. `pairs` compares the
    preference pairs.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[Change, ...]
    relabelled: tuple[Change, ...]
    unchanged: int
    agreement: tuple[Interval | None, Interval | None]
    pairs: PairDiff


def diff(store: Store, before: Version, after: Version) -> VersionDiff:
    """Compare two versions, and count examples that were erased on request as added or removed."""
    first = _leaves(store, before, members.c.example)
    second = _leaves(store, after, members.c.example)
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
        pairs=_diff_pairs(store, before, after),
    )


def _diff_pairs(store: Store, before: Version, after: Version) -> PairDiff:
    first = _leaves(store, before, pair_members.c.pair)
    second = _leaves(store, after, pair_members.c.pair)
    added, removed = tuple(sorted(second - first)), tuple(sorted(first - second))
    return PairDiff(added, removed, unchanged=len(first & second))


def _leaves(store: Store, version: Version, column: Column[Any]) -> set[str]:
    with store.reading() as connection:
        query = select(column).where(column.table.c.version == version.id)
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
