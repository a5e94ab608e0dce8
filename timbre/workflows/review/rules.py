"""Submit reviews made by written rules instead of by people."""

from collections.abc import Sequence
from dataclasses import replace

from annotation.argilla.accounts import UserRole
from annotation.argilla.connection import Connection
from annotation.items import CandidateItem, ComparisonItem
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.records import (
    Candidate,
)
from db.store import Store
from pipelines.voices.persona import Persona
from timbre.argilla import add_reviewers
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings
from timbre.workflows.review.items import comparison_items, sourced_items


def add_rule_reviewers(settings: Settings, connection: Connection) -> tuple[Connection, ...]:
    """Create a user for each rule if necessary, and return a connection for each of these users."""
    names = [rule.name for rule in RULE_REVIEWERS]
    accounts = add_reviewers(settings, connection, names, UserRole.ANNOTATOR)
    return tuple(replace(connection, api_key=account.api_key) for account in accounts)


def review_candidates_by_rules(
    store: Store,
    campaign: Campaign,
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    """Review the campaign's candidates with each rule, and return the number of new reviews."""
    items = list(sourced_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    return _submit_rule_reviews(
        campaign, campaign.candidates_dataset, items, reviewers, on_progress
    )


def review_comparisons_by_rules(
    store: Store,
    campaign: Campaign,
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    """Review the campaign's blind pairs with each rule, and return the number of new reviews."""
    items = list(comparison_items(store, campaign))
    return _submit_rule_reviews(campaign, campaign.outputs_dataset, items, reviewers, on_progress)


def _submit_rule_reviews(
    campaign: Campaign,
    dataset: str,
    items: Sequence[CandidateItem | ComparisonItem],
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    voice = campaign.voice
    traits = voice.traits if isinstance(voice, Persona) else ()
    cues = tuple((trait.name, trait.markers) for trait in traits)
    scale = campaign.review_settings.ratings
    common, *others = campaign.bases
    groups = [
        (b, [i for i in items if (i.basis if others else common) is b]) for b in (common, *others)
    ]
    return sum(
        submit(
            connection,
            campaign.dataset_for(dataset, basis),
            [review_by_rule(item, rule, cues, scale) for item in group],
            on_progress,
        )
        for rule, connection in zip(RULE_REVIEWERS, reviewers, strict=True)
        for basis, group in groups
        if group
    )
