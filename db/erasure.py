"""Erase a reviewer's answers, or an article with everything made from it, on request.

The rows are deleted. Their ids are stored so that the records can't return with the next pull or
import. Versions that contained them keep their hashes, record the withdrawal, and can't be used
for training any more. Exported files and trained adapters must be deleted by people: the result
names the runs.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select, text

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
from db.sql.engine import translate_errors
from db.sql.rows import among, insert
from db.sql.tables import TABLES, articles, erased, members, rejections, reviews, verdicts, versions
from db.store import Store


@dataclass(frozen=True)
class AffectedVersion:
    """A version that an erasure touched: the number of its examples touched, and its runs."""

    version: str
    name: str
    examples: int
    runs: tuple[str, ...]


def erase(
    store: Store, *, reviewer: str | None = None, article: str | None = None
) -> list[AffectedVersion]:
    """Erase a reviewer's answers, or an article (by id) with everything made from it.

    An article takes with it its passages, candidates, their reviews, verdicts and examples, the
    outputs for those, and comparisons of the outputs. A reviewer's answers take with them the
    verdicts and examples whose text is the reviewer's edit; an adjudicator's name remains in the
    rule of a verdict. Returns the versions that can't be trained on any more.

    Raises `StoreError` unless exactly one of the two is named and something of it is stored.
    """
    if (reviewer is None) == (article is None):
        raise StoreError("Name either a reviewer or an article to erase.")
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        if article is not None:
            erasure, touched = _article_erasure(connection, article)
        else:
            erasure, touched = _reviewer_erasure(connection, reviewer or "")
        if not any(erasure.values()):
            raise StoreError(
                f"The store has nothing of “{reviewer or article}”. Give a reviewer's name, or an "
                "article's id from `timbre articles list`."
            )
        affected = list(_affected_versions(connection, touched))
        detail = _withdrawal_detail(connection, article)
        events = [_withdrawal(version, detail, erasure) for version in affected]
        _delete(connection, erasure)
        insert(connection, events)
    _overwrite_free_space(store, erasure)
    return affected


class _Erasure(dict[type[Record], set[str]]):
    """The ids to erase, by record type."""

    def add(
        self, connection: Connection, kind: type[Record], column: str, values: set[str]
    ) -> None:
        """Add the records of a type that have one of some values in a column."""
        table = TABLES[kind]
        query = select(table.c.id).where(among(connection, table.c[column], tuple(values)))
        self.setdefault(kind, set()).update(connection.scalars(query))

    def add_outputs(self, connection: Connection) -> None:
        """Add the outputs for erased examples, and the reviews and measures that follow."""
        self.add(connection, Output, "prompt", self[Example])
        self.add(connection, Comparison, "prompt", self[Example])
        for kind in (Review, Verdict):
            self.add(connection, kind, "subject", self[Comparison])
        self.add(connection, Measure, "subject", set().union(*self.values()))


def _article_erasure(connection: Connection, article: str) -> tuple[_Erasure, set[str]]:
    """The ids to erase with an article, and those of the examples it touches."""
    erasure = _Erasure()
    erasure.add(connection, Article, "id", {article})
    erasure.add(connection, Passage, "article", {article})
    erasure.add(connection, Candidate, "passage", erasure[Passage])
    erasure.add(connection, Verdict, "subject", erasure[Candidate])
    erasure.add(connection, Review, "subject", erasure[Candidate])
    erasure.add(connection, Example, "candidate", erasure[Candidate])
    erasure.add(connection, Example, "article", {article})
    erasure.add_outputs(connection)
    subjects = erasure[Passage] | erasure[Candidate] | {article}
    erasure.add(connection, Rejection, "subject", subjects)
    # A rejected part of the article, which has no record, goes by the article's title or address.
    for row in connection.execute(select(articles).where(articles.c.id == article)):
        query = select(rejections.c.id).where(
            rejections.c.subject.in_([row.title, row.url]), rejections.c.scope == row.source
        )
        erasure[Rejection].update(connection.scalars(query))
    return erasure, set(erasure[Example])


def _reviewer_erasure(connection: Connection, reviewer: str) -> tuple[_Erasure, set[str]]:
    """The ids to erase with a reviewer, and those of the examples that rest on their reviews."""
    erasure, touched = _Erasure(), _Erasure()
    erasure.add(connection, Review, "reviewer", {reviewer})
    query = select(reviews.c.subject, reviews.c.edited).where(reviews.c.reviewer == reviewer)
    edits = {(row.subject, row.edited) for row in connection.execute(query)}
    subjects = tuple({subject for subject, _ in edits})
    affected: set[str] = set()
    decided = select(verdicts).where(among(connection, verdicts.c.subject, subjects))
    for row in connection.execute(decided):
        if erasure[Review].isdisjoint(json.loads(row.reviews)):
            continue
        affected.add(row.id)
        if row.text is not None and (row.subject, row.text) in edits:
            erasure.setdefault(Verdict, set()).add(row.id)
    erasure.add(connection, Example, "verdict", erasure.get(Verdict, set()))
    erasure.add_outputs(connection)
    touched.add(connection, Example, "verdict", affected)
    return erasure, touched[Example]


def _affected_versions(connection: Connection, touched: set[str]) -> Iterator[AffectedVersion]:
    runs = TABLES[Run]
    query = select(members.c.version).where(among(connection, members.c.example, tuple(touched)))
    counts = Counter(connection.scalars(query))
    for version in connection.execute(select(versions).order_by(versions.c.seq)):
        if version.id in counts:
            trained = connection.scalars(select(runs.c.id).where(runs.c.version == version.id))
            yield AffectedVersion(version.id, version.name, counts[version.id], tuple(trained))


def _withdrawal_detail(connection: Connection, article: str | None) -> dict[str, str]:
    """What was withdrawn, in words that may be stored: an article's address, no person's name."""
    if article is None:
        return {"withdrawn": "the answers of one reviewer"}
    url = connection.scalar(select(articles.c.url).where(articles.c.id == article))
    return {"withdrawn": f"the article {url}", "article": article}


def _withdrawal(version: AffectedVersion, detail: dict[str, str], erasure: _Erasure) -> Event:
    counts = {f"{kind.type_name().lower()}s": len(ids) for kind, ids in erasure.items() if ids}
    return event(
        version.version,
        EventKind.WITHDRAWN,
        **detail,
        examples=version.examples,
        runs=list(version.runs),
        removed=counts,
    )


def _delete(connection: Connection, erasure: _Erasure) -> None:
    at = now()
    for kind, table in reversed(TABLES.items()):  # a record before what it refers to
        ids = erasure.get(kind)
        if ids:
            rows = [{"id": id, "record": kind.type_name(), "at": at} for id in sorted(ids)]
            connection.execute(table.delete().where(among(connection, table.c.id, tuple(ids))))
            connection.execute(erased.insert(), rows)


def _overwrite_free_space(store: Store, erasure: _Erasure) -> None:
    """Remove the deleted bytes from the database's log and free pages too."""
    with translate_errors(store.engine), store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            for kind in erasure:
                autocommit.execute(text(f"VACUUM FULL {TABLES[kind].name}"))
        else:
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
