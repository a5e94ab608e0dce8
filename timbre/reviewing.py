"""Candidates and comparisons out to reviewers, their reviews back into the store."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.adjudication import adjudication_items, adjudication_settings
from annotation.assignment import assigned, is_set_apart
from annotation.connect import Connection
from annotation.datasets import dataset_names
from annotation.items import CandidateItem, ComparisonItem
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from annotation.review import verdicts
from annotation.webhooks import Touched
from db.events import now
from db.records import Candidate, Comparison, Example, Output, Passage
from db.reviews import Reconciled
from db.store import Store
from timbre.accounts import is_rule
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.freezing import verdict_rule
from timbre.review_items import candidate_items
from timbre.review_settings import review_settings
from timbre.stores import kept


def push(store: Store, campaign: Campaign, connection: Connection, advance: Advance) -> PushCount:
    """Put the campaign's candidates before its reviewers; what is there already stays.

    A share may be set apart for calibration: in a dataset of its own, without suggestions, for at
    least two reviewers each.
    """
    settings, review = review_settings(campaign), campaign.review
    items = list(candidate_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    apart = [item for item in items if in_calibration(item.candidate, campaign)]
    others = [item for item in items if not in_calibration(item.candidate, campaign)]
    handed = list(_handed(others, review.annotators, review.overlap))
    pushed = push_candidates(connection, campaign.candidates_dataset, handed, settings, advance)
    if not apart:
        return pushed
    overlap = max(2, review.overlap)
    bare = [replace(item, suggestions=()) for item in apart]
    handed = list(_handed(bare, review.annotators, overlap))
    settings = replace(settings, overlap=overlap)
    return pushed + push_candidates(
        connection, campaign.calibration_dataset, handed, settings, advance
    )


def in_calibration(candidate: Candidate, campaign: Campaign) -> bool:
    """Whether a candidate is one of those by which the campaign's reviewers are compared."""
    return is_set_apart(candidate.id, campaign.name, campaign.review.calibration)


def _handed(
    items: Iterable[CandidateItem], annotators: Sequence[str], overlap: int
) -> Iterator[CandidateItem]:
    for item in items:
        yield replace(item, reviewers=assigned(item.candidate.id, annotators, overlap))


def push_blind(
    store: Store, campaign: Campaign, connection: Connection, advance: Advance
) -> PushCount:
    """Put the campaign's comparisons before its reviewers, with nothing of who wrote a side."""
    items = [
        comparison_item(store, comparison)
        for comparison in store.stream(Comparison, campaign=campaign.name)
    ]
    return push_comparisons(
        connection, campaign.outputs_dataset, items, review_settings(campaign), advance
    )


def push_ties(
    store: Store, campaign: Campaign, connection: Connection, advance: Advance
) -> PushCount:
    """Put what the campaign's reviewers are divided on before an adjudicator, with what they said.

    The adjudicator's decision is another review of the same candidate, and settles it. What was
    put there before stays, settled or not.
    """
    reviews = list(store.current_reviews(dataset=campaign.judged_datasets))
    decided = list(verdicts(reviews, verdict_rule(campaign)))
    candidates = list(store.stream(Candidate, id=tuple(verdict.subject for verdict in decided)))
    items = adjudication_items(candidate_items(store, candidates), decided, reviews)
    named = (campaign.review.adjudicator,) if campaign.review.adjudicator else ()
    return push_candidates(
        connection,
        campaign.adjudication_dataset,
        list(_handed(items, named, 1)),
        adjudication_settings(review_settings(campaign)),
        advance,
    )


def pull_reviews(store: Store, dataset: str, connection: Connection) -> Reconciled:
    """Bring what reviewers say now into the store: new, changed and deleted reviews."""
    reviews = pull(connection, dataset, is_rule)
    return store.reconcile_reviews(dataset, reviews, now())


def pull_campaign(
    store: Store, campaign: Campaign, connection: Connection
) -> Iterator[tuple[str, Reconciled]]:
    """Bring what reviewers say now in each of the campaign's datasets that are there."""
    there = dataset_names(connection)
    for dataset in campaign.datasets:
        if dataset in there:
            yield dataset, pull_reviews(store, dataset, connection)


def pull_touched(
    store: Store, dataset: str, connection: Connection, touched: Iterable[Touched]
) -> Reconciled:
    """Bring what reviewers say now of the records that a webhook named into the store."""
    ours = {one for one in touched if one.dataset == dataset}
    records = sorted(one.record for one in ours)
    reviews = pull(connection, dataset, is_rule, records)
    subjects = frozenset(one.subject for one in ours)
    return store.reconcile_reviews(dataset, reviews, now(), subjects)


def comparison_item(store: Store, comparison: Comparison) -> ComparisonItem:
    """A comparison with the texts that a page of review shows.

    Raises `StoreError` if one of the texts was erased.
    """
    example = kept(store, Example, comparison.prompt)
    passage = store.get(Passage, example.passage) if example.passage else None
    return ComparisonItem(
        comparison=comparison,
        prompt_text=example.question,
        passage=passage.text if passage else "",
        left_text=kept(store, Output, comparison.left).text,
        right_text=kept(store, Output, comparison.right).text,
    )
