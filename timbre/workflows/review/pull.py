"""Pull reviews, watch for new reviews, and measure the progress of reviewing."""

from collections.abc import Callable, Iterable, Iterator

from annotation.argilla.connection import Connection
from annotation.argilla.datasets import dataset_names
from annotation.argilla.review_watcher import ReviewWatcher, WatchConfig
from annotation.argilla.webhooks import ChangedRecord
from annotation.assignment import count_assignments
from annotation.progress import ReviewProgress, review_progress
from annotation.pull import pull
from db.events import now
from db.records import (
    Candidate,
    Review,
)
from db.reviews import Reconciliation, current_reviews, reconcile_reviews
from db.store import Store
from timbre.argilla import is_rule
from timbre.campaign import Campaign
from timbre.workflows.review.items import in_calibration

_EXCERPT = 60


def pull_reviews(store: Store, dataset: str, connection: Connection) -> Reconciliation:
    """Pull the new, changed and deleted reviews of a dataset into the store."""
    return reconcile_reviews(store, dataset, pull(connection, dataset, is_rule), now())


def pull_campaign(
    store: Store, campaign: Campaign, connection: Connection
) -> Iterator[tuple[str, Reconciliation]]:
    """Pull the reviews from each of the campaign's datasets that exists in Argilla."""
    existing = dataset_names(connection)
    for dataset in campaign.datasets:
        if dataset in existing:
            yield dataset, pull_reviews(store, dataset, connection)


def pull_changed(
    store: Store, dataset: str, connection: Connection, changed: Iterable[ChangedRecord]
) -> Reconciliation:
    """Pull the reviews of records whose changes webhooks have reported."""
    ours = {record for record in changed if record.dataset == dataset}
    reviews = pull(connection, dataset, is_rule, sorted(record.record for record in ours))
    subjects = frozenset(record.subject for record in ours)
    return reconcile_reviews(store, dataset, reviews, now(), subjects)


def review_watcher(
    store: Store,
    campaign: Campaign,
    connection: Connection,
    on_message: Callable[[str], None],
    config: WatchConfig,
) -> ReviewWatcher:
    """Create a watcher that keeps the campaign's reviews in the store up to date."""

    def report(dataset: str, count: Reconciliation, trigger: str) -> None:
        if count.new or count.changed or count.deleted:
            on_message(
                f"{dataset}: {count.new} new, {count.changed} changed, {count.deleted} deleted "
                f"reviews ({trigger})"
            )

    def pull_all() -> None:
        for dataset, count in pull_campaign(store, campaign, connection):
            report(dataset, count, "full pull")

    def pull_records(records: set[ChangedRecord]) -> None:
        for dataset in campaign.datasets:
            if any(record.dataset == dataset for record in records):
                report(dataset, pull_changed(store, dataset, connection, records), "webhook")

    return ReviewWatcher(connection, campaign.name, pull_all, pull_records, on_message, config)


def independent_reviews(store: Store, campaign: Campaign, outputs: bool) -> list[Review]:
    """Return the current reviews of candidates or comparisons, except the adjudicator's reviews."""
    outputs_datasets = campaign.datasets_of(campaign.outputs_dataset)
    datasets = outputs_datasets if outputs else campaign.independent_datasets
    return list(current_reviews(store, dataset=datasets))


def reviewed_texts(store: Store, subjects: list[str]) -> dict[str, str]:
    """How each of some reviewed candidates begins, by its id."""
    candidates = store.get_many(Candidate, subjects).values()
    texts = {c.id: " ".join(c.review_text.split()) for c in candidates}
    return {id: f"{t[:_EXCERPT]}…" if len(t) > _EXCERPT else t for id, t in texts.items()}


def campaign_progress(
    store: Store, campaign: Campaign, connection: Connection, outputs: bool
) -> ReviewProgress:
    """Return the progress of a campaign's datasets in Argilla and of its reviewers in the store."""
    outputs_datasets = campaign.datasets_of(campaign.outputs_dataset)
    datasets = outputs_datasets if outputs else campaign.candidate_datasets
    reviews = independent_reviews(store, campaign, outputs)
    counts = {} if outputs else _assigned_counts(store, campaign)
    adjudication = campaign.datasets_of(campaign.adjudication_dataset)
    return review_progress(connection, datasets, reviews, counts, adjudication)


def _assigned_counts(store: Store, campaign: Campaign) -> dict[str, int]:
    """Count the records assigned to each annotator, if the campaign names annotators."""
    review = campaign.review
    if not review.annotators:
        return {}
    overlaps = {
        candidate.id: max(2, review.overlap)
        if in_calibration(candidate, campaign)
        else review.overlap
        for candidate in store.stream(Candidate, campaign=campaign.name)
    }
    return count_assignments(overlaps, review.annotators)
