"""Push candidates, blind comparisons and tied candidates to reviewers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from annotation.adjudication import adjudication_items, adjudication_settings
from annotation.argilla.connection import Connection
from annotation.assignment import assign_reviewers
from annotation.errors import AnnotationError
from annotation.items import CandidateItem, ComparisonItem
from annotation.push import (
    PushCount,
    push_candidates,
    push_comparisons,
    withdraw_unanswered,
)
from annotation.review_settings import Basis, ReviewSettings
from annotation.verdicts import verdicts
from db.events import event
from db.records import Candidate, EventKind
from db.reviews import current_reviews
from db.store import Store
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.workflows.review.items import candidate_items, comparison_items, in_calibration


def push(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push the campaign's candidates to its reviewers.

    The candidates used for calibration go to a separate dataset, without suggestions and with at
    least two reviewers per record. Texts based on passages, rewritten chats and imported chats go
    to separate datasets, because reviewers answer different questions about their facts.

    Raises `AnnotationError` if there is nothing to push.
    """
    settings, review = campaign.review_settings, campaign.review
    candidates = list(store.stream(Candidate, campaign=campaign.name))
    if not candidates:
        raise AnnotationError(
            f"“{campaign.name}” has no candidates to push. Generate some with `timbre generate "
            "CAMPAIGN`, or import chats with `timbre chats add`."
        )
    items = list(candidate_items(store, campaign, candidates))
    calibration = [item for item in items if in_calibration(item.candidate, campaign)]
    others = [item for item in items if not in_calibration(item.candidate, campaign)]
    unsuggested = [replace(item, suggestions=()) for item in calibration]
    overlap = max(2, review.overlap)
    return _push_by_basis(
        _Push(store, campaign, connection, campaign.candidates_dataset, settings, on_progress),
        _assign(others, review.annotators, review.overlap),
    ) + _push_by_basis(
        _Push(
            *(store, campaign, connection, campaign.calibration_dataset),
            *(replace(settings, overlap=overlap), on_progress),
        ),
        _assign(unsuggested, review.annotators, overlap),
    )


def push_outputs(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push the campaign's blind comparisons, which hide which arm wrote which answer.

    Raises `AnnotationError` if there is nothing to push.
    """
    items = list(comparison_items(store, campaign))
    if not items:
        raise AnnotationError(
            f"“{campaign.name}” has no comparisons to push. Make some with `timbre evaluate RUN "
            f"--campaign {campaign.name}`."
        )
    settings = campaign.review_settings
    target = _Push(store, campaign, connection, campaign.outputs_dataset, settings, on_progress)
    return _push_by_basis(target, items)


def push_ties(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push tied candidates to an adjudicator, together with the reviewers' answers.

    The adjudicator's decision is stored as another review, and it determines the verdict.
    Candidates from earlier pushes stay in the adjudication dataset, even after a decision.
    """
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    decided = list(verdicts(reviews, campaign.verdict_rule))
    candidates = list(store.stream(Candidate, id=tuple(verdict.subject for verdict in decided)))
    items = adjudication_items(candidate_items(store, campaign, candidates), decided, reviews)
    adjudicators = (campaign.review.adjudicator,) if campaign.review.adjudicator else ()
    settings = adjudication_settings(campaign.review_settings)
    target = _Push(
        store, campaign, connection, campaign.adjudication_dataset, settings, on_progress
    )
    return _push_by_basis(target, _assign(items, adjudicators, 1))


@dataclass(frozen=True)
class _Push:
    """A dataset of a campaign to push records to, and its review settings."""

    store: Store
    campaign: Campaign
    connection: Connection
    dataset: str
    settings: ReviewSettings
    on_progress: ProgressCallback


def _push_by_basis(target: _Push, items: Iterable[CandidateItem | ComparisonItem]) -> PushCount:
    """Push each record to the dataset for its basis, but leave answered records where they are."""
    campaign, connection = target.campaign, target.connection
    common, *others = campaign.bases
    groups: dict[Basis, list[CandidateItem | ComparisonItem]] = {b: [] for b in campaign.bases}
    for item in items:
        groups[item.basis if others else common].append(item)
    elsewhere = [_subject(item) for basis in others for item in groups[basis]]
    answered = withdraw_unanswered(connection, target.dataset, elsewhere) if elsewhere else ()
    for basis in others:
        groups[common] += [item for item in groups[basis] if _subject(item) in answered]
        groups[basis] = [item for item in groups[basis] if _subject(item) not in answered]
    count = PushCount(0, 0)
    for basis, group in groups.items():
        if not group:
            continue
        name = campaign.dataset_for(target.dataset, basis)
        settings = replace(target.settings, basis=basis)
        if candidates := [item for item in group if isinstance(item, CandidateItem)]:
            count += push_candidates(connection, name, candidates, settings, target.on_progress)
        if comparisons := [item for item in group if isinstance(item, ComparisonItem)]:
            count += push_comparisons(connection, name, comparisons, settings, target.on_progress)
        _record_push(target.store, name, len(group))
    return count


def _record_push(store: Store, dataset: str, records: int) -> None:
    """Record how many records a dataset has, so that `timbre status` works without Argilla."""
    new = event(dataset, EventKind.PUSHED, records=records)
    last = next(reversed(list(store.events(dataset))), None)
    if last is None or last.detail != new.detail:
        store.add([new])


def _subject(item: CandidateItem | ComparisonItem) -> str:
    record = item.candidate if isinstance(item, CandidateItem) else item.comparison
    return record.id


def _assign(
    items: Iterable[CandidateItem], annotators: Sequence[str], overlap: int
) -> Iterator[CandidateItem]:
    for item in items:
        yield replace(item, reviewers=assign_reviewers(item.candidate.id, annotators, overlap))
