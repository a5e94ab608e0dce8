"""Should one tune at all? The tuned model against the best way of prompting, in plain words.

The rule was set before anything was measured: tuning is advised where it is shown to meet the
target more often, and not to lose more similarity than the margin; prompting where a gain of more
than `WORTH` can be ruled out, or content is shown to be lost; otherwise nothing is decided.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from db.records import Interval
from evaluation.arms import ArmSummary, Difference
from evaluation.statistics import Outcome, is_non_inferior, outcome
from evaluation.verdict import SIMILARITY_MARGIN, percent, points

WORTH = 0.05
FEWEST = 6
"""With fewer prompts nothing is decided: even if all fell one way, the exact p was above 0.05."""
_FACTS = ("numbers_kept", "names_kept")


class Recommendation(StrEnum):
    """What is advised."""

    TUNE = "fine-tune"
    PROMPT = "keep prompting"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Rivals:
    """The tuned arm, the best prompted one, and their differences in target and similarity."""

    tuned: ArmSummary
    prompted: ArmSummary
    target: Difference | None
    similarity: Difference | None


@dataclass(frozen=True)
class Advice:
    """A choice with its reason; `more` is how many prompts would decide it, where that is known."""

    recommendation: Recommendation
    reason: str
    more_prompts: int | None = None

    @property
    def sentence(self) -> str:
        """The advice as people read it."""
        heads = {
            Recommendation.TUNE: "Fine-tune.",
            Recommendation.PROMPT: "Keep prompting.",
            Recommendation.UNDECIDED: "Undecided.",
        }
        return f"{heads[self.recommendation]} {self.reason}"


def advise(rivals: Rivals, margin: float = SIMILARITY_MARGIN) -> Advice:
    """What the differences between the tuned arm and the best prompted one come to."""
    difference = rivals.target
    if difference is None:
        return Advice(Recommendation.UNDECIDED, "The two arms have no two prompts in common.")
    gap = difference.interval
    said = _rates(rivals, gap)
    if difference.n < FEWEST:
        reason = f"{difference.n} prompts, fewer than {FEWEST}, cannot show a difference: {said}."
        return Advice(Recommendation.UNDECIDED, reason, FEWEST - difference.n)
    if outcome(gap) is Outcome.LOWER:
        return Advice(Recommendation.PROMPT, f"Prompting meets the target more often: {said}.")
    if outcome(gap) is Outcome.UNDECIDED:
        return _undecided(gap, difference.n, said)
    kept = rivals.similarity.interval if rivals.similarity else None
    if kept is None:
        return Advice(
            Recommendation.TUNE, f"{_gain(said)}. Content was not measured: there is no reference."
        )
    change = f"similarity changed by {kept.estimate:+.3f} ({kept.low:+.3f} to {kept.high:+.3f})"
    change = f"{change}, with a margin of {margin:g}".replace("-", "−")
    if is_non_inferior(kept, margin):
        return Advice(Recommendation.TUNE, f"{_gain(said)}, and the content is kept: {change}.")
    if kept.high < -margin:
        return Advice(Recommendation.PROMPT, f"{_gain(said)}, but content is lost: {change}.")
    more = _needed(kept, -margin, difference.n)
    return Advice(
        Recommendation.UNDECIDED,
        f"{_gain(said)}, but whether the content is kept is open: {change}.{_more(more)}",
        more,
    )


def knowledge_notice(best: ArmSummary, grounded: float) -> str:
    """Whether what is missing is knowledge rather than tone, which neither choice would mend.

    `grounded` is the share of prompts that carry their passage. Empty where facts are kept.
    """
    means = [m.value.estimate for m in best.content if m.feature.name in _FACTS and m.value]
    if not means or sum(means) / len(means) >= 0.5:
        return ""
    lost = (
        f"Even “{best.label}” keeps only {percent(sum(means) / len(means))} of the references’ "
        "names and figures"
    )
    if grounded < 0.5:
        return (
            f"{lost}, and the prompts carry no passage: what is missing is knowledge, not tone. "
            "Retrieve passages and put them into the prompt (RAG)."
        )
    return (
        f"{lost}, although the prompts carry the passage: the model does not use what it reads, "
        "which retrieval would not mend; a more able base model might."
    )


def break_even(fixed: float, prompted: float, tuned: float) -> int | None:
    """Answers after which tuning has paid for itself, None where an answer of it costs no less."""
    return ceil(fixed / (prompted - tuned)) if tuned < prompted else None


def best_arm(arms: Sequence[ArmSummary]) -> ArmSummary | None:
    """The arm that meets the target most often, None where none was measured."""
    measured = [arm for arm in arms if arm.target]
    return max(measured, key=lambda arm: arm.target.estimate if arm.target else 0.0, default=None)


def _gain(said: str) -> str:
    return f"Tuning meets the target more often: {said}"


def _rates(rivals: Rivals, gap: Interval) -> str:
    tuned, prompted = rivals.tuned.target, rivals.prompted.target
    found = [percent(rate.estimate) if rate else "–" for rate in (tuned, prompted)]
    return (
        f"{found[0]} with “{rivals.tuned.label}” against {found[1]} with the best way of "
        f"prompting, “{rivals.prompted.label}”, a difference of {points(gap)}"
    )


def _undecided(gap: Interval, n: int, said: str) -> Advice:
    if gap.high < WORTH:
        return Advice(
            Recommendation.PROMPT,
            f"A gain of {100 * WORTH:.0f} points or more is ruled out: {said}.",
        )
    more = _needed(gap, 0.0, n)
    return Advice(
        Recommendation.UNDECIDED, f"The difference may be none: {said}.{_more(more)}", more
    )


def _needed(found: Interval, bound: float, n: int) -> int | None:
    """Prompts at which an interval of this estimate would no longer hold the bound.

    Widths shrink with the root of the number of prompts; None where the estimate is the bound.
    """
    distance = found.estimate - bound
    side = found.estimate - found.low if distance > 0 else found.high - found.estimate
    return max(1, ceil(n * (side / distance) ** 2) - n) if abs(distance) > 1e-9 else None


def _more(more: int | None) -> str:
    if more is None:
        return " As the estimates are, no number of further prompts can be named."
    return f" If the difference stays as it is, about {more:,} more prompts would decide it."
