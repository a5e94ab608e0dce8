"""Advise whether to fine-tune, by comparing the tuned arm with the best prompted arm.

The decision rule was fixed before anything was measured. Tuning is recommended if the tuned arm
meets the target more often and a loss of similarity beyond the margin is ruled out. Prompting is
recommended if the confidence interval rules out that tuning raises the target rate by more than
`WORTH`, or if tuning loses content. If the evidence supports neither tuning nor prompting, the
recommendation is `undecided`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from db.records import Interval
from evaluation.arms import ArmSummary, Difference
from evaluation.measures.content import SIMILARITY
from evaluation.statistics import Outcome, is_non_inferior, outcome
from evaluation.verdict import SIMILARITY_MARGIN, percent, points, signed_interval

WORTH = 0.05
FEWEST = 6
"""The minimum number of prompts for a decision; with fewer, the p-value always exceeds 0.05."""
_FACTS = ("numbers_kept", "names_kept")


class Recommendation(StrEnum):
    """What the comparison recommends: tuning, prompting, or neither."""

    TUNE = "fine-tune"
    PROMPT = "keep prompting"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Rivals:
    """The tuned arm, the best prompted arm, and their differences in target rate and similarity."""

    tuned: ArmSummary
    prompted: ArmSummary
    target: Difference | None
    similarity: Difference | None

    @classmethod
    def of(
        cls, tuned: ArmSummary, prompted: ArmSummary, differences: Iterable[Difference], target: str
    ) -> "Rivals":
        """Pair a tuned with a prompted arm, and find their differences in target and similarity."""
        pair = (tuned.name, prompted.name)
        by_feature = {d.feature.name: d for d in differences if (d.first, d.second) == pair}
        return cls(tuned, prompted, by_feature.get(target), by_feature.get(SIMILARITY.name))


@dataclass(frozen=True)
class Advice:
    """A recommendation with its reason.

    `more_prompts` is how many additional prompts would allow a decision, or None if that's unknown.
    """

    recommendation: Recommendation
    reason: str
    more_prompts: int | None = None

    @property
    def sentence(self) -> str:
        """The recommendation and its reason as text."""
        return f"{self.recommendation.value.capitalize()}. {self.reason}"


def advise(rivals: Rivals, margin: float = SIMILARITY_MARGIN) -> Advice:
    """Recommend fine-tuning or prompting, based on how the tuned and prompted arms differ."""
    difference = rivals.target
    if difference is None:
        return _undecided("The two arms have fewer than two prompts in common.")
    gap, rates = difference.interval, _rates(rivals, difference.interval)
    if difference.n < FEWEST:
        reason = f"{difference.n} prompts are too few to show a difference ({FEWEST} are needed)"
        return _undecided(f"{reason}: {rates}.", FEWEST - difference.n)
    if outcome(gap) is Outcome.LOWER:
        return _prompt(f"Prompting meets the target more often: {rates}.")
    if outcome(gap) is Outcome.UNDECIDED:
        if gap.high < WORTH:
            return _prompt(f"A gain of {100 * WORTH:.0f} points or more is ruled out: {rates}.")
        more = _needed(gap, 0.0, difference.n)
        return _undecided(f"There may be no difference: {rates}.{_more(more)}", more)
    return _weigh_content(rivals, f"Tuning meets the target more often: {rates}", margin)


def _weigh_content(rivals: Rivals, gain: str, margin: float) -> Advice:
    """Recommend tuning only if the gain in the target doesn't come with a loss of content."""
    difference = rivals.similarity
    if difference is None:
        reason = f"{gain}. Content was not measured, because the prompts have no references."
        return Advice(Recommendation.TUNE, reason)
    change = difference.interval
    content = f"similarity changed by {signed_interval(change)}, with a margin of {margin:g}"
    if is_non_inferior(change, margin):
        return Advice(Recommendation.TUNE, f"{gain}, and the content is kept: {content}.")
    if change.high < -margin:
        return _prompt(f"{gain}, but content is lost: {content}.")
    more = _needed(change, -margin, difference.n)
    reason = f"{gain}, but it is undecided whether the content is kept: {content}.{_more(more)}"
    return _undecided(reason, more)


def knowledge_notice(best: ArmSummary, grounded: float) -> str:
    """Return a notice if the best arm's answers lose most names and numbers, otherwise "".

    `grounded` is the share of prompts that include a passage.
    """
    means = [m.value.estimate for m in best.content if m.feature.name in _FACTS and m.value]
    share = sum(means) / len(means) if means else 1.0
    if share >= 0.5:
        return ""
    lost = f"Even “{best.label}” keeps only {percent(share)} of the references’ names and numbers"
    if grounded < 0.5:
        return (
            f"{lost}, and the prompts have no passage: the model lacks knowledge, not tone. "
            "Retrieve passages and include them in the prompt (RAG)."
        )
    return (
        f"{lost}, although the prompts contain the passage: the model doesn’t use what it reads. "
        "Retrieval wouldn’t fix that; a more capable base model might."
    )


def break_even(fixed: float, prompted: float, tuned: float) -> int | None:
    """The number of answers after which tuning pays off, or None if tuned answers aren't cheaper.

    `fixed` is the cost of tuning; `prompted` and `tuned` are the costs per answer.
    """
    return ceil(fixed / (prompted - tuned)) if tuned < prompted else None


def best_arm(arms: Sequence[ArmSummary]) -> ArmSummary | None:
    """The arm that meets the target most often, or None if no arms were measured."""
    measured = [arm for arm in arms if arm.target]
    return max(measured, key=lambda arm: arm.target.estimate if arm.target else 0.0, default=None)


def _prompt(reason: str) -> Advice:
    return Advice(Recommendation.PROMPT, reason)


def _undecided(reason: str, more_prompts: int | None = None) -> Advice:
    return Advice(Recommendation.UNDECIDED, reason, more_prompts)


def _rates(rivals: Rivals, gap: Interval) -> str:
    arms = (rivals.tuned, rivals.prompted)
    tuned, prompted = (percent(arm.target.estimate) if arm.target else "–" for arm in arms)
    return (
        f"{tuned} with “{rivals.tuned.label}” against {prompted} with the best prompting strategy, "
        f"“{rivals.prompted.label}”, a difference of {points(gap)}"
    )


def _needed(interval: Interval, bound: float, n: int) -> int | None:
    """Estimate how many more prompts would narrow an interval enough to exclude a bound.

    The calculation assumes that the width of an interval shrinks with the square root of the number
    of prompts. Returns None if the interval's estimate equals the bound.
    """
    distance = interval.estimate - bound
    low, high = interval.estimate - interval.low, interval.high - interval.estimate
    side = low if distance > 0 else high
    return max(1, ceil(n * (side / distance) ** 2) - n) if abs(distance) > 1e-9 else None


def _more(more_prompts: int | None) -> str:
    if more_prompts is None:
        return " These estimates don't show how many more prompts would settle the question."
    return (
        f" If the estimate stays the same, about {more_prompts:,} more prompts would settle the "
        "question."
    )
