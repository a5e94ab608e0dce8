"""The differences between two versions."""

import json
from collections.abc import Iterable
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
    """A candidate that both versions hold as different examples, and the fields that differ."""

    candidate: str
    before: str
    after: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class VersionDiff:
    """The differences between two versions.

    Attributes:
        added: Ids of examples whose candidates are only in the second version.
        removed: Ids of examples whose candidates are only in the first version.
        edited: Candidates whose final text differs.
        relabelled: Candidates with the same text but another verdict, split or other label.
        unchanged: The number of examples in both.
        agreement: The reviewers' agreement before and after, None if it wasn't stored.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[Change, ...]
    relabelled: tuple[Change, ...]
    unchanged: int
    agreement: tuple[Interval | None, Interval | None]


def diff(store: Store, before: Version, after: Version) -> VersionDiff:
    """Compare two versions; an example that was erased on request counts as added or removed."""
    first, second = _leaves(store, before), _leaves(store, after)
    old, old_erased = _by_candidate(store, first - second)
    new, new_erased = _by_candidate(store, second - first)
    both = sorted(old.keys() & new.keys())
    changes = [_change(old[candidate], new[candidate]) for candidate in both]
    edited = tuple(change for change in changes if set(change.fields) & set(_TEXT))
    return VersionDiff(
        added=_ids(new_erased, (new[candidate] for candidate in new.keys() - old.keys())),
        removed=_ids(old_erased, (old[candidate] for candidate in old.keys() - new.keys())),
        edited=edited,
        relabelled=tuple(change for change in changes if not set(change.fields) & set(_TEXT)),
        unchanged=len(first & second),
        agreement=(_agreement(store, before), _agreement(store, after)),
    )


def _leaves(store: Store, version: Version) -> set[str]:
    with store.reading() as connection:
        query = select(members.c.example).where(members.c.version == version.id)
        return set(connection.scalars(query))


def _by_candidate(store: Store, ids: set[str]) -> tuple[dict[str, _Row], set[str]]:
    """The rows of examples by candidate, and the ids of erased examples."""
    rows: dict[str, _Row] = {}
    missing = set(ids)
    with store.reading() as connection:
        for batch in batches(sorted(ids), _BATCH):
            query = select(*_COLUMNS).where(among(connection, examples.c.id, batch))
            for row in connection.execute(query).all():
                rows[row.candidate] = row
                missing.discard(row.id)
    return rows, missing


def _change(old: _Row, new: _Row) -> Change:
    # Access by position: access by name takes longer than the comparison.
    pairs = zip(_FIELDS, tuple(old)[2:], tuple(new)[2:], strict=True)
    fields = tuple(name for name, before, after in pairs if before != after)
    return Change(old.candidate, old.id, new.id, fields)


def _ids(erased: set[str], rows: Iterable[_Row]) -> tuple[str, ...]:
    return tuple(sorted([*erased, *(row.id for row in rows)]))


def _agreement(store: Store, version: Version) -> Interval | None:
    for event in store.events(version.id):
        agreement = json.loads(event.detail).get("agreement")
        if event.kind is EventKind.FROZEN and agreement:
            return Interval(**agreement)
    return None
