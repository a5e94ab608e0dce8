"""Whether a newly trained model is better than the one in use, on the same held-out prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluation.arms import CONVERSATIONAL, Difference, MeasuredArm, compare_arms
from evaluation.measures.tone import Feature
from evaluation.statistics import Outcome, outcome

FEWEST = 10
"""With fewer common prompts nothing is shown, whatever the figures are."""
MARGIN = 0.02
"""How much of a guarded feature may be lost, in the feature's own unit."""


@dataclass(frozen=True)
class PromotionDecision:
    """What the comparison came to: whether the new one is better, why, and the figures."""

    is_better: bool
    reason: str
    prompts: int
    differences: tuple[Difference, ...]


def decide_promotion(
    new: MeasuredArm,
    incumbent: MeasuredArm,
    target: Feature = CONVERSATIONAL,
    guards: Sequence[Feature] = (),
) -> PromotionDecision:
    """Compare two arms: better is a higher target with no guarded feature lost.

    Both are what the 95 % interval of the paired difference shows: all of it above 0, or all of
    it below `MARGIN` of loss. A tone that is gained by saying something else is not better, which
    is what guards are for.
    """
    features = (target, *guards)
    found = compare_arms((new, incumbent), [(new.name, incumbent.name)], features)
    aimed = next((each for each in found if each.feature.name == target.name), None)
    prompts = aimed.n if aimed else 0
    if aimed is None or prompts < FEWEST:
        reason = f"{prompts} prompts were answered by both, expected at least {FEWEST}"
        return PromotionDecision(False, reason, prompts, found)
    others = [each for each in found if each is not aimed]
    lost = [each for each in others if outcome(each.interval, -MARGIN) is Outcome.LOWER]
    if aimed.outcome is not Outcome.HIGHER:
        reason = f"{_said(aimed)}, which is not shown to be higher than {incumbent.label}'s"
    elif lost:
        reason = f"{_said(aimed)}, but {'; '.join(_said(each) for each in lost)}"
    else:
        reason = f"{_said(aimed)}, higher than {incumbent.label}'s"
    return PromotionDecision(aimed.outcome is Outcome.HIGHER and not lost, reason, prompts, found)


def _said(difference: Difference) -> str:
    interval = difference.interval
    return (
        f"{difference.feature.label} {interval.estimate:+.3f} "
        f"({interval.low:+.3f} to {interval.high:+.3f}) on {difference.n} prompts"
    )
