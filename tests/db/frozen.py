"""A store with approved candidates, and versions frozen of them."""

from collections.abc import Sequence

from db.records import Candidate, Record
from db.store import Store
from db.versions import Approved, FreezePlan
from tests.db.made import article, conversation, passage, review, verdict

PLAN = FreezePlan(name="first", campaign="tone", salt="pepper")


def judge(store: Store, pages: Sequence[int], each: int = 2, revision: str = "1") -> list[Approved]:
    """Put approved candidates of some articles into a store."""
    made: list[Approved] = []
    records: list[Record] = []
    for number in pages:
        page = article(number, revision)
        for position in range(each):
            part = passage(page, position)
            judged, said = judgement(conversation(part, position), page.id)
            made.append(judged)
            records += [page, part, *said]
    store.add(records)
    return made


def approve(
    store: Store, candidate: Candidate, page: str | None, *before: Record, edit: str | None = None
) -> Approved:
    """Put one approved candidate into a store, after what it refers to."""
    judged, said = judgement(candidate, page, edit)
    store.add([*before, *said])
    return judged


def judgement(
    candidate: Candidate, page: str | None, edit: str | None = None
) -> tuple[Approved, list[Record]]:
    """A candidate that two people approve, the second with an edit, and the records of that."""
    first = review(candidate.id, "ada")
    second = review(candidate.id, "grace", edited=edit)
    ruling = verdict(first, second, text=edit)
    return (candidate, ruling, page), [candidate, first, second, ruling]
