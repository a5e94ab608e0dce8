"""The report: an HTML page with the results of a campaign and the evidence for them.

The page is self-contained (styles, charts and their data) and has no scripts, so code in a model's
answer can't run. The page says which parts of the report are missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from db.records import Article, Interval, ReviewerKind, Version
from evaluation.arms import DIFFERENCES_NOTE, ArmSummary, Difference, SweepPoint
from evaluation.judge_cards import JudgeCard
from evaluation.measures import content, tone
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.pages.charts import PRINT, Figure
from evaluation.pages.figures import (
    LossPoint,
    loss_figure,
    reading_ease_figure,
    similarity_figure,
    strengths_figure,
    target_figure,
    votes_figure,
)
from evaluation.pages.indicators import Headline
from evaluation.pages.page import printable, render_figure, template_environment
from evaluation.preferences import Preferences
from evaluation.reviewer_ratings import ArmRating
from evaluation.verdict import NO_CRITERION, review_notice

_FIGURES = ("target", "sweep", "similarity", "votes", "strengths", "loss")


@dataclass(frozen=True)
class Reviewer:
    """A reviewer: either a person, or a written rule with a description."""

    name: str
    kind: ReviewerKind
    reviews: int
    description: str = ""


@dataclass(frozen=True)
class VersionFacts:
    """The dataset version used for training, with its reviewers and their decisions."""

    version: Version
    articles: int
    reviewers: tuple[Reviewer, ...] = ()
    approved: int = 0
    rejected: int = 0
    tied: int = 0


@dataclass(frozen=True)
class AgreementRow:
    """The agreement between reviewers on one question; `value` is None if it's undefined."""

    question: str
    between: str
    measure: str
    records: int
    value: Interval | None


@dataclass(frozen=True)
class SideBySide:
    """A held-out prompt with its passage, its plain reference and each arm's answer."""

    question: str
    answers: Mapping[str, str]
    passage: str = ""
    reference: str = ""
    source: Article | None = None


@dataclass(frozen=True)
class LineageStep:
    """A record on the path from an output to its sources; `depth` sets its indentation."""

    noun: str
    id: str
    text: str
    url: str = ""
    depth: int = 0


@dataclass(frozen=True)
class Setting:
    """A setting with its name and value, or a configuration with its name and full text."""

    name: str
    value: str


@dataclass(frozen=True)
class ReportData:
    """Everything that a report shows; missing parts are empty or None.

    `subject` names the tone or persona, such as `the tone “conversational”`. `written_at` is an ISO
    8601 timestamp. `target` is the feature that says whether an answer meets the criterion, or None
    if the campaign has no criterion. `ratings` are answers to the tone question in blind
    comparisons, and `scale` says what each rating means. A judge is labelled “diagnostic only” if
    the lower bound of its kappa is below `judge_kappa`. `training` describes the run (base model,
    precision, device, timings). `lineage` traces one output back to its article and reviewers.
    `configuration` contains the text of the run's config files.
    """

    campaign: str
    subject: str
    verdict: str
    written_at: str
    headline: Headline | None = None
    target: Feature | None = CONVERSATIONAL
    version: VersionFacts | None = None
    agreement: tuple[AgreementRow, ...] = ()
    arms: tuple[ArmSummary, ...] = ()
    differences: tuple[Difference, ...] = ()
    sweep: tuple[SweepPoint, ...] = ()
    floor: Interval | None = None
    ceiling: Interval | None = None
    preferences: Preferences | None = None
    ratings: tuple[ArmRating, ...] = ()
    scale: str = ""
    judges: tuple[JudgeCard, ...] = ()
    judge_kappa: float = 0.4
    losses: tuple[LossPoint, ...] = ()
    training: tuple[Setting, ...] = ()
    examples: tuple[SideBySide, ...] = ()
    lineage: tuple[LineageStep, ...] = ()
    configuration: tuple[Setting, ...] = ()


def report_figures(data: ReportData) -> tuple[Figure, ...]:
    """The figures of the report in page order, leaving out empty ones."""
    figures = (
        target_figure(data.arms, data.target),
        reading_ease_figure(data.arms, data.sweep),
        similarity_figure(data.arms, data.floor, data.ceiling),
        votes_figure(data.arms, data.preferences),
        strengths_figure(data.arms, data.preferences),
        loss_figure(data.losses),
    )
    return tuple(figure for figure in figures if figure)


def render_report(data: ReportData) -> str:
    """Render the report as one self-contained HTML page."""
    page = template_environment().get_template("report.html.jinja")
    data = replace(data, arms=tuple(_with_printable_label(arm) for arm in data.arms))
    return page.render(
        data=data,
        notice=review_notice(data.version.version.reviewer_kinds if data.version else ()),
        vote_notice=review_notice(data.preferences.kinds if data.preferences else ()),
        figures=dict.fromkeys(_FIGURES)
        | {f.caption.name: render_figure(f) for f in report_figures(data)},
        labels={arm.name: arm.label for arm in data.arms},
        places={arm.name: place % len(PRINT.series) for place, arm in enumerate(data.arms)},
        features=(*tone.FEATURES, *content.FEATURES),
        differences_note=DIFFERENCES_NOTE,
        no_criterion=NO_CRITERION,
    )


def _with_printable_label(arm: ArmSummary) -> ArmSummary:
    return replace(arm, label=str(printable(arm.label)))
