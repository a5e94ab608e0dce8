"""Write the report on a run of a campaign."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from annotation.agreement.measurement import answered_questions, measure_agreement
from annotation.rule_reviewers import RULE_REVIEWERS
from annotation.verdicts import verdicts
from db.descriptions import describe
from db.lineage import Lineage, trace
from db.records import (
    Article,
    Decision,
    Example,
    Interval,
    Output,
    Passage,
    Review,
    Run,
    Version,
    plain,
)
from db.reviews import current_reviews
from db.runs import RunStatus
from db.store import Store
from db.versions.contents import version_examples
from evaluation.arms import compare_arms, reading_ease_sweep, summarise
from evaluation.measures.content import SIMILARITY
from evaluation.pages.figures import LossPoint
from evaluation.pages.indicators import headline
from evaluation.pages.page import write_atomically, write_figures
from evaluation.pages.report import (
    AgreementRow,
    LineageStep,
    ReportData,
    Reviewer,
    Setting,
    SideBySide,
    VersionFacts,
    render_report,
    report_figures,
)
from evaluation.verdict import Evidence, verdict
from pipelines.voices.tone import Tone
from timbre.campaign import Campaign
from timbre.settings import Settings
from timbre.workflows.answer import BASE, PAIRS, PROMPTED, TUNED, run_outputs
from timbre.workflows.evaluate import (
    measured_arms,
    preferences_between,
    ratings_of,
    similarity_bounds,
    votes_on,
)
from timbre.workflows.judge import candidate_cards, judge_of, rating_cards, vote_cards

_EXAMPLES = 6
"""The number of prompts whose answers are shown side by side."""


def write_report(store: Store, campaign: Campaign, status: RunStatus, settings: Settings) -> Path:
    """Write the report on a finished run. The same data always produces the same page.

    Returns the path of the page.
    """
    path = settings.report(campaign.name, status.run.id)
    outputs = run_outputs(store, campaign, status.run, settings)
    data = report_data(store, campaign, status, outputs)
    write_atomically(path, render_report(data))
    write_figures(report_figures(data), path.with_suffix(""))
    return path


def report_data(
    store: Store, campaign: Campaign, status: RunStatus, outputs: dict[str, list[Output]]
) -> ReportData:
    """Collect the data for the report on a run."""
    version = store.require(Version, status.run.version)
    judge, criterion = judge_of(campaign), campaign.criterion
    judged = judge.features if judge else ()
    target, traits = (criterion.feature, criterion.part_features) if criterion else (None, ())
    measured = measured_arms(store, outputs, criterion, judge)
    arms = tuple(summarise(arm, target, traits, judged) for arm in measured)
    targets = (target,) if target else ()
    differences = compare_arms(measured, PAIRS, (*targets, SIMILARITY, *traits))
    votes = preferences_between(store, campaign, outputs)
    by_name = {arm.name: arm for arm in arms}
    examples = list(version_examples(store, version))
    floor, ceiling = similarity_bounds(examples)
    ratings = ratings_of(store, campaign, outputs)
    evidence = Evidence(
        by_name.get(TUNED), by_name.get(BASE), differences, votes, target, ratings=ratings
    )
    reviews = list(current_reviews(store, dataset=campaign.candidate_datasets))
    independent = [r for r in reviews if r.dataset in campaign.independent_datasets]
    predictors = [(feature.name, "The target") for feature in targets]
    predictors += [(f.name, f"The judge’s “{f.label}”") for f in judged]
    return ReportData(
        campaign=campaign.name,
        subject=campaign.subject,
        verdict=verdict(evidence),
        headline=headline(evidence, by_name.get(PROMPTED)) if TUNED in by_name else None,
        written_at=status.at,
        target=target,
        version=_version_facts(campaign, version, examples, reviews),
        agreement=tuple(_agreement_rows(independent, campaign.review_settings.ratings)),
        arms=arms,
        differences=differences,
        sweep=reading_ease_sweep(measured) if isinstance(campaign.voice, Tone) else (),
        floor=floor,
        ceiling=ceiling,
        preferences=votes,
        ratings=ratings,
        scale=_scale(campaign),
        judges=(
            *candidate_cards(store, campaign, reviews),
            *rating_cards(store, campaign, reviews),
            *vote_cards(store, votes_on(store, campaign, outputs), measured, predictors),
        ),
        judge_kappa=campaign.gates.judge_kappa,
        losses=tuple(_losses(status)),
        training=tuple(_training_settings(status)),
        examples=tuple(_side_by_side(store, outputs)),
        lineage=tuple(_lineage(store, outputs.get(TUNED, []))),
        configuration=tuple(_configuration(campaign, status.run)),
    )


def _scale(campaign: Campaign) -> str:
    """Return the rating question for a tone with both ends of its scale, or "" for a persona."""
    settings = campaign.review_settings
    if not settings.scale:
        return ""
    ends = "; ".join(f"{p.value}: {p.label}" for p in (settings.scale[0], settings.scale[-1]))
    return f"{settings.scale_question} ({ends})"


def _version_facts(
    campaign: Campaign, version: Version, examples: list[Example], reviews: list[Review]
) -> VersionFacts:
    decisions = Counter(v.decision for v in verdicts(reviews, campaign.verdict_rule))
    return VersionFacts(
        version=version,
        articles=len({example.article for example in examples if example.article}),
        reviewers=tuple(_reviewers(reviews)),
        approved=decisions[Decision.APPROVE],
        rejected=decisions[Decision.REJECT],
        tied=decisions[Decision.TIE],
    )


def _reviewers(reviews: Iterable[Review]) -> Iterator[Reviewer]:
    descriptions = {rule.name: rule.description for rule in RULE_REVIEWERS}
    counts = Counter((review.reviewer, review.reviewer_kind) for review in reviews)
    for (name, kind), count in sorted(counts.items()):
        yield Reviewer(name, kind, count, descriptions.get(name, ""))


def _agreement_rows(reviews: list[Review], ratings: Sequence[int]) -> Iterator[AgreementRow]:
    agreement = measure_agreement(reviews, answered_questions(reviews), ratings=ratings)
    for row in agreement.questions:
        value = row.alpha if isinstance(row.alpha, Interval) else None
        yield AgreementRow(row.question, "all reviewers", "Krippendorff’s α", row.records, value)
    for pair in agreement.pairs:
        value = pair.kappa if isinstance(pair.kappa, Interval) else None
        between = f"{pair.first}, {pair.second}"
        yield AgreementRow(pair.question, between, "Cohen’s κ", pair.records, value)


def _losses(status: RunStatus) -> Iterator[LossPoint]:
    for step, loss in enumerate(status.detail["losses"], 1):
        yield LossPoint(step, train=loss)


def _training_settings(status: RunStatus) -> Iterator[Setting]:
    details = status.detail
    yield Setting("Base model", f"{status.run.base} ({status.run.base_fingerprint[:12]})")
    yield Setting("Precision", f"{details['precision']}: {details['precision_reason']}")
    yield Setting("Device", str(details["device"]))
    yield Setting("Seconds", f"{details['seconds']:.0f}")
    yield Setting("Tokens per second", f"{details['tokens_per_second']:.0f}")
    yield Setting("Peak memory", f"{details['peak_memory_mb']:.0f} MB")
    yield Setting("Libraries", ", ".join(f"{n} {v}" for n, v in details["libraries"].items()))


def _side_by_side(store: Store, outputs: dict[str, list[Output]]) -> Iterator[SideBySide]:
    texts = {name: {o.prompt: o.text for o in arm} for name, arm in outputs.items()}
    answered = sorted(set.intersection(*(set(answers) for answers in texts.values())))
    for prompt in answered[:_EXAMPLES]:
        example = store.require(Example, prompt)
        passage = store.get(Passage, example.passage) if example.passage else None
        yield SideBySide(
            question=example.question,
            answers={name: answers[prompt] for name, answers in texts.items()},
            passage=passage.text if passage else "",
            reference=example.reference,
            source=store.get(Article, passage.article) if passage else None,
        )


def _lineage(store: Store, outputs: list[Output]) -> Iterator[LineageStep]:
    """Yield the steps of the lineage of the tuned model's first answer."""
    if outputs:
        first = min(outputs, key=lambda output: output.prompt)
        yield from _steps(trace(store, first.id), 0)


def _steps(lineage: Lineage, depth: int) -> Iterator[LineageStep]:
    record = lineage.record
    if record is None:
        yield LineageStep("record", lineage.id[:12], lineage.reason, depth=depth)
        return
    url = record.url if isinstance(record, Article) else ""
    noun = type(record).__name__.lower()
    yield LineageStep(noun, lineage.id[:12], describe(record), url, depth)
    for link in lineage.links:
        yield from _steps(link, depth + 1)


def _configuration(campaign: Campaign, run: Run) -> Iterator[Setting]:
    yield Setting("Training", json.dumps(json.loads(run.config), indent=1))
    name = "Tone" if isinstance(campaign.voice, Tone) else "Persona"
    yield Setting(name, json.dumps(plain(campaign.voice), indent=1, ensure_ascii=False))
