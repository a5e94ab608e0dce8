"""Review with written rules through Argilla's API, as users who are marked as rules."""

from collections.abc import Sequence
from dataclasses import replace

from annotation.argilla.accounts import UserRole
from annotation.argilla.connection import Connection
from annotation.items import CandidateItem, ComparisonItem
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from db.records import Candidate
from db.store import Store
from pipelines.voices.persona import Persona
from timbre.argilla import add_reviewers
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings
from timbre.workflows.review import comparison_items, sourced_items


def add_rule_reviewers(settings: Settings, connection: Connection) -> tuple[Connection, ...]:
    """A connection for each rule's user, which is created if it doesn't exist."""
    names = [rule.name for rule in RULE_REVIEWERS]
    accounts = add_reviewers(settings, connection, names, UserRole.ANNOTATOR)
    return tuple(replace(connection, api_key=account.api_key) for account in accounts)


def review_candidates(
    store: Store,
    campaign: Campaign,
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    """Let each rule review the campaign's candidates; returns how many reviews are new."""
    items = list(sourced_items(store, list(store.stream(Candidate, campaign=campaign.name))))
    return _submit(campaign, campaign.candidates_dataset, items, reviewers, on_progress)


def review_comparisons(
    store: Store,
    campaign: Campaign,
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    """Let each rule compare the campaign's blind pairs; returns how many reviews are new."""
    items = list(comparison_items(store, campaign))
    return _submit(campaign, campaign.outputs_dataset, items, reviewers, on_progress)


def _submit(
    campaign: Campaign,
    dataset: str,
    items: Sequence[CandidateItem | ComparisonItem],
    reviewers: Sequence[Connection],
    on_progress: ProgressCallback,
) -> int:
    voice = campaign.voice
    traits = voice.traits if isinstance(voice, Persona) else ()
    cues = tuple((trait.name, trait.markers) for trait in traits)
    return sum(
        submit(connection, dataset, [review_by_rule(i, rule, cues) for i in items], on_progress)
        for rule, connection in zip(RULE_REVIEWERS, reviewers, strict=True)
    )
