"""Find the current reviews, and update the stored reviews after a pull from Argilla.

Stored reviews never change. For each reviewer and subject, the latest SUBMITTED or DELETED event
decides which review counts. Reviewers can change an answer and change it back, or delete it and
submit it again, and all earlier answers remain stored.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from db.errors import StoreError
from db.records import Event, EventKind, Review, canonical
from db.sql.rows import batches, conditions, insert, without_erased
from db.sql.tables import events, reviews
from db.store import Store

_BATCH = 2000


@dataclass(frozen=True)
class Reconciliation:
    """The numbers of new, changed, deleted and unchanged reviews, not counting erased ones."""

    new: int
    changed: int
    deleted: int
    unchanged: int


def current_reviews(store: Store, **where: object) -> Iterator[Review]:
    """Yield each reviewer's latest review of each subject, leaving out deleted reviews."""
    with store.reading() as connection:
        rows = _current(connection, conditions(reviews, where))
    for batch in batches(rows, _BATCH):
        yield from store.stream(Review, id=tuple(row.id for row in batch))


def reconcile_reviews(
    store: Store,
    dataset: str,
    pulled: Iterable[Review],
    at: str,
    subjects: frozenset[str] | None = None,
) -> Reconciliation:
    """Update the stored reviews of a dataset to match the reviews pulled from Argilla.

    `pulled` must contain all reviews of the dataset (or of the given subjects). A new or changed
    answer is added as a review with a SUBMITTED event; a stored review that wasn't pulled gets a
    DELETED event. If reading from `pulled` fails, the store isn't changed.

    Raises `StoreError` if a reviewer has two reviews of the same subject, or if an earlier pull of
    this dataset has the same timestamp `at` (ISO 8601, UTC).
    """
    complete = list(pulled)
    keys = {(review.subject, review.reviewer) for review in complete}
    if len(keys) != len(complete):
        raise StoreError(
            f"A reviewer answered the same record of {dataset} twice, so the reviews can't be "
            "stored. Delete one of the responses in Argilla and pull again."
        )
    with store.writing() as connection:
        stored = {(row.subject, row.reviewer): row.id for row in _current(connection, (), dataset)}
        allowed = {(r.subject, r.reviewer): r for r in without_erased(connection, Review, complete)}
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
            raise StoreError(
                f"An earlier pull of {dataset} has the same timestamp ({at}), so this pull wasn't "
                "stored. Pull again."
            )
    changed = sum(key in stored for key in changes)
    return Reconciliation(
        new=len(changes) - changed,
        changed=changed,
        deleted=len(deletions),
        unchanged=len(allowed) - len(changes),
    )


def _current(
    connection: Connection, where: Sequence[ColumnElement[bool]], dataset: str | None = None
) -> list[Row[tuple[str, str, str]]]:
    """Return the id, subject and reviewer of each current review, oldest first.

    A review without any events is treated as current. If you pass a dataset, only its reviews and
    events are considered.
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
        .where(counts, *where)
        .order_by(reviews.c.seq)
    )
    return list(connection.execute(query))


def _detail(dataset: str) -> str:
    return canonical({"dataset": dataset})
