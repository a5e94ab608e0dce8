"""Whether a version still is what was frozen: every hash computed anew, what differs named."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from sqlalchemy import select

from db.merkle import merkle_root
from db.records import Article, Candidate, Example, Passage, Record, Review, Split, Verdict, Version
from db.rows import among, batches, from_row, not_erased
from db.store import Store
from db.tables import TABLES, members

_BATCH = 2000
_REFERRED: dict[type[Record], dict[type[Record], Callable[..., tuple[str | None, ...]]]] = {
    Example: {
        Candidate: lambda example: (example.candidate,),
        Verdict: lambda example: (example.verdict,),
        Passage: lambda example: (example.passage,),
        Article: lambda example: (example.article,),
    },
    Candidate: {Passage: lambda candidate: (candidate.passage,)},
    Passage: {Article: lambda passage: (passage.article,)},
    Verdict: {Review: lambda verdict: verdict.reviews},
}
"""What each record refers to, in an order in which all that refers to a type comes before it."""


@dataclass(frozen=True)
class Difference:
    """Something that is not as it was frozen: of which record, what was found and expected."""

    record: str
    id: str
    found: str
    expected: str

    def __str__(self) -> str:
        """The difference in words."""
        return f"{self.record} {self.id[:12]}: found {self.found}, expected {self.expected}"


def verify(store: Store, version: Version) -> list[Difference]:
    """What differs from what was frozen; nothing where all is as it was.

    Looked at are the version's hash, its examples and all that they stand on: candidates,
    verdicts, reviews, passages and articles. Names, counts and times that are no part of a
    record's hash are not, except for the version's counts.
    """
    held = {row["example"]: row["split"] for row in store.rows(members, version=version.id)}
    differences = list(_whole(version, held))
    wanted: dict[type[Record], set[str]] = {Example: set(held)}
    for kind in (Example, Candidate, Verdict, Passage, Article, Review):
        for ids in batches(sorted(wanted.get(kind, ())), _BATCH):
            found = _found(store, kind, ids)
            differences += _compared(store, kind, ids, found)
            for record in found.values():
                for referred, of in _REFERRED.get(kind, {}).items():
                    wanted.setdefault(referred, set()).update(id for id in of(record) if id)
                if isinstance(record, Example) and held[record.id] != record.split:
                    differences.append(
                        Difference("Example", record.id, f"it on {held[record.id]}", record.split)
                    )
    return differences


def _whole(version: Version, held: dict[str, str]) -> Iterator[Difference]:
    root = merkle_root(held)
    if root != version.id:
        yield Difference("Version", version.id, f"examples that come to {root[:12]}", "its own id")
    counts = {
        Split.TRAIN: version.train,
        Split.VALIDATION: version.validation,
        Split.TEST: version.test,
    }
    sides = list(held.values())
    for split, count in counts.items():
        if sides.count(split) != count:
            found = f"{sides.count(split)} {split} examples"
            yield Difference("Version", version.id, found, str(count))


def _found(store: Store, kind: type[Record], ids: Collection[str]) -> dict[str, Record]:
    table = TABLES[kind]
    with store.reading() as connection:
        rows = connection.execute(select(table).where(among(connection, table.c.id, tuple(ids))))
        return {row["id"]: from_row(kind, row) for row in rows.mappings()}


def _compared(
    store: Store, kind: type[Record], ids: Collection[str], found: dict[str, Record]
) -> Iterator[Difference]:
    missing = [id for id in ids if id not in found]
    with store.reading() as connection:
        unexplained = not_erased(connection, missing)
    for id in missing:
        why = "nothing" if id in unexplained else "it erased on request"
        yield Difference(kind.__name__, id, why, "the record")
    for id, record in found.items():
        anew = record.named_anew()
        if anew != id:
            yield Difference(kind.__name__, id, f"content of {anew[:12]}", "content of its id")
