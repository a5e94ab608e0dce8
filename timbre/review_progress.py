"""How far the review of a campaign is, and the reviews by which agreement is measured."""

from annotation.assignment import count_assignments
from annotation.connection import Connection
from annotation.progress import ReviewProgress, review_progress
from db.records import Candidate, Review
from db.store import Store
from timbre.campaign import Campaign
from timbre.reviewing import in_calibration


def independent_reviews(store: Store, campaign: Campaign, outputs: bool) -> list[Review]:
    """The current reviews of candidates or of comparisons, the adjudicator's left out."""
    datasets = (campaign.outputs_dataset,) if outputs else campaign.judged_datasets[:2]
    return list(store.current_reviews(dataset=datasets))


def campaign_progress(
    store: Store, campaign: Campaign, connection: Connection, outputs: bool
) -> ReviewProgress:
    """The progress of a campaign's datasets in Argilla, and of the reviewers in the store."""
    datasets = (campaign.outputs_dataset,) if outputs else campaign.judged_datasets
    reviews = independent_reviews(store, campaign, outputs)
    counts = {} if outputs else _assigned_counts(store, campaign)
    return review_progress(connection, datasets, reviews, counts, campaign.adjudication_dataset)


def _assigned_counts(store: Store, campaign: Campaign) -> dict[str, int]:
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
