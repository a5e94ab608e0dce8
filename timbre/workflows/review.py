"""Push candidates and comparisons to reviewers (people or rules), and pull their reviews."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from annotation.adjudication import adjudication_items, adjudication_settings
from annotation.argilla.accounts import UserRole
from annotation.argilla.connection import Connection
from annotation.argilla.datasets import dataset_names
from annotation.argilla.review_watcher import ReviewWatcher, WatchConfig
from annotation.argilla.webhooks import ChangedRecord
from annotation.assignment import assign_reviewers, count_assignments, in_calibration_set
from annotation.items import CandidateItem, ComparisonItem, Suggestion
from annotation.progress import ReviewProgress, review_progress
from annotation.pull import pull
from annotation.push import PushCount, push_candidates, push_comparisons
from annotation.rule_reviewers import RULE_REVIEWERS, review_by_rule
from annotation.submit import submit
from annotation.verdicts import verdicts
from db.events import now
from db.records import Article, Candidate, Comparison, Example, Output, Passage, Review
from db.reviews import Reconciliation, current_reviews, reconcile_reviews
from db.store import Store
from evaluation.measures.suggestions import suggest_answers
from evaluation.measures.tone import tone_measures
from pipelines.voices.persona import Persona
from timbre.argilla import add_reviewers, is_rule
from timbre.campaign import METADATA_MEASURES, Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings


def push(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push the campaign's candidates to its reviewers. Candidates from earlier pushes stay.

    The calibration share goes to a separate dataset without suggestions, in which each record has
    at least two reviewers.
    """
    settings, review = campaign.review_settings, campaign.review
    candidates = list(store.stream(Candidate, campaign=campaign.name))
    items = list(candidate_items(store, campaign, candidates))
    calibration = [item for item in items if in_calibration(item.candidate, campaign)]
    others = [item for item in items if not in_calibration(item.candidate, campaign)]
    assigned = list(_assign(others, review.annotators, review.overlap))
    count = push_candidates(
        connection, campaign.candidates_dataset, assigned, settings, on_progress
    )
    if not calibration:
        return count
    overlap = max(2, review.overlap)
    unsuggested = [replace(item, suggestions=()) for item in calibration]
    assigned = list(_assign(unsuggested, review.annotators, overlap))
    settings = replace(settings, overlap=overlap)
    return count + push_candidates(
        connection, campaign.calibration_dataset, assigned, settings, on_progress
    )


def push_outputs(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push the campaign's blind comparisons, which don't reveal which arm wrote an answer."""
    items = list(comparison_items(store, campaign))
    dataset, settings = campaign.outputs_dataset, campaign.review_settings
    return push_comparisons(connection, dataset, items, settings, on_progress)


def push_ties(
    store: Store, campaign: Campaign, connection: Connection, on_progress: ProgressCallback
) -> PushCount:
    """Push tied candidates to an adjudicator, together with the reviewers' answers.

    The adjudicator's decision is another review of the candidate, and it determines the verdict.
    Candidates from earlier pushes stay, whether or not they've been decided.
    """
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    decided = list(verdicts(reviews, campaign.verdict_rule))
    candidates = list(store.stream(Candidate, id=tuple(verdict.subject for verdict in decided)))
    items = adjudication_items(candidate_items(store, campaign, candidates), decided, reviews)
    adjudicators = (campaign.review.adjudicator,) if campaign.review.adjudicator else ()
    return push_candidates(
        connection,
        campaign.adjudication_dataset,
        list(_assign(items, adjudicators, 1)),
        adjudication_settings(campaign.review_settings),
        on_progress,
    )


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
    """Pull the reviews of records that webhooks reported."""
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
    """Return the current reviews of candidates or comparisons, except the adjudicator's."""
    datasets = (campaign.outputs_dataset,) if outputs else campaign.independent_datasets
    return list(current_reviews(store, dataset=datasets))


def campaign_progress(
    store: Store, campaign: Campaign, connection: Connection, outputs: bool
) -> ReviewProgress:
    """Return the progress of a campaign's datasets in Argilla and of its reviewers in the store."""
    datasets = (campaign.outputs_dataset,) if outputs else campaign.candidate_datasets
    reviews = independent_reviews(store, campaign, outputs)
    counts = {} if outputs else _assigned_counts(store, campaign)
    return review_progress(connection, datasets, reviews, counts, campaign.adjudication_dataset)


def add_rule_reviewers(settings: Settings, connection: Connection) -> tuple[Connection, ...]:
    """Return a connection for each rule's user, and create missing users."""
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
    return sum(
        submit(
            connection, dataset, [review_by_rule(i, rule, cues, scale) for i in items], on_progress
        )
        for rule, connection in zip(RULE_REVIEWERS, reviewers, strict=True)
    )


def in_calibration(candidate: Candidate, campaign: Campaign) -> bool:
    """Return whether a candidate is in the calibration set, which is used to measure agreement."""
    return in_calibration_set(candidate.id, campaign.name, campaign.review.calibration)


def candidate_items(
    store: Store, campaign: Campaign, candidates: Sequence[Candidate]
) -> Iterator[CandidateItem]:
    """Return candidates, each with its source, suggestions, sentence vector and measures."""
    from trainer.embed import embed  # imports torch, which takes seconds

    vectors = embed([candidate.review_text for candidate in candidates])
    for item, vector in zip(sourced_items(store, candidates), vectors, strict=True):
        measures = tone_measures(item.candidate.review_text)
        answers = suggest_answers(item.candidate, campaign.rating_rule)
        yield replace(
            item,
            suggestions=tuple(Suggestion(a.question, a.value, a.score, a.agent) for a in answers),
            vector=tuple(float(value) for value in vector),
            metadata=tuple((name, round(measures[name], 2)) for name in METADATA_MEASURES),
        )


def sourced_items(store: Store, candidates: Sequence[Candidate]) -> Iterator[CandidateItem]:
    """Return candidates with the passage and article that they come from."""
    passages = {p.id: p for p in store.stream(Passage, id=_ids(c.passage for c in candidates))}
    article_ids = _ids(passage.article for passage in passages.values())
    articles = {article.id: article for article in store.stream(Article, id=article_ids)}
    for candidate in candidates:
        passage = passages.get(candidate.passage or "")
        article = articles.get(passage.article) if passage else None
        yield CandidateItem(candidate=candidate, passage=passage, article=article)


def comparison_items(store: Store, campaign: Campaign) -> Iterator[ComparisonItem]:
    """Return the campaign's comparisons with the texts that reviewers see.

    Raises `StoreError` if one of the texts was erased.
    """
    for comparison in store.stream(Comparison, campaign=campaign.name):
        example = store.require(Example, comparison.prompt)
        passage = store.get(Passage, example.passage) if example.passage else None
        yield ComparisonItem(
            comparison=comparison,
            prompt_text=example.question,
            passage=passage.text if passage else "",
            left_text=store.require(Output, comparison.left).text,
            right_text=store.require(Output, comparison.right).text,
        )


def _assign(
    items: Iterable[CandidateItem], annotators: Sequence[str], overlap: int
) -> Iterator[CandidateItem]:
    for item in items:
        yield replace(item, reviewers=assign_reviewers(item.candidate.id, annotators, overlap))


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


def _ids(ids: Iterable[str | None]) -> tuple[str, ...]:
    return tuple({id for id in ids if id})
