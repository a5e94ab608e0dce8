"""What differs between two versions."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from db.records import EventKind, Interval, Version
from db.rows import among, batches
from db.store import Store
from db.tables import examples, members

_BATCH = 10_000
_TEXT = ("messages", "text")
_LABELS = ("verdict", "split", "traits", "article", "passage", "persona", "question", "reference")
_FIELDS = (*_TEXT, *_LABELS)


@dataclass(frozen=True)
class Change:
    """A candidate that is in both versions as different examples, and the fields that differ."""

    candidate: str
    before: str
    after: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class VersionDiff:
    """How to come from one version to another.

    Attributes:
        added: Ids of examples of candidates that only the second version has.
        removed: Ids of examples of candidates that only the first version has.
        edited: Candidates whose final text differs.
        relabelled: Candidates with the same text and another verdict, side or other label.
        unchanged: How many examples both have.
        agreement: The reviewers' agreement before and after, None where it was not kept.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    edited: tuple[Change, ...]
    relabelled: tuple[Change, ...]
    unchanged: int
    agreement: tuple[Interval | None, Interval | None]


def diff(store: Store, before: Version, after: Version) -> VersionDiff:
    """What was added, removed, edited and relabelled from one version to another, with ids.

    An example whose text was erased on request counts as added or removed.
    """
    with store.reading() as connection:
        first, second = _leaves(connection, before), _leaves(connection, after)
        found = [
            change
            for batch in batches(sorted(first - second), _BATCH)
            for change in _changes(connection, batch, after)
        ]
    changes = sorted(found, key=lambda change: change.candidate)
    return VersionDiff(
        added=tuple(sorted(second - first - {change.after for change in changes})),
        removed=tuple(sorted(first - second - {change.before for change in changes})),
        edited=tuple(change for change in changes if set(change.fields) & set(_TEXT)),
        relabelled=tuple(change for change in changes if not set(change.fields) & set(_TEXT)),
        unchanged=len(first & second),
        agreement=(_agreement(store, before), _agreement(store, after)),
    )


def _leaves(connection: Connection, version: Version) -> set[str]:
    query = select(members.c.example).where(members.c.version == version.id)
    return set(connection.scalars(query))


def _changes(connection: Connection, ids: Sequence[str], after: Version) -> Iterator[Change]:
    """What became of examples in a version with the same candidates, compared by the database."""
    old, new = examples.alias(), examples.alias()
    differs = [old.c[name].is_distinct_from(new.c[name]) for name in _FIELDS]
    query = (
        select(old.c.candidate, old.c.id, new.c.id, *differs)
        .join(new, new.c.candidate == old.c.candidate)
        .join(members, members.c.example == new.c.id)
        .where(among(connection, old.c.id, ids), members.c.version == after.id)
    )
    for candidate, before, became, *differing in connection.execute(query):
        fields = (name for name, differs in zip(_FIELDS, differing, strict=True) if differs)
        yield Change(candidate, before, became, tuple(fields))


def _agreement(store: Store, version: Version) -> Interval | None:
    for event in store.events(version.id):
        kept = json.loads(event.detail).get("agreement")
        if event.kind is EventKind.FROZEN and kept:
            return Interval(**kept)
    return None
