"""Removing a person's answers, or a source and all that was made of it, on request.

The rows are deleted, not marked, and their ids kept so that they cannot come back with the next
pull or import. Versions that stood on them keep their hashes, say what was withdrawn, and can no
longer be read for training. What was exported or trained before is for people to take back: the
answer names the runs.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Table, select, text

from db.engine import spoken
from db.errors import StoreError
from db.events import event, now
from db.records import (
    Article,
    Candidate,
    Comparison,
    Event,
    EventKind,
    Example,
    Measure,
    Output,
    Passage,
    Record,
    Rejection,
    Review,
    Run,
    Verdict,
)
from db.rows import among, insert
from db.store import Store
from db.tables import TABLES, erased, members, versions

_ORDER = (
    Measure,
    Comparison,
    Output,
    Example,
    Verdict,
    Review,
    Rejection,
    Candidate,
    Passage,
    Article,
)
"""What may be erased, each before what it refers to."""


@dataclass(frozen=True)
class Erasure:
    """What an erasure means for a version: how many of its examples it touches, and its runs."""

    version: str
    name: str
    examples: int
    runs: tuple[str, ...]


def erase(
    store: Store, *, reviewer: str | None = None, article: str | None = None
) -> list[Erasure]:
    """Erase a reviewer's answers, or an article (by its id) with everything made of it.

    With an article go its passages, candidates, their reviews and verdicts, examples, outputs to
    them and comparisons of those. With a reviewer go the answers and, where an edit of theirs was
    what counted, its verdict and example; an adjudicator's name stays in the rule of a verdict.
    Returns the versions that can no longer be trained on, none if no version stands on it. Raises
    `StoreError` unless exactly one of the two is named and there is something of it.
    """
    if (reviewer is None) == (article is None):
        raise StoreError("found no one thing to erase, expected a reviewer or an article")
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        if article is not None:
            gone, touched = _of_article(connection, article)
        else:
            gone, touched = _of_reviewer(connection, reviewer or "")
        if not any(gone.values()):
            raise StoreError(
                f"found nothing of {reviewer or article}, expected a reviewer's name or an "
                "article's id; see `timbre articles list`"
            )
        erasures = list(_affected(connection, touched))
        what = _named(connection, article)
        notes = [_note(erasure, what, gone) for erasure in erasures]
        _remove(connection, gone)
        insert(connection, notes)
    _overwrite(store)
    return erasures


class _Gone(dict[type[Record], set[str]]):
    """Ids to erase, by the type of their record."""

    def take(self, connection: Connection, kind: type[Record], column: str, of: set[str]) -> None:
        """Add the records of a type that have one of some values in a column."""
        table = TABLES[kind]
        query = select(table.c.id).where(among(connection, table.c[column], tuple(of)))
        self.setdefault(kind, set()).update(connection.scalars(query))


def _of_article(connection: Connection, article: str) -> tuple[_Gone, set[str]]:
    gone = _Gone()
    gone.take(connection, Article, "id", {article})
    gone.take(connection, Passage, "article", {article})
    gone.take(connection, Candidate, "passage", gone[Passage])
    gone.take(connection, Verdict, "subject", gone[Candidate])
    gone.take(connection, Review, "subject", gone[Candidate])
    gone.take(connection, Example, "candidate", gone[Candidate])
    gone.take(connection, Example, "article", {article})
    _with_outputs(connection, gone)
    gone.take(connection, Rejection, "subject", gone[Passage] | gone[Candidate] | {article})
    _refused_pages(connection, gone, article)
    return gone, set(gone[Example])


def _of_reviewer(connection: Connection, reviewer: str) -> tuple[_Gone, set[str]]:
    gone = _Gone()
    gone.take(connection, Review, "reviewer", {reviewer})
    reviews, verdicts = TABLES[Review], TABLES[Verdict]
    of_theirs = reviews.c.reviewer == reviewer
    theirs = {
        (row.subject, row.edited)
        for row in connection.execute(select(reviews.c.subject, reviews.c.edited).where(of_theirs))
    }
    on_them: set[str] = set()
    subjects = tuple({subject for subject, _ in theirs})
    query = select(verdicts).where(among(connection, verdicts.c.subject, subjects))
    for row in connection.execute(query):
        if gone[Review].isdisjoint(json.loads(row.reviews)):
            continue
        on_them.add(row.id)
        if row.text is not None and (row.subject, row.text) in theirs:
            gone.setdefault(Verdict, set()).add(row.id)
    gone.take(connection, Example, "verdict", gone.get(Verdict, set()))
    _with_outputs(connection, gone)
    touched = _Gone()
    touched.take(connection, Example, "verdict", on_them)
    return gone, touched[Example]


def _with_outputs(connection: Connection, gone: _Gone) -> None:
    """What a model answered to erased examples, and what people and measures said of that."""
    gone.take(connection, Output, "prompt", gone[Example])
    gone.take(connection, Comparison, "prompt", gone[Example])
    for kind in (Review, Verdict):
        gone.take(connection, kind, "subject", gone[Comparison])
    every = {id for ids in gone.values() for id in ids}
    gone.take(connection, Measure, "subject", every)


def _refused_pages(connection: Connection, gone: _Gone, article: str) -> None:
    """Refusals of parts of the article that name it as its source does."""
    articles, rejections = TABLES[Article], TABLES[Rejection]
    for page in connection.execute(select(articles).where(articles.c.id == article)):
        query = select(rejections.c.id).where(
            rejections.c.subject.in_([page.title, page.url]), rejections.c.scope == page.source
        )
        gone[Rejection].update(connection.scalars(query))


def _affected(connection: Connection, touched: set[str]) -> Iterable[Erasure]:
    runs = TABLES[Run]
    query = select(members.c.version, members.c.example)
    held: dict[str, int] = {}
    for row in connection.execute(
        query.where(among(connection, members.c.example, tuple(touched)))
    ):
        held[row.version] = held.get(row.version, 0) + 1
    for version in connection.execute(select(versions).order_by(versions.c.seq)):
        if version.id in held:
            trained = connection.scalars(select(runs.c.id).where(runs.c.version == version.id))
            yield Erasure(version.id, version.name, held[version.id], tuple(trained))


def _named(connection: Connection, article: str | None) -> dict[str, str]:
    """What was withdrawn, in words that may stay: an article's address, but no person's name."""
    if article is None:
        return {"withdrawn": "the answers of one reviewer"}
    table = TABLES[Article]
    url = connection.scalar(select(table.c.url).where(table.c.id == article))
    return {"withdrawn": f"the article {url}", "article": article}


def _note(erasure: Erasure, what: dict[str, str], gone: _Gone) -> Event:
    counts = {f"{kind.__name__.lower()}s": len(ids) for kind, ids in gone.items() if ids}
    return event(
        erasure.version,
        EventKind.WITHDRAWN,
        **what,
        examples=erasure.examples,
        runs=list(erasure.runs),
        removed=counts,
    )


def _remove(connection: Connection, gone: _Gone) -> None:
    at = now()
    for kind in _ORDER:
        ids = gone.get(kind, set())
        if ids:
            table: Table = TABLES[kind]
            rows = [{"id": id, "record": kind.type_name(), "at": at} for id in sorted(ids)]
            connection.execute(table.delete().where(among(connection, table.c.id, tuple(ids))))
            connection.execute(erased.insert(), rows)


def _overwrite(store: Store) -> None:
    """Have the database give up the deleted bytes too, from its log and its free pages."""
    with spoken(store.engine), store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            for kind in _ORDER:
                alone.execute(text(f"VACUUM FULL {TABLES[kind].name}"))
        else:
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
