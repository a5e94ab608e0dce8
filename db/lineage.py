"""Trace any record back to its sources and forward to the records derived from it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.descriptions import describe
from db.records import (
    Article,
    Candidate,
    Comparison,
    Event,
    Example,
    Measure,
    Output,
    Pair,
    PairSource,
    Passage,
    Record,
    Rejection,
    Review,
    Run,
    Verdict,
    Version,
    plain,
)
from db.sql.rows import references
from db.sql.tables import TABLES, erased, members, pair_members
from db.store import Store

Links = Iterator[tuple[str, type[Record], str]]
Finder = Callable[[Store, Any], Links]


@dataclass(frozen=True)
class Lineage:
    """A node in a lineage tree: a record, why it is listed, its events, and its child nodes.

    If the record isn't in the store, `record` is None and `reason` says why.
    """

    id: str
    reason: str
    record: Record | None
    events: tuple[Event, ...] = ()
    links: tuple["Lineage", ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Convert the tree to plain JSON values."""
        return {
            "id": self.id,
            "reason": self.reason,
            "type": type(self.record).__name__ if self.record else None,
            "record": plain(self.record) if self.record else None,
            "events": [plain(event) for event in self.events],
            "links": [link.as_json() for link in self.links],
        }

    def as_text(self, full: bool = False) -> str:
        """Format the tree as indented lines with each record's reason, type, id and description.

        Unless `full` is true, a record's measures share a line, and the events of reviews are left
        out.
        """
        return "\n".join(self._lines(0, full))

    def _lines(self, depth: int, full: bool) -> Iterator[str]:
        indent = "  " * depth
        if self.record is None:
            yield f"{indent}{self.reason}: {self.id[:12]}"
            return
        name = type(self.record).__name__.lower()
        yield f"{indent}{self.reason}: {name} {self.id[:12]}, {describe(self.record)}"
        if full or not isinstance(self.record, Review):
            yield from (f"{indent}  {describe(event)}" for event in self.events)
        measures = [link.record for link in self.links if isinstance(link.record, Measure)]
        if measures and not full:
            values = (f"{measure.name} {measure.value:.4g}" for measure in measures)
            yield f"{indent}  measured: {', '.join(values)}"
        for link in self.links:
            if full or not isinstance(link.record, Measure):
                yield from link._lines(depth + 1, full)


def trace(store: Store, id: str) -> Lineage:
    """Trace the lineage of the record whose id starts with the given digits (six or more).

    Traced backward, a record leads to the article revision and its URL, the prompts and the
    teacher, the reviews, the version, and the run with its configuration. Traced forward, a record
    leads to rejections, versions and runs. The tree contains each record only once.

    Raises `StoreError` if the id matches no records or more than one.
    """
    root = store.find(Record, id)
    visited = {root.id}
    links = [*_follow(store, root, _ORIGINS, visited), *_follow(store, root, _RESULTS, visited)]
    return Lineage(root.id, "requested", root, tuple(store.events(root.id)), tuple(links))


def _follow(
    store: Store, record: Record, finders: dict[type[Record], tuple[Finder, ...]], visited: set[str]
) -> Iterator[Lineage]:
    links = (link for find in finders.get(type(record), ()) for link in find(store, record))
    for reason, kind, id in links:
        if id in visited:
            continue
        visited.add(id)
        other = store.get(kind, id)
        if other is None:
            absence = f"{reason} (a {kind.__name__.lower()}, {_why_absent(store, id)})"
            yield Lineage(id, absence, None)
        else:
            further = tuple(_follow(store, other, finders, visited))
            yield Lineage(id, reason, other, tuple(store.events(id)), further)


def _why_absent(store: Store, id: str) -> str:
    with store.reading() as connection:
        at = connection.scalar(select(erased.c.at).where(erased.c.id == id))
    return f"erased on request at {at}" if at else "not in the store"


def _to(reason: str, kind: type[Record], field: str) -> Finder:
    """Return a function that finds the records to which a field of a record refers."""
    return lambda _, record: ((reason, kind, id) for id in references(record, field))


def _to_any(reason: str) -> Finder:
    """Return a function that finds the record to which a record's `subject` field refers."""
    return lambda store, record: (
        (reason, kind, record.subject) for kind in _SUBJECTS if store.count(kind, id=record.subject)
    )


def _from(reason: str, kind: type[Record], field: str) -> Finder:
    """Return a function that finds the records that refer to a record in one of their fields."""
    return lambda store, record: (
        (reason, kind, row["id"]) for row in store.rows(TABLES[kind], **{field: record.id})
    )


def _versions(store: Store, example: Record) -> Links:
    rows = store.rows(members, example=example.id)
    return (("part of", Version, row["version"]) for row in rows)


def _pair_versions(store: Store, pair: Record) -> Links:
    rows = store.rows(pair_members, pair=pair.id)
    return (("part of", Version, row["version"]) for row in rows)


def _answers(_: Store, pair: Pair) -> Links:
    kind = Output if pair.source is PairSource.VOTE else Candidate
    yield "chosen answer from", kind, pair.chosen_from
    yield "rejected answer from", kind, pair.rejected_from


_SUBJECTS = (Candidate, Comparison, Output, Passage, Article, Example, Pair, Version, Run, Review)
_ABOUT = (_to_any("about"),)
_REVIEWED = _from("reviewed in", Review, "subject")
_DECIDED = _from("decided by", Verdict, "subject")
_IN_PAIRS = (_from("chosen in", Pair, "chosen_from"), _from("rejected in", Pair, "rejected_from"))
_REJECTED = _from("rejected", Rejection, "subject")
_ORIGINS: dict[type[Record], tuple[Finder, ...]] = {
    Passage: (_to("part of", Article, "article"),),
    Candidate: (_to("written from", Passage, "passage"), _REJECTED, _REVIEWED),
    Rejection: (_to_any("what was rejected"),),
    Review: _ABOUT,
    Verdict: (_to("based on", Review, "reviews"), *_ABOUT),
    Example: (
        _to("made from", Candidate, "candidate"),
        _to("approved by", Verdict, "verdict"),
        _to("source", Article, "article"),
    ),
    Pair: (
        _answers,
        _to("compared in", Comparison, "comparison"),
        _to("based on", Review, "reviews"),
        _to("source", Article, "article"),
    ),
    Run: (_to("trained on", Version, "version"),),
    Output: (_to("answered by", Run, "run"), _to("answers", Example, "prompt")),
    Comparison: (_to("as A", Output, "left"), _to("as B", Output, "right"), _REVIEWED, _DECIDED),
    Measure: _ABOUT,
    Event: _ABOUT,
}
_RESULTS: dict[type[Record], tuple[Finder, ...]] = {
    Passage: (_REJECTED,),
    Candidate: (_DECIDED, _from("became", Example, "candidate"), *_IN_PAIRS),
    Example: (_versions,),
    Pair: (_pair_versions,),
    Version: (_from("trained into", Run, "version"),),
    Output: (
        _from("measured", Measure, "subject"),
        _from("compared in", Comparison, "left"),
        _from("compared in", Comparison, "right"),
        *_IN_PAIRS,
    ),
    Comparison: (_REVIEWED, _DECIDED, _REJECTED, _from("became", Pair, "comparison")),
}
