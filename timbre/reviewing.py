"""Candidates and comparisons out to reviewers, their reviews back into the store."""

from annotation.connect import Connection
from annotation.items import ComparisonItem
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from db.events import now
from db.records import Candidate, Comparison, Example, Output, Passage
from db.reviews import Reconciled
from db.store import Store
from timbre.accounts import rule_reviewers
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.review_settings import review_settings
from timbre.stores import kept
from timbre.suggestions import candidate_items


def push(store: Store, campaign: Campaign, connection: Connection, advance: Advance) -> PushCount:
    """Put the campaign's candidates before its reviewers; what is there already stays."""
    candidates = list(store.stream(Candidate, campaign=campaign.name))
    return push_candidates(
        connection,
        campaign.candidates_dataset,
        list(candidate_items(store, candidates)),
        review_settings(campaign),
        advance,
    )


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


def pull_reviews(store: Store, dataset: str, connection: Connection) -> Reconciled:
    """Bring what reviewers say now into the store: new, changed and deleted reviews."""
    reviews = pull(connection, dataset, rule_reviewers(connection))
    return store.reconcile_reviews(dataset, reviews, now())


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
