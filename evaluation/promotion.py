"""Decide whether a new model beats the current one on the same held-out prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.arms import Difference, MeasuredArm, compare_arms
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.statistics import Outcome, outcome
from evaluation.verdict import signed_interval

FEWEST = 10
"""The minimum number of common prompts for a decision."""
MARGIN = 0.02
"""The acceptable loss in a guarded feature, in the unit of the feature."""


@dataclass(frozen=True)
class PromotionDecision:
    """Whether a new model is better, the reason for this decision, and the differences."""

    is_better: bool
    reason: str
    prompts: int
    differences: tuple[Difference, ...]


def decide_promotion(
    new: MeasuredArm,
    current: MeasuredArm,
    target: Feature = CONVERSATIONAL,
    guards: Sequence[Feature] = (),
) -> PromotionDecision:
    """Decide whether a new arm meets the target more often and gets no worse in guarded features.

    The target and the guarded features are judged by 95 % intervals of paired differences. The
    interval for the target must be above 0, and the interval for a guarded feature must not lie
    entirely below −`MARGIN`. Guarded features prevent the promotion of models that improve the tone
    by changing the content.
    """
    pair = [(new.name, current.name)]
    differences = compare_arms((new, current), pair, (target, *guards))
    gain = next((d for d in differences if d.feature.name == target.name), None)
    prompts = gain.n if gain else 0
    if gain is None or prompts < FEWEST:
        reason = f"both models answered {prompts} prompts in common, fewer than {FEWEST}"
        return PromotionDecision(False, reason, prompts, differences)
    others = [d for d in differences if d is not gain]
    lost = [d for d in others if outcome(d.interval, -MARGIN) is Outcome.LOWER]
    if gain.outcome is not Outcome.HIGHER:
        reason = f"{_describe(gain)}, which doesn't show an improvement over {current.label}"
    elif lost:
        reason = f"{_describe(gain)}, but {'; '.join(map(_describe, lost))}"
    else:
        reason = f"{_describe(gain)}, better than {current.label}"
    is_better = gain.outcome is Outcome.HIGHER and not lost
    return PromotionDecision(is_better, reason, prompts, differences)


def _describe(difference: Difference) -> str:
    change = signed_interval(difference.interval)
    return f"{difference.feature.label} {change} on {difference.n} prompts"
