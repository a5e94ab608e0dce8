"""Report which steps of a campaign are done and which one is next, based on the database alone."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from annotation.verdicts import DECISION, verdicts
from db.records import (
    Article,
    Candidate,
    Comparison,
    Decision,
    EventKind,
    Output,
    Passage,
    Review,
    ReviewStatus,
    Version,
)
from db.reviews import current_reviews
from db.runs import RunStatus, newest_finished, version_runs
from db.store import Store
from pipelines.articles.sources import source_name
from timbre.campaign import Campaign
from timbre.console import count_noun
from timbre.settings import Settings


@dataclass(frozen=True)
class Step:
    """A step of a campaign: whether it's done, its details, and the command that performs it."""

    name: str
    is_done: bool
    detail: str
    command: str


@dataclass(frozen=True)
class _Progress:
    """A campaign with its store and settings; `name` identifies it on the command line."""

    store: Store
    campaign: Campaign
    settings: Settings
    name: str


def campaign_steps(
    store: Store, campaign: Campaign, settings: Settings, name: str
) -> tuple[Step, ...]:
    """Return every step of a campaign in order; `name` is how commands refer to the campaign."""
    progress = _Progress(store, campaign, settings, name)
    return tuple(
        step for steps in (_material_steps, _review_steps, _model_steps) for step in steps(progress)
    )


def next_command(steps: tuple[Step, ...]) -> str:
    """Return the command for the first unfinished step after the last finished step.

    If the last step is finished, the next step is an unfinished earlier one, such as the review of
    candidates that were added later.
    """
    done = max((n for n, step in enumerate(steps) if step.is_done), default=-1)
    ordered = (*steps[done + 1 :], *steps[: done + 1])
    return next((step.command for step in ordered if not step.is_done), steps[-1].command)


def _material_steps(progress: _Progress) -> Iterator[Step]:
    store, campaign, name = progress.store, progress.campaign, progress.name
    sources = tuple(map(source_name, campaign.sources))
    where: dict[str, object] = {"source": sources} if sources else {}
    articles = tuple(article.id for article in store.stream(Article, **where))
    passages = store.count(Passage, article=articles) if articles else 0
    candidates = store.count(Candidate, campaign=campaign.name)
    material = [f"{count_noun(len(articles), 'article')} with {count_noun(passages, 'passage')}"]
    if not articles and campaign.sources:
        material = [f"nothing read yet from {', '.join(campaign.sources)}"]
    if campaign.chats:
        chats = count_noun(len(campaign.chats), "file") + " of chats"
        material = [*(material if campaign.sources else ()), chats]
    has_material = bool(passages or candidates or campaign.chats)
    is_named = bool(campaign.sources or campaign.chats)
    add = f"timbre check {name}" if is_named else "timbre articles add SOURCE"
    yield Step("material", has_material, ", ".join(material), add)
    detail = count_noun(candidates, "candidate")
    yield Step("candidates", candidates > 0, detail, f"timbre generate {name}")


def _review_steps(progress: _Progress) -> Iterator[Step]:
    store, campaign, name = progress.store, progress.campaign, progress.name
    total = store.count(Candidate, campaign=campaign.name)
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    pushed = pushed_records(store, campaign.independent_datasets)
    pushed = max(pushed, len({review.subject for review in reviews}))
    detail = f"{pushed} of {total} candidates are in Argilla"
    yield Step("push", 0 < total <= pushed, detail, f"timbre review push {name}")
    answered = Counter(
        review.subject
        for review in reviews
        if review.status is ReviewStatus.DISCARDED or review.answer(DECISION) is not None
    )
    complete = sum(count >= campaign.review.overlap for count in answered.values())
    waiting = "" if complete >= total else f"; waiting for {_reviewers(campaign, reviews)}"
    needed = count_noun(campaign.review.overlap, "review")
    detail = f"{complete} of {total} candidates have {needed}{waiting}"
    yield Step("review", 0 < total <= complete, detail, f"timbre review pull {name}")
    decisions = Counter(v.decision for v in verdicts(reviews, campaign.verdict_rule))
    version = _newest_version(store, campaign)
    detail = (
        f"“{version.name}” {version.id[:12]} has {version.split_counts} examples"
        + (f"; {version.override_notice}" if version.override else "")
        if version
        else f"{decisions[Decision.APPROVE]} approved, {decisions[Decision.REJECT]} rejected, "
        f"{decisions[Decision.TIE]} tied; at least {campaign.gates.approved} must be approved"
    )
    override = "" if campaign.measures_agreement else ' --override "one reviewer per record"'
    yield Step("freeze", version is not None, detail, f"timbre version freeze {name}{override}")


def _model_steps(progress: _Progress) -> Iterator[Step]:
    store, campaign, name = progress.store, progress.campaign, progress.name
    version = _newest_version(store, campaign)
    status = newest_finished(version_runs(store, version)) if version else None
    place = version.id[:12] if version else "VERSION"
    perform = f"timbre run perform {place} --campaign {name}"
    detail = f"run {status.run.id[:12]} on {status.run.base}" if status else "no finished run"
    yield Step("train", status is not None, detail, perform)
    outputs = store.count(Output, run=status.run.id) if status else 0
    comparisons = _comparisons(store, campaign, status)
    detail = f"{outputs} answers of the tuned model, {len(comparisons)} blind comparisons"
    yield Step("answer", bool(outputs and comparisons), detail, perform)
    yield from _comparison_steps(progress, comparisons)
    report = progress.settings.report(campaign.name, status.run.id) if status else None
    is_written = report is not None and report.is_file()
    detail = str(report) if is_written else "not written"
    yield Step("report", is_written, detail, f"timbre report {name}")


def _comparison_steps(progress: _Progress, comparisons: set[str]) -> Iterator[Step]:
    store, campaign, name = progress.store, progress.campaign, progress.name
    datasets, total = campaign.datasets_of(campaign.outputs_dataset), len(comparisons)
    reviews = [r for r in current_reviews(store, dataset=datasets) if r.subject in comparisons]
    pushed = max(pushed_records(store, datasets), len({review.subject for review in reviews}))
    detail = f"{min(pushed, total)} of {total} comparisons are in Argilla"
    push = f"timbre review push {name} --outputs"
    yield Step("push outputs", 0 < total <= pushed, detail, push)
    counts = Counter(review.subject for review in reviews)
    complete = sum(count >= campaign.review.overlap for count in counts.values())
    waiting = "" if complete >= total else f"; waiting for {_reviewers(campaign, reviews)}"
    needed = count_noun(campaign.review.overlap, "review")
    detail = f"{complete} of {total} comparisons have {needed}{waiting}"
    yield Step("compare", 0 < total <= complete, detail, f"timbre review pull {name}")


def pushed_records(store: Store, datasets: tuple[str, ...]) -> int:
    """Return the total number of records in the last pushes to these datasets."""
    return sum(_pushed(store, dataset) for dataset in datasets)


def _pushed(store: Store, dataset: str) -> int:
    pushes = [e for e in store.events(dataset) if e.kind is EventKind.PUSHED]
    return int(json.loads(pushes[-1].detail)["records"]) if pushes else 0


def _reviewers(campaign: Campaign, reviews: list[Review]) -> str:
    """Name the reviewers with their review counts, or say how many reviewers a record needs."""
    counts = Counter(review.reviewer for review in reviews)
    names = campaign.review.annotators or tuple(sorted(counts))
    if not names:
        return count_noun(campaign.review.overlap, "reviewer")
    return ", ".join(f"{name} ({counts[name]} done)" for name in names)


def _newest_version(store: Store, campaign: Campaign) -> Version | None:
    return next(reversed(list(store.stream(Version, campaign=campaign.name))), None)


def _comparisons(store: Store, campaign: Campaign, status: RunStatus | None) -> set[str]:
    """Return the ids of comparisons that include an answer of the run."""
    if status is None:
        return set()
    outputs = {output.id for output in store.stream(Output, run=status.run.id)}
    return {
        pair.id
        for pair in store.stream(Comparison, campaign=campaign.name)
        if {pair.left, pair.right} & outputs
    }
