"""Erase, on request, a reviewer's answers, or an article with everything derived from it.

The rows of erased records are deleted, but their ids are kept, so that a later pull or import can't
add the records again. Versions that contained erased records keep their ids, but are marked as
withdrawn and can no longer be used for training. You must delete exported files and trained
adapters yourself. `erase` returns the affected versions and runs.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Column, Connection, func, or_, select, text

from db.errors import StoreError
from db.events import event, now
from db.records import (
    Article,
    Event,
    EventKind,
    Example,
    Pair,
    Record,
    Rejection,
    Review,
    Verdict,
)
from db.sql.engine import translate_errors
from db.sql.rows import PARENTS, among, insert
from db.sql.tables import (
    TABLES,
    articles,
    erased,
    members,
    pair_members,
    pairs,
    rejections,
    reviews,
    runs,
    verdicts,
    versions,
)
from db.store import Store


@dataclass(frozen=True)
class AffectedVersion:
    """A dataset version that contained erased data.

    `examples` and `pairs` count the affected examples and preference pairs, and `runs` lists the
    runs that used the version.
    """

    version: str
    name: str
    examples: int
    runs: tuple[str, ...]
    pairs: int = 0


def erase(
    store: Store, *, reviewer: str | None = None, article: str | None = None
) -> list[AffectedVersion]:
    """Erase a reviewer's answers, or an article (by id) and everything derived from it.

    Erasing an article also erases its passages and candidates, their reviews, verdicts, examples
    and pairs, and the outputs and comparisons for those examples. Erasing a reviewer's answers also
    erases the verdicts and examples whose text the reviewer edited, and all pairs that are based on
    the answers, because a pair names its reviewers. The next freeze can create these pairs again
    from the other reviews. If the reviewer was an adjudicator, their name stays in the `rule` of
    the verdicts. Returns the versions that can no longer be used for training.

    Raises `StoreError` if you don't pass exactly one of `reviewer` and `article`, or if the store
    contains no matching data.
    """
    if reviewer is None and article is None:
        raise StoreError("There is nothing to erase. Name a reviewer or an article.")
    if reviewer is not None and article is not None:
        raise StoreError("A reviewer and an article can't be erased together. Name only one.")
    with store.writing() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        erasure = _Erasure(connection)
        if article is not None:
            erasure.add_article(article)
        else:
            erasure.add_reviewer(reviewer or "")
        if not any(erasure.ids.values()):
            raise StoreError(
                f"The store contains nothing to erase for “{reviewer or article}”. Enter the name "
                "of a reviewer, or an article id from `timbre articles list`."
            )
        affected = list(_affected_versions(erasure))
        events = list(_withdrawals(erasure, article, affected))
        _delete(erasure)
        insert(connection, events)
    _overwrite_free_space(store, erasure)
    return affected


@dataclass
class _Erasure:
    """The ids of the records to erase, keyed by record type, and of the affected examples."""

    connection: Connection
    ids: dict[type[Record], set[str]] = field(default_factory=lambda: defaultdict(set))
    touched: set[str] = field(default_factory=set)

    def add_article(self, article: str) -> None:
        """Mark an article and everything derived from it for erasure."""
        self._add(Article, "id", {article})
        self._add(Example, "article", {article})
        self._add(Pair, "article", {article})
        self._add_dependents()
        self.touched = set(self.ids[Example])
        # Rejected parts of the article have no record; their rejections contain the title or URL.
        for row in self.connection.execute(select(articles).where(articles.c.id == article)):
            query = select(rejections.c.id).where(
                rejections.c.subject.in_([row.title, row.url]), rejections.c.scope == row.source
            )
            self.ids[Rejection].update(self.connection.scalars(query))

    def add_reviewer(self, reviewer: str) -> None:
        """Mark a reviewer's answers and everything derived from their edits for erasure."""
        self._add(Review, "reviewer", {reviewer})
        query = select(reviews.c.subject, reviews.c.edited).where(reviews.c.reviewer == reviewer)
        edits = {(row.subject, row.edited) for row in self.connection.execute(query)}
        decided = select(verdicts).where(among(verdicts.c.subject, {id for id, _ in edits}))
        affected: set[str] = set()
        for row in self.connection.execute(decided):
            if self.ids[Review].isdisjoint(json.loads(row.reviews)):
                continue
            affected.add(row.id)
            if row.text is not None and (row.subject, row.text) in edits:
                self.ids[Verdict].add(row.id)
        self._add_pairs({subject for subject, _ in edits})
        self._add(Example, "verdict", self.ids[Verdict])
        self._add_dependents()
        self.touched = self._find(Example, "verdict", affected)

    def _add_pairs(self, subjects: Collection[str]) -> None:
        """Mark the pairs based on the reviews to erase, whose subjects are `subjects`."""
        columns = (pairs.c.chosen_from, pairs.c.rejected_from, pairs.c.comparison)
        is_related = or_(*(among(column, subjects) for column in columns))
        query = select(pairs.c.id, pairs.c.reviews).where(is_related)
        for row in self.connection.execute(query):
            if not self.ids[Review].isdisjoint(json.loads(row.reviews)):
                self.ids[Pair].add(row.id)

    def _add_dependents(self) -> None:
        for kind, parent in PARENTS.items():
            self._add(kind, parent, set().union(*self.ids.values()))

    def _add(self, kind: type[Record], column: str, values: Collection[str]) -> None:
        self.ids[kind] |= self._find(kind, column, values)

    def _find(self, kind: type[Record], column: str, values: Collection[str]) -> set[str]:
        """Find the ids of all records of a given type that have one of `values` in `column`."""
        table = TABLES[kind]
        query = select(table.c.id).where(among(table.c[column], values))
        return set(self.connection.scalars(query))


def _affected_versions(erasure: _Erasure) -> Iterator[AffectedVersion]:
    examples = _count_members(erasure, members.c.example, erasure.touched)
    pairs_erased = _count_members(erasure, pair_members.c.pair, erasure.ids[Pair])
    query = select(versions.c.id, versions.c.name).order_by(versions.c.seq)
    is_affected = among(versions.c.id, examples.keys() | pairs_erased.keys())
    for id, name in erasure.connection.execute(query.where(is_affected)).all():
        trained = erasure.connection.scalars(select(runs.c.id).where(runs.c.version == id))
        counts = examples.get(id, 0), pairs_erased.get(id, 0)
        yield AffectedVersion(id, name, counts[0], tuple(trained), counts[1])


def _count_members(erasure: _Erasure, column: Column[str], ids: Collection[str]) -> dict[str, int]:
    """Count, for each version that contains any of these records, how many it contains."""
    version = column.table.c.version
    query = select(version, func.count()).where(among(column, ids)).group_by(version)
    return {row[0]: row[1] for row in erasure.connection.execute(query)}


def _withdrawals(
    erasure: _Erasure, article: str | None, affected: Sequence[AffectedVersion]
) -> Iterator[Event]:
    """Yield the events that withdraw the affected versions, without the names of reviewers."""
    detail = {"withdrawn": "the answers of one reviewer"}
    if article is not None:
        url = erasure.connection.scalar(select(articles.c.url).where(articles.c.id == article))
        detail = {"withdrawn": f"the article {url}", "article": article}
    removed = {f"{kind.type_name().lower()}s": len(ids) for kind, ids in erasure.ids.items() if ids}
    for version in affected:
        counts = {"examples": version.examples, "runs": list(version.runs), "removed": removed}
        if version.pairs:
            counts["pairs"] = version.pairs
        yield event(version.version, EventKind.WITHDRAWN, **detail, **counts)


def _delete(erasure: _Erasure) -> None:
    at = now()
    for kind, table in reversed(TABLES.items()):  # referencing records come first
        ids = erasure.ids[kind]
        if ids:
            rows = [{"id": id, "record": kind.type_name(), "at": at} for id in sorted(ids)]
            erasure.connection.execute(table.delete().where(among(table.c.id, ids)))
            erasure.connection.execute(erased.insert(), rows)


def _overwrite_free_space(store: Store, erasure: _Erasure) -> None:
    """Remove the deleted data from the write-ahead log and unused pages of the database."""
    with translate_errors(store.engine), store.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
            for kind in (kind for kind, ids in erasure.ids.items() if ids):
                autocommit.execute(text(f"VACUUM FULL {TABLES[kind].name}"))
        else:
            driver = connection.connection.driver_connection
            if driver is not None:
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
