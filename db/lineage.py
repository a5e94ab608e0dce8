"""From any record back to its sources and reasons, and on to what became of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from db.describe import describe
from db.records import (
    Article,
    Candidate,
    Comparison,
    Event,
    Example,
    Measure,
    Output,
    Passage,
    Record,
    Rejection,
    Review,
    Run,
    Verdict,
    Version,
    plain,
)
from db.store import Store
from db.tables import TABLES, erased, members

Links = Iterator[tuple[str, type[Record], str]]


@dataclass(frozen=True)
class Lineage:
    """A record, why it stands here, what happened to it, and what it leads to.

    `record` is None where it is not there, which `reason` then explains.
    """

    id: str
    reason: str
    record: Record | None
    events: tuple[Event, ...] = ()
    links: tuple["Lineage", ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """The tree as plain JSON values."""
        return {
            "id": self.id,
            "reason": self.reason,
            "type": type(self.record).__name__ if self.record else None,
            "record": plain(self.record) if self.record else None,
            "events": [plain(event) for event in self.events],
            "links": [link.as_json() for link in self.links],
        }

    def as_text(self) -> str:
        """The tree as indented lines: reason, type, id, and what the record says."""
        return "\n".join(self._lines(0))

    def _lines(self, depth: int) -> Iterator[str]:
        indent = "  " * depth
        if self.record is None:
            yield f"{indent}{self.reason}: {self.id[:12]}"
            return
        name = type(self.record).__name__.lower()
        yield f"{indent}{self.reason}: {name} {self.id[:12]}, {describe(self.record)}"
        for event in self.events:
            yield f"{indent}  {describe(event)}"
        for link in self.links:
            yield from link._lines(depth + 1)


def trace(store: Store, id: str) -> Lineage:
    """The lineage of the record that an id, or the first six or more digits of one, names.

    It goes back to the article's revision and address, the prompts and the teacher, every answer
    of a reviewer, the version, the run and its configuration; and on from there to refusals,
    versions and runs that came of it. A record that is reached twice is followed once. Raises
    `StoreError` if the id names no record, or more than one.
    """
    root = store.find(Record, id)
    seen = {root.id}
    links = [*_followed(store, root, _ORIGINS, seen), *_followed(store, root, _FATES, seen)]
    return Lineage(root.id, "asked for", root, _events(store, root), tuple(links))


Follow = Callable[[Store, Any], Links]


def _followed(
    store: Store, record: Record, ways: dict[type[Record], Follow], seen: set[str]
) -> Iterator[Lineage]:
    for reason, kind, id in ways.get(type(record), _nowhere)(store, record):
        if id in seen:
            continue
        seen.add(id)
        found = store.get(kind, id)
        if found is None:
            yield Lineage(id, f"{reason} (a {kind.__name__.lower()}, {_why_gone(store, id)})", None)
            continue
        links = tuple(_followed(store, found, ways, seen))
        yield Lineage(id, reason, found, _events(store, found), links)


def _events(store: Store, record: Record) -> tuple[Event, ...]:
    return tuple(store.events(record.id))


def _why_gone(store: Store, id: str) -> str:
    with store.reading() as connection:
        at = connection.scalar(select(erased.c.at).where(erased.c.id == id))
    return f"erased on request at {at}" if at else "not in the store"


def _nowhere(_store: Store, _record: Record) -> Links:
    yield from ()


def _of(store: Store, reason: str, kind: type[Record], **where: object) -> Links:
    yield from ((reason, kind, row["id"]) for row in store.rows(TABLES[kind], **where))


def _named(store: Store, reason: str, id: str) -> Links:
    """The record of an id that may be of any type, or no record at all."""
    for kind in (Candidate, Comparison, Output, Passage, Article, Example, Version, Run, Review):
        if store.count(kind, id=id):
            yield reason, kind, id


def _behind_candidate(store: Store, candidate: Candidate) -> Links:
    if candidate.passage:
        yield "written from", Passage, candidate.passage
    yield from _of(store, "rejected", Rejection, subject=candidate.id)
    yield from _of(store, "judged in", Review, subject=candidate.id)


def _behind_example(_store: Store, example: Example) -> Links:
    yield "made of", Candidate, example.candidate
    yield "approved by", Verdict, example.verdict
    if example.article:
        yield "source", Article, example.article


def _behind_verdict(store: Store, verdict: Verdict) -> Links:
    yield from (("rests on", Review, review) for review in verdict.reviews)
    yield from _named(store, "about", verdict.subject)


def _behind_output(_store: Store, output: Output) -> Links:
    if output.run:
        yield "answered by", Run, output.run
    yield "answers", Example, output.prompt


def _behind_comparison(store: Store, comparison: Comparison) -> Links:
    yield "as A", Output, comparison.left
    yield "as B", Output, comparison.right
    yield from _judgements(store, comparison)


def _judgements(store: Store, comparison: Comparison) -> Links:
    yield from _of(store, "judged in", Review, subject=comparison.id)
    yield from _of(store, "decided by", Verdict, subject=comparison.id)


def _after_candidate(store: Store, candidate: Candidate) -> Links:
    yield from _of(store, "decided by", Verdict, subject=candidate.id)
    yield from _of(store, "became", Example, candidate=candidate.id)


def _after_example(store: Store, example: Example) -> Links:
    rows = store.rows(members, example=example.id)
    yield from (("held by", Version, row["version"]) for row in rows)


def _after_output(store: Store, output: Output) -> Links:
    yield from _of(store, "measured", Measure, subject=output.id)
    yield from _of(store, "compared in", Comparison, left=output.id)
    yield from _of(store, "compared in", Comparison, right=output.id)


_ORIGINS: dict[type[Record], Follow] = {
    Passage: lambda _, passage: iter([("part of", Article, passage.article)]),
    Candidate: _behind_candidate,
    Rejection: lambda store, rejection: _named(store, "what was rejected", rejection.subject),
    Review: lambda store, review: _named(store, "about", review.subject),
    Verdict: _behind_verdict,
    Example: _behind_example,
    Run: lambda _, run: iter([("trained on", Version, run.version)]),
    Output: _behind_output,
    Comparison: _behind_comparison,
    Measure: lambda store, measure: _named(store, "about", measure.subject),
    Event: lambda store, event: _named(store, "about", event.subject),
}
_FATES: dict[type[Record], Follow] = {
    Passage: lambda store, passage: _of(store, "rejected", Rejection, subject=passage.id),
    Candidate: _after_candidate,
    Example: _after_example,
    Version: lambda store, version: _of(store, "trained into", Run, version=version.id),
    Output: _after_output,
    Comparison: _judgements,
}
