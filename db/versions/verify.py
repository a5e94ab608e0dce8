"""Verify that a version hasn't changed since it was frozen, by recomputing every hash."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from db.records import (
    Article,
    Candidate,
    Comparison,
    Example,
    Output,
    Pair,
    PairSource,
    Passage,
    Record,
    Review,
    Verdict,
    Version,
)
from db.sql.rows import batches, not_erased, references
from db.sql.tables import members, pair_members
from db.store import Store
from db.versions.merkle import merkle_root

_BATCH = 2000
_REFERENCES: dict[type[Record], dict[str, type[Record]]] = {
    Example: {"candidate": Candidate, "verdict": Verdict, "passage": Passage, "article": Article},
    Pair: {"reviews": Review, "comparison": Comparison, "passage": Passage, "article": Article},
    Comparison: {},
    Output: {},
    Candidate: {"passage": Passage},
    Verdict: {"reviews": Review},
    Passage: {"article": Article},
    Article: {},
    Review: {},
}
"""The fields that contain ids of other records, with referring types before referenced ones."""


@dataclass(frozen=True)
class Mismatch:
    """A record that changed after the freeze, with its actual and its expected state."""

    record: str
    id: str
    actual: str
    expected: str

    def __str__(self) -> str:
        """Return a line with the changed record, its actual state and its expected state."""
        return f"{self.record} {self.id[:12]}: {self.actual}, expected {self.expected}"


def verify(store: Store, version: Version) -> list[Mismatch]:
    """List the records that changed or disappeared since the version was frozen.

    The check recomputes the hashes of the version, its examples and pairs, and the candidates,
    outputs, comparisons, verdicts, reviews, passages and articles behind them. Unhashed fields
    aren't checked, except for the version's counts and the splits of the examples and pairs.
    """
    examples = {r["example"]: r["split"] for r in store.rows(members, version=version.id)}
    pairs = {r["pair"]: r["split"] for r in store.rows(pair_members, version=version.id)}
    splits = examples | pairs
    mismatches = list(_check_version(version, examples, pairs))
    pending: dict[type[Record], set[str]] = {Example: set(examples), Pair: set(pairs)}
    for kind in _REFERENCES:
        for ids in batches(sorted(pending.get(kind, ())), _BATCH):
            records: dict[str, Record] = store.get_many(kind, ids)
            mismatches += _check_records(store, kind, ids, records)
            for record in records.values():
                for other, id in _references(record):
                    pending.setdefault(other, set()).add(id)
                if isinstance(record, Example | Pair) and splits[record.id] != record.split:
                    actual = f"in the {splits[record.id]} split"
                    mismatches.append(Mismatch(kind.__name__, record.id, actual, record.split))
    return mismatches


def _references(record: Record) -> Iterator[tuple[type[Record], str]]:
    for field, kind in _REFERENCES[type(record)].items():
        yield from ((kind, id) for id in references(record, field))
    if isinstance(record, Pair):
        kind = Output if record.source is PairSource.VOTE else Candidate
        yield from ((kind, id) for id in (record.chosen_from, record.rejected_from))


def _check_version(
    version: Version, examples: dict[str, str], pairs: dict[str, str]
) -> Iterator[Mismatch]:
    root = merkle_root((*examples, *pairs))
    if root != version.id:
        contents = "examples and pairs" if version.pairs else "examples"
        yield Mismatch("Version", version.id, f"its {contents} hash to {root[:12]}", "its own id")
    for split, count in version.split_sizes.items():
        actual = list(examples.values()).count(split)
        if actual != count:
            yield Mismatch("Version", version.id, f"{actual} {split} examples", str(count))
    if len(pairs) != version.pairs:
        yield Mismatch("Version", version.id, f"{len(pairs)} pairs", str(version.pairs))


def _check_records(
    store: Store, kind: type[Record], ids: Collection[str], records: dict[str, Record]
) -> Iterator[Mismatch]:
    missing = [id for id in ids if id not in records]
    with store.reading() as connection:
        unexplained = not_erased(connection, missing)
    for id in missing:
        reason = "missing" if id in unexplained else "erased on request"
        yield Mismatch(kind.__name__, id, reason, "the record")
    for id, record in records.items():
        actual = record.recompute_id()
        if actual != id:
            yield Mismatch(kind.__name__, id, f"its content hashes to {actual[:12]}", "its own id")
