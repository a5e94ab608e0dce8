"""The verdict: what the figures come to, in sentences that claim no more than the intervals do."""

from collections.abc import Iterable
from dataclasses import dataclass

from db.records import Interval
from evaluation.arms import CONVERSATIONAL, ArmSummary, Difference
from evaluation.measures.tone import Feature
from evaluation.preferences import Preferences, WinRate
from evaluation.statistics import Outcome, is_non_inferior, outcome

SIMILARITY_MARGIN = 0.05


@dataclass(frozen=True)
class Evidence:
    """What a verdict rests on: the tuned arm, the arm it is held against, what was found.

    `margin` is the loss of similarity to the reference that is still acceptable, to be set before
    anything is measured.
    """

    tuned: ArmSummary | None
    baseline: ArmSummary | None = None
    differences: tuple[Difference, ...] = ()
    preferences: Preferences | None = None
    target: Feature = CONVERSATIONAL
    margin: float = SIMILARITY_MARGIN

    def difference(self, feature: str) -> Difference | None:
        """Tuned − baseline in a feature, None where it was not compared."""
        if self.tuned is None or self.baseline is None:
            return None
        pair = (self.tuned.name, self.baseline.name)
        return next(
            (
                d
                for d in self.differences
                if (d.first, d.second) == pair and d.feature.name == feature
            ),
            None,
        )


def verdict(evidence: Evidence) -> str:
    """What fine-tuning did beside the baseline: to the target, to the content, to preference."""
    tuned, baseline = evidence.tuned, evidence.baseline
    if tuned is None or tuned.target is None:
        return "Nothing can be said yet: no answer of the fine-tuned model has been measured."
    if baseline is None or baseline.target is None:
        return f"{_rate(tuned, tuned.target, evidence)}. There is no other arm to compare it with."
    parts = (
        _target(evidence, tuned, baseline),
        _content(evidence.difference("similarity"), evidence.margin),
        _preference(evidence, tuned, baseline),
    )
    return " ".join(part for part in parts if part)


def review_notice(kinds: Iterable[str]) -> str:
    """Who made the reviews, in plain words; empty where there are none or only people's."""
    found = set(kinds)
    if found == {"rule"}:
        return "Every review was made by a written rule, not by a person."
    if "rule" in found:
        return "Some reviews were made by a written rule, not by a person."
    return ""


def points(interval: Interval) -> str:
    """A difference of shares in percentage points with its bounds: `+12 points (+3 to +20)`."""
    low, middle, high = (
        f"{100 * value:+.0f}" for value in (interval.low, interval.estimate, interval.high)
    )
    return f"{middle} points ({low} to {high})".replace("-", "−")


def percent(share: float) -> str:
    """A share as a whole percentage; `<1 %` and `>99 %` where rounding would hide a case."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < share < 1 else f"{100 * share:.0f} %"


def _rate(arm: ArmSummary, rate: Interval, evidence: Evidence) -> str:
    return (
        f"With “{arm.label}”, {percent(rate.estimate)} of {arm.n} held-out answers are "
        f"{evidence.target.label.lower()} (95 % interval {percent(rate.low)} to "
        f"{percent(rate.high)})"
    )


def _target(evidence: Evidence, tuned: ArmSummary, baseline: ArmSummary) -> str:
    difference = evidence.difference(evidence.target.name)
    if difference is None or tuned.target is None or baseline.target is None:
        return "Undecided: the two arms have no two prompts in common."
    rates = f"{_rate(tuned, tuned.target, evidence)}; with “{baseline.label}”, "
    gap = points(difference.interval)
    said = {
        Outcome.HIGHER: "Fine-tuning moved the model to the target.",
        Outcome.LOWER: "Fine-tuning moved the model away from the target.",
        Outcome.UNDECIDED: "Undecided: fine-tuning may have changed nothing.",
    }[difference.outcome]
    return f"{said} {rates}{percent(baseline.target.estimate)}: a difference of {gap}."


def _content(difference: Difference | None, margin: float) -> str:
    if difference is None:
        return "Whether the content was kept was not measured."
    found = difference.interval
    gap = f"{found.estimate:+.3f} ({found.low:+.3f} to {found.high:+.3f})".replace("-", "−")
    if is_non_inferior(found, margin):
        said = "The content was kept"
    elif found.high < -margin:
        said = "The content suffered"
    else:
        said = "Whether the content was kept is undecided"
    return f"{said}: similarity to the reference changed by {gap}, with a margin of {margin:g}."


def _preference(evidence: Evidence, tuned: ArmSummary, baseline: ArmSummary) -> str:
    if evidence.preferences is None:
        return ""
    pair = {tuned.name, baseline.name}
    met = (r for r in evidence.preferences.win_rates if {r.first, r.second} == pair)
    record: WinRate | None = next(met, None)
    if record is None:
        return ""
    won = record.rate if record.first == tuned.name else _turned(record.rate)
    who = "The written rules" if evidence.preferences.kinds == ("rule",) else "The reviewers"
    said = {
        Outcome.HIGHER: f"{who} preferred its answers",
        Outcome.LOWER: f"{who} preferred the answers of “{baseline.label}”",
        Outcome.UNDECIDED: f"What {who.lower()} prefer is undecided",
    }[outcome(won, 0.5)]
    return (
        f"{said}: “{tuned.label}” won {percent(won.estimate)} of {record.comparisons} blind "
        f"comparisons ({percent(won.low)} to {percent(won.high)}), ties counted half."
    )


def _turned(rate: Interval) -> Interval:
    return Interval(1 - rate.high, 1 - rate.estimate, 1 - rate.low)
