"""The indicators at the top of a report: the tone, the content, and whether a prompt would do.

Each indicator answers a question with yes, no or undecided. An answer is undecided if its 95 %
interval contains the bound, whatever the estimate.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from db.records import Interval
from evaluation.arms import ArmSummary
from evaluation.measures.content import SIMILARITY
from evaluation.statistics import Outcome, is_non_inferior, more_to_decide, outcome
from evaluation.verdict import Evidence, percent, points, signed_interval, tuned_wins

_MOST_PROMPTS = 5_000
"""The largest number of additional prompts that is worth suggesting."""


class Standing(StrEnum):
    """The answer to an indicator's question."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "undecided"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Indicator:
    """A question about a run, its answer, and the figures behind the answer."""

    question: str
    standing: Standing
    detail: str


@dataclass(frozen=True)
class Headline:
    """The indicators of a run, and advice on whether to use it."""

    tone: Indicator
    content: Indicator
    prompting: Indicator

    @property
    def indicators(self) -> tuple[Indicator, Indicator, Indicator]:
        """All indicators in the order of the page."""
        return self.tone, self.content, self.prompting

    @property
    def advice(self) -> str:
        """What to do with the run, in one or two sentences."""
        if self.tone.standing is Standing.NO:
            return "Don’t use the tuned model, because it is less on target than the base model."
        if self.content.standing is Standing.NO:
            return (
                "Don’t use the tuned model yet, because its answers lose content. Train on "
                "examples that keep more of it, or for fewer steps."
            )
        if self.prompting.standing is Standing.YES and self.content.standing is not Standing.YES:
            return (
                "The tuned model gets further than a prompt. Before you use it, check whether its "
                "answers keep the content, because the figures don’t show it."
            )
        return _ADVICE[self.prompting.standing]


_ADVICE = {
    Standing.YES: "Use the tuned model: a prompt alone doesn’t get as far.",
    Standing.NO: "Use the prompt: it gets further than tuning did.",
    Standing.UNDECIDED: "Use the prompt until more held-out prompts or examples show a difference.",
    Standing.NOT_MEASURED: (
        "It isn’t known whether a prompt would do. Set `system_prompt` in [evaluate] and answer "
        "again, or let reviewers compare the answers."
    ),
}


def headline(evidence: Evidence, prompted: ArmSummary | None) -> Headline:
    """Answer the three questions from the comparisons with the base model and the prompted one."""
    return Headline(
        tone=_gain(_tone_question(evidence), evidence, evidence.baseline),
        content=_content(evidence),
        prompting=_gain("Better than prompting?", evidence, prompted),
    )


def _tone_question(evidence: Evidence) -> str:
    target = evidence.target
    return f"More {target.label.lower()} than the base?" if target else "Preferred to the base?"


def _gain(question: str, evidence: Evidence, other: ArmSummary | None) -> Indicator:
    """Whether the tuned arm beats another by the criterion, or by votes if there is none."""
    if evidence.target is None:
        return _votes(question, evidence, other)
    difference = evidence.difference(evidence.target.name, other) if other else None
    if difference is None:
        return Indicator(question, Standing.NOT_MEASURED, "The answers were not compared.")
    standing = _STANDINGS[difference.outcome]
    detail = points(difference.interval)
    if standing is Standing.UNDECIDED:
        detail += (
            f" on {difference.n} prompts. {_suggest_prompts(difference.n, difference.interval)}"
        )
    return Indicator(question, standing, detail)


def _votes(question: str, evidence: Evidence, other: ArmSummary | None) -> Indicator:
    won = tuned_wins(evidence, other)
    if won is None:
        return Indicator(question, Standing.NOT_MEASURED, "Nobody compared the answers.")
    rate, votes = won
    share = f"{percent(rate.estimate)} of {votes} blind comparisons won"
    detail = f"{share} ({percent(rate.low)} to {percent(rate.high)})"
    return Indicator(question, _STANDINGS[outcome(rate, 0.5)], detail)


def _content(evidence: Evidence) -> Indicator:
    question = "Content kept?"
    change = evidence.difference(SIMILARITY.name)
    if change is None:
        return Indicator(question, Standing.NOT_MEASURED, "Similarity was not measured.")
    if is_non_inferior(change.interval, evidence.margin):
        standing = Standing.YES
    else:
        is_lost = change.interval.high < -evidence.margin
        standing = Standing.NO if is_lost else Standing.UNDECIDED
    detail = f"Similarity to the reference {signed_interval(change.interval)}"
    return Indicator(question, standing, f"{detail}; margin {evidence.margin:g}")


def _suggest_prompts(n: int, interval: Interval) -> str:
    more = more_to_decide(n, interval)
    if more is None or more > _MOST_PROMPTS:
        return "The difference is too small for more prompts to decide."
    rounded = ceil(more / 10) * 10
    return f"About {rounded:,} more prompts would decide, if the difference stays the same."


_STANDINGS = {
    Outcome.HIGHER: Standing.YES,
    Outcome.LOWER: Standing.NO,
    Outcome.UNDECIDED: Standing.UNDECIDED,
}
