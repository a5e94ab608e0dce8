"""Reviews by written rules, through Argilla's API, as users who are marked as rules."""

from collections.abc import Sequence
from dataclasses import replace

from annotation.accounts import UserRole
from annotation.connect import Connection
from annotation.items import CandidateItem, ComparisonItem
from annotation.rules import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.records import Candidate, Comparison
from db.store import Store
from timbre.accounts import add_reviewers
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.review_items import sourced_items
from timbre.review_settings import trait_cues
from timbre.reviewing import comparison_item
from timbre.settings import Settings


def add_rule_reviewers(settings: Settings, connection: Connection) -> tuple[Connection, ...]:
    """The rules' users, made where they are not there yet, as connections of their own."""
    names = [rule.name for rule in RULE_REVIEWERS]
    accounts = add_reviewers(settings, connection, names, UserRole.ANNOTATOR)
    return tuple(replace(connection, api_key=account.api_key) for account in accounts)


def review_candidates(
    store: Store, campaign: Campaign, reviewers: Sequence[Connection], advance: Advance
) -> int:
    """Let each rule review every candidate of the campaign; says how many reviews are new."""
    items = list(sourced_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    return _review(campaign, campaign.candidates_dataset, items, reviewers, advance)


def review_comparisons(
    store: Store, campaign: Campaign, reviewers: Sequence[Connection], advance: Advance
) -> int:
    """Let each rule compare the campaign's blind pairs; says how many reviews are new."""
    comparisons = store.stream(Comparison, campaign=campaign.name)
    items = [comparison_item(store, comparison) for comparison in comparisons]
    return _review(campaign, campaign.outputs_dataset, items, reviewers, advance)


def _review(
    campaign: Campaign,
    dataset: str,
    items: Sequence[CandidateItem | ComparisonItem],
    reviewers: Sequence[Connection],
    advance: Advance,
) -> int:
    cues = trait_cues(campaign)
    return sum(
        submit(connection, dataset, [review_by_rule(i, rule, cues) for i in items], advance)
        for rule, connection in zip(RULE_REVIEWERS, reviewers, strict=True)
    )
