"""Which reviews count now, and how a dataset's reviews are brought up to date.

A review is never changed. Its SUBMITTED and DELETED events, in the order in which they were
appended, say whether it is what a reviewer says of a subject now: so an answer may change and
change back, be deleted and come again, and everything that was once said is still there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from db.errors import StoreError
from db.records import Event, EventKind, Review, canonical
from db.rows import allowed, insert
from db.tables import events, reviews


@dataclass(frozen=True)
class Reconciled:
    """How many of a dataset's reviews were new, changed, deleted since, and as they were.

    What was erased on request is counted nowhere.
    """

    new: int
    changed: int
    deleted: int
    unchanged: int


def current(
    connection: Connection, conditions: Sequence[ColumnElement[bool]], dataset: str | None = None
) -> list[Row[tuple[str, str, str]]]:
    """Id, subject and reviewer of each review that counts now, oldest first.

    The latest event of any of a reviewer's reviews of a subject decides. A review without an
    event counts until one comes. With a dataset, only what happened in that dataset is looked at.
    """
    happened: list[ColumnElement[bool]] = [
        events.c.kind.in_([EventKind.SUBMITTED.value, EventKind.DELETED.value])
    ]
    if dataset is not None:
        happened.append(events.c.detail == _detail(dataset))
    last = (
        select(events.c.subject, func.max(events.c.seq).label("seq"))
        .where(*happened)
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
            .label("place"),
        )
        .select_from(reviews)
        .outerjoin(last, last.c.subject == reviews.c.id)
        .outerjoin(events, events.c.seq == last.c.seq)
    )
    if dataset is not None:
        ranked = ranked.where((events.c.seq.is_not(None)) | (reviews.c.dataset == dataset))
    found = ranked.subquery()
    counts = and_(found.c.place == 1, func.coalesce(found.c.kind, "") != EventKind.DELETED.value)
    query = (
        select(reviews.c.id, reviews.c.subject, reviews.c.reviewer)
        .join(found, found.c.id == reviews.c.id)
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
) -> Reconciled:
    """Append what makes a dataset's current reviews (of some subjects) those that were pulled.

    Raises `StoreError` if a reviewer has two reviews of one subject, or if `at` was used before.
    """
    now = {(review.subject, review.reviewer): review for review in pulled}
    if len(now) != len(pulled):
        raise StoreError(
            f"found two answers of one reviewer to one record of {dataset}, expected one each; "
            "look at the dataset in Argilla"
        )
    kept = {(r.subject, r.reviewer): r for r in allowed(connection, Review, pulled)}
    held = {(row.subject, row.reviewer): row.id for row in current(connection, (), dataset)}
    fresh = {key: review for key, review in kept.items() if held.get(key) != review.id}
    deleted = [
        id
        for key, id in held.items()
        if key not in now and (subjects is None or key[0] in subjects)
    ]
    insert(connection, fresh.values())
    happened = [(review.id, EventKind.SUBMITTED) for review in fresh.values()]
    happened += [(id, EventKind.DELETED) for id in deleted]
    appended = insert(
        connection,
        (Event(subject=id, kind=kind, at=at, detail=_detail(dataset)) for id, kind in happened),
    )
    if appended != len(happened):
        raise StoreError(
            f"found a pull of {dataset} at {at} already, expected a later time; pull again"
        )
    changed = sum(key in held for key in fresh)
    return Reconciled(len(fresh) - changed, changed, len(deleted), len(kept) - len(fresh))


def _detail(dataset: str) -> str:
    return canonical({"dataset": dataset})
