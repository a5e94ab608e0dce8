"""Find the reviews that currently count, and bring a dataset's reviews up to date.

A stored review never changes. The latest SUBMITTED or DELETED event among a reviewer's reviews of
a subject decides which of them counts. So an answer may change and change back, or be deleted and
submitted again, and every earlier answer is still stored.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from db.errors import StoreError
from db.records import Event, EventKind, Review, canonical
from db.sql.rows import insert, without_erased
from db.sql.tables import events, reviews


@dataclass(frozen=True)
class Reconciliation:
    """How many reviews of a dataset were new, changed, deleted and unchanged; erased ones aside."""

    new: int
    changed: int
    deleted: int
    unchanged: int


def current(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], dataset: str | None = None
) -> list[Row[tuple[str, str, str]]]:
    """The id, subject and reviewer of each review that currently counts, oldest first.

    A review without an event counts until it gets one. With a dataset, only reviews and events of
    that dataset are considered.
    """
    is_relevant: ColumnElement[bool] = events.c.kind.in_(
        [EventKind.SUBMITTED.value, EventKind.DELETED.value]
    )
    if dataset is not None:
        is_relevant = and_(is_relevant, events.c.detail == _detail(dataset))
    last = (
        select(events.c.subject, func.max(events.c.seq).label("seq"))
        .where(is_relevant)
        .group_by(events.c.subject)
        .subquery()
    )
    order = (func.coalesce(last.c.seq, 0).desc(), reviews.c.seq.desc())
    ranked = (
        select(
            reviews.c.id,
            events.c.kind,
            func.row_number()
            .over(partition_by=(reviews.c.subject, reviews.c.reviewer), order_by=order)
            .label("rank"),
        )
        .select_from(reviews)
        .outerjoin(last, last.c.subject == reviews.c.id)
        .outerjoin(events, events.c.seq == last.c.seq)
    )
    if dataset is not None:
        ranked = ranked.where((events.c.seq.is_not(None)) | (reviews.c.dataset == dataset))
    row = ranked.subquery()
    counts = and_(row.c.rank == 1, func.coalesce(row.c.kind, "") != EventKind.DELETED.value)
    query = (
        select(reviews.c.id, reviews.c.subject, reviews.c.reviewer)
        .join(row, row.c.id == reviews.c.id)
        .where(counts, *conditions)
        .order_by(reviews.c.seq)
    )
    return list(connection.execute(query))


def reconcile(
    connection: Connection,
    dataset: str,
    pulled: Sequence[Review],
    at: str,
    subjects: frozenset[str] | None = None,
) -> Reconciliation:
    """Make the current reviews of a dataset (or of some subjects) the pulled ones.

    Raises `StoreError` if a reviewer has two reviews of one subject, or if `at` was used before.
    """
    keys = {(review.subject, review.reviewer) for review in pulled}
    if len(keys) != len(pulled):
        raise StoreError(
            f"{dataset}: a reviewer has two answers to one record. Look at the dataset in Argilla."
        )
    stored = {(row.subject, row.reviewer): row.id for row in current(connection, (), dataset)}
    allowed = {(r.subject, r.reviewer): r for r in without_erased(connection, Review, pulled)}
    changes = {key: review for key, review in allowed.items() if stored.get(key) != review.id}
    deletions = [
        id
        for key, id in stored.items()
        if key not in keys and (subjects is None or key[0] in subjects)
    ]
    insert(connection, changes.values())
    kinds = [(review.id, EventKind.SUBMITTED) for review in changes.values()]
    kinds += [(id, EventKind.DELETED) for id in deletions]
    new_events = insert(
        connection,
        (Event(subject=id, kind=kind, at=at, detail=_detail(dataset)) for id, kind in kinds),
    )
    if new_events != len(kinds):
        raise StoreError(f"{dataset} was already pulled at {at}. Pull again.")
    changed = sum(key in stored for key in changes)
    return Reconciliation(
        new=len(changes) - changed,
        changed=changed,
        deleted=len(deletions),
        unchanged=len(allowed) - len(changes),
    )


def _detail(dataset: str) -> str:
    return canonical({"dataset": dataset})
