"""The report of a campaign's newest run, put together from what the store holds."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from annotation.review import verdicts
from annotation.rules import RULE_REVIEWERS
from db.describe import describe
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
)
from db.store import Store
from db.versions import version_examples
from evaluation import content
from evaluation.arms import differences, ease_sweep, summarise
from evaluation.figures import LossPoint
from evaluation.pages import write_figures, write_whole
from evaluation.report import (
    AgreementRow,
    ArmAnswer,
    Attribution,
    LineageStep,
    ReportData,
    Reviewer,
    Setting,
    SideBySide,
    VersionFacts,
    figures,
    render,
)
from evaluation.verdict import Evidence, verdict
from timbre.agreeing import agreement_of
from timbre.aims import subject_of
from timbre.answering import run_outputs
from timbre.arms import BASE, TUNED
from timbre.campaign import Campaign
from timbre.comparing import PAIRS
from timbre.evidence import measured_arms, preferences_of, similarity_bounds, votes_of
from timbre.freezing import independent, verdict_rule
from timbre.judging import candidate_cards, vote_cards
from timbre.rating import judge_of, rating_cards
from timbre.runs import RunStatus
from timbre.settings import Settings, config_file
from timbre.stores import kept

_SHOWN = 6


def write_report(store: Store, campaign: Campaign, status: RunStatus, settings: Settings) -> Path:
    """Write the report of a finished run and return its path; the same contents write the same."""
    path = settings.reports / f"{campaign.name}-{status.run.id[:12]}.html"
    data = report_data(store, campaign, status, settings)
    write_whole(path, render(data))
    write_figures(figures(data), path.with_suffix(""))
    return path


def report_data(
    store: Store, campaign: Campaign, status: RunStatus, settings: Settings
) -> ReportData:
    """Everything that the report of a run shows."""
    version = kept(store, Version, status.run.version)
    outputs = run_outputs(store, campaign, status.run, settings)
    subject, judge = subject_of(campaign), judge_of(campaign)
    aim, target = subject.aim, subject.aim.feature
    rated = judge.features if judge else ()
    measured = measured_arms(store, outputs, aim, judge)
    summaries = tuple(summarise(arm, target, aim.trait_features, rated) for arm in measured)
    compared = differences(measured, PAIRS, (target, *content.FEATURES[:1], *aim.trait_features))
    votes = preferences_of(store, campaign, outputs)
    by_name = {summary.name: summary for summary in summaries}
    examples = list(version_examples(store, version))
    floor, ceiling = similarity_bounds(examples)
    evidence = Evidence(by_name.get(TUNED), by_name.get(BASE), compared, votes, target)
    reviews = list(store.current_reviews(dataset=campaign.judged_datasets))
    guesses = ((target.name, "The target"), *((f.name, f"The judge’s “{f.label}”") for f in rated))
    return ReportData(
        campaign=campaign.name,
        subject=subject.words,
        verdict=verdict(evidence),
        written_at=status.at,
        target=target,
        version=_version_facts(campaign, version, examples, reviews),
        agreement=tuple(_agreement(independent(campaign, reviews))),
        arms=summaries,
        differences=compared,
        sweep=ease_sweep(measured) if campaign.tone else (),
        floor=floor,
        ceiling=ceiling,
        preferences=votes,
        judges=(
            *candidate_cards(store, reviews, subject),
            *rating_cards(store, campaign, reviews, subject),
            *vote_cards(store, votes_of(store, campaign, outputs), measured, guesses),
        ),
        judge_kappa=campaign.gates.judge_kappa,
        losses=tuple(_losses(status)),
        training=tuple(_training(status)),
        examples=tuple(_side_by_side(store, outputs)),
        lineage=tuple(_lineage(store, outputs.get(TUNED, []))),
        configuration=tuple(_configuration(campaign, status.run)),
    )


def _version_facts(
    campaign: Campaign, version: Version, examples: list[Example], reviews: list[Review]
) -> VersionFacts:
    decided = Counter(v.decision for v in verdicts(reviews, verdict_rule(campaign)))
    return VersionFacts(
        version=version,
        articles=len({example.article for example in examples if example.article}),
        reviewers=tuple(_reviewers(reviews)),
        approved=decided[Decision.APPROVE],
        rejected=decided[Decision.REJECT],
        tied=decided[Decision.TIE],
    )


def _reviewers(reviews: Iterable[Review]) -> Iterator[Reviewer]:
    descriptions = {rule.name: rule.description for rule in RULE_REVIEWERS}
    counts = Counter((review.reviewer, review.reviewer_kind) for review in reviews)
    for (name, kind), count in sorted(counts.items()):
        yield Reviewer(name, kind, count, descriptions.get(name, ""))


def _agreement(reviews: list[Review]) -> Iterator[AgreementRow]:
    found = agreement_of(reviews)
    for row in found.questions:
        value = row.alpha if isinstance(row.alpha, Interval) else None
        yield AgreementRow(row.question, "all reviewers", "Krippendorff’s α", row.records, value)
    for pair in found.pairs:
        value = pair.kappa if isinstance(pair.kappa, Interval) else None
        between = f"{pair.first}, {pair.second}"
        yield AgreementRow(pair.question, between, "Cohen’s κ", pair.records, value)


def _losses(status: RunStatus) -> Iterator[LossPoint]:
    for step, loss in enumerate(status.detail["losses"], 1):
        yield LossPoint(step, train=loss)


def _training(status: RunStatus) -> Iterator[Setting]:
    told = status.detail
    yield Setting("Base model", f"{status.run.base} ({status.run.base_fingerprint[:12]})")
    yield Setting("Precision", f"{told['precision']}: {told['precision_reason']}")
    yield Setting("Device", str(told["device"]))
    yield Setting("Seconds", f"{told['seconds']:.0f}")
    yield Setting("Tokens per second", f"{told['tokens_per_second']:.0f}")
    yield Setting("Peak memory", f"{told['peak_memory_mb']:.0f} MB")
    yield Setting("Libraries", ", ".join(f"{n} {v}" for n, v in told["libraries"].items()))


def _side_by_side(store: Store, outputs: dict[str, list[Output]]) -> Iterator[SideBySide]:
    texts = {name: {o.prompt: o.text for o in found} for name, found in outputs.items()}
    answered = sorted(set.intersection(*(set(found) for found in texts.values())))
    for prompt in answered[:_SHOWN]:
        example = kept(store, Example, prompt)
        passage = store.get(Passage, example.passage) if example.passage else None
        yield SideBySide(
            question=example.question,
            answers=tuple(ArmAnswer(name, found[prompt]) for name, found in texts.items()),
            passage=passage.text if passage else "",
            reference=example.reference,
            source=_attribution(store, passage),
        )


def _lineage(store: Store, outputs: list[Output]) -> Iterator[LineageStep]:
    """One output of the tuned model walked back, the first of those that are shown."""
    if outputs:
        first = min(outputs, key=lambda output: output.prompt)
        yield from _steps(trace(store, first.id), 0)


def _steps(found: Lineage, depth: int) -> Iterator[LineageStep]:
    if found.record is None:
        yield LineageStep("record", found.id[:12], found.reason, depth=depth)
        return
    url = found.record.url if isinstance(found.record, Article) else ""
    noun = type(found.record).__name__.lower()
    yield LineageStep(noun, found.id[:12], describe(found.record), url, depth)
    for link in found.links:
        yield from _steps(link, depth + 1)


def _attribution(store: Store, passage: Passage | None) -> Attribution | None:
    article = store.get(Article, passage.article) if passage else None
    if article is None:
        return None
    return Attribution(article.title, article.url, article.revision, article.licence)


def _configuration(campaign: Campaign, run: Run) -> Iterator[Setting]:
    yield Setting("Training", json.dumps(json.loads(run.config), indent=1))
    if campaign.tone:
        yield Setting("Tone", config_file("tones", campaign.tone).read_text(encoding="utf-8"))
    else:
        persona = config_file("personas", campaign.persona)
        yield Setting("Persona", persona.read_text(encoding="utf-8"))
