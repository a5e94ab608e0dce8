"""Add approved candidates to a store, to freeze versions of them."""

from collections.abc import Sequence

from db.records import Article, Candidate, Pair, Record, Review
from db.store import Store
from db.versions.freeze import Approval, FreezePlan
from db.versions.splits import split_of
from tests.db.records import article, conversation, pair, passage, review, verdict

PLAN = FreezePlan(name="first", campaign="tone", salt="pepper")


def add_approvals(
    store: Store, pages: Sequence[int], each: int = 2, revision: str = "1"
) -> list[Approval]:
    """Add approved conversations from some articles, `each` per article."""
    approvals: list[Approval] = []
    records: list[Record] = []
    for number in pages:
        page = article(number, revision)
        for position in range(each):
            part = passage(page, position)
            approval, its_records = _approval(conversation(part, position), page.id)
            approvals.append(approval)
            records += [page, part, *its_records]
    store.add(records)
    return approvals


def approve(
    store: Store, candidate: Candidate, page: str | None, *parents: Record, edit: str | None = None
) -> Approval:
    """Add one approved candidate after its parents."""
    approval, records = _approval(candidate, page, edit)
    store.add([*parents, *records])
    return approval


def approved_pairs(store: Store, approvals: Sequence[Approval]) -> list[Pair]:
    """A pair of each approved conversation: its edit, or its answer before the rewrite."""
    pairs = []
    for candidate, decision, page in approvals:
        reviews = store.get_many(Review, decision.reviews).values()
        source = store.require(Article, page).url if page else candidate.id
        split = split_of(source, PLAN.salt, PLAN.splits)
        pairs.append(pair(candidate, *reviews, split=split, article=page, chosen=decision.text))
    return pairs


def _approval(
    candidate: Candidate, page: str | None, edit: str | None = None
) -> tuple[Approval, list[Record]]:
    """A candidate that two people approve, the second one with an edit, and all its records."""
    first = review(candidate.id, "ada")
    second = review(candidate.id, "grace", edited=edit)
    decision = verdict(first, second, text=edit)
    return Approval(candidate, decision, page), [candidate, first, second, decision]
