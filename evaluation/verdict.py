"""The verdict on a run: sentences with conclusions that the confidence intervals support."""

from collections.abc import Iterable
from dataclasses import dataclass

from db.records import Interval
from evaluation.arms import ArmSummary, Difference
from evaluation.measures.content import SIMILARITY
from evaluation.measures.tone import CONVERSATIONAL, Feature
from evaluation.preferences import Preferences
from evaluation.reviewer_ratings import ArmRating
from evaluation.statistics import Outcome, is_non_inferior, outcome

SIMILARITY_MARGIN = 0.05
NO_CRITERION = (
    "No criterion was set, so Timbre can’t tell which answers match the tone or persona. Only "
    "reviewers’ preferences and ratings show which model is better."
)


@dataclass(frozen=True)
class Evidence:
    """The basis of a verdict: the tuned arm, its baseline, their differences and the votes.

    `margin` is the acceptable loss of similarity to the reference; set it before you measure. If
    there is no criterion, `target` is None and the verdict uses only `ratings` and votes.
    """

    tuned: ArmSummary | None
    baseline: ArmSummary | None = None
    differences: tuple[Difference, ...] = ()
    preferences: Preferences | None = None
    target: Feature | None = CONVERSATIONAL
    margin: float = SIMILARITY_MARGIN
    ratings: tuple[ArmRating, ...] = ()

    def difference(self, feature: str, other: ArmSummary | None = None) -> Difference | None:
        """The difference in a feature between the tuned arm and the baseline, or another arm.

        Returns None if the arms weren't compared.
        """
        other = other or self.baseline
        if self.tuned is None or other is None:
            return None
        key = (self.tuned.name, other.name, feature)
        return next(
            (d for d in self.differences if (d.first, d.second, d.feature.name) == key), None
        )


def verdict(evidence: Evidence) -> str:
    """Describe how fine-tuning changed the target rate, the content and reviewers' preferences."""
    tuned, baseline, target = evidence.tuned, evidence.baseline, evidence.target
    if target is None:
        return _verdict_of_people(evidence)
    if tuned is None or tuned.target is None:
        return (
            "There is no verdict yet, because none of the fine-tuned model’s answers have been "
            "measured."
        )
    if baseline is None or baseline.target is None:
        return f"{_rate(tuned, tuned.target, target)}. There is no other arm to compare it with."
    parts = (
        _target(evidence, target, tuned, baseline),
        content_sentence(evidence.difference(SIMILARITY.name), evidence.margin),
        _preference(evidence, tuned, baseline),
    )
    return " ".join(part for part in parts if part)


def review_notice(kinds: Iterable[str]) -> str:
    """Return a notice if any reviews were made by written rules, otherwise an empty string."""
    kinds = set(kinds)
    if kinds == {"rule"}:
        return "Every review was made by a written rule, not by a person."
    return "Some reviews were made by a written rule, not by a person." if "rule" in kinds else ""


def points(interval: Interval) -> str:
    """Format a difference of shares in percentage points, such as `+12 points (+3 to +20)`."""
    low, middle, high = (
        f"{100 * value:+.0f}" for value in (interval.low, interval.estimate, interval.high)
    )
    return f"{middle} points ({low} to {high})".replace("-", "−")


def signed_interval(interval: Interval) -> str:
    """Format a difference with its bounds, such as `−0.031 (−0.070 to +0.008)`."""
    text = f"{interval.estimate:+.3f} ({interval.low:+.3f} to {interval.high:+.3f})"
    return text.replace("-", "−")


def percent(share: float) -> str:
    """Format a share as a whole percentage, using `<1 %` and `>99 %` near the ends."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 < share < 1 else f"{100 * share:.0f} %"


def _verdict_of_people(evidence: Evidence) -> str:
    """The verdict on a run without a criterion, based on votes, ratings and content."""
    tuned, baseline = evidence.tuned, evidence.baseline
    parts = [NO_CRITERION]
    if tuned and baseline:
        change = evidence.difference(SIMILARITY.name)
        preference = _preference(evidence, tuned, baseline)
        parts += [preference, content_sentence(change, evidence.margin) if change else ""]
    labels = {arm.name: arm.label for arm in (tuned, baseline) if arm}
    rated = [
        f"{mean_text(rating.mean)} for “{labels[rating.arm]}” ({rating.answers} answers)"
        for rating in evidence.ratings
        if rating.arm in labels
    ]
    parts.append(f"Mean ratings of the tone: {', '.join(rated)}." if rated else "")
    if not rated and evidence.preferences is None:
        parts.append("Nobody has compared the answers yet.")
    return " ".join(part for part in parts if part)


def mean_text(mean: Interval) -> str:
    """Format a mean rating with its bounds if it has any, such as `4.1 (3.8 to 4.4)`."""
    bounds = f" ({mean.low:.1f} to {mean.high:.1f})" if mean.low < mean.high else ""
    return f"{mean.estimate:.1f}{bounds}"


def _rate(arm: ArmSummary, rate: Interval, target: Feature) -> str:
    return (
        f"With “{arm.label}”, {percent(rate.estimate)} of {arm.n} held-out answers are "
        f"{target.label.lower()} (95 % interval {percent(rate.low)} to "
        f"{percent(rate.high)})"
    )


def _target(evidence: Evidence, target: Feature, tuned: ArmSummary, baseline: ArmSummary) -> str:
    difference = evidence.difference(target.name)
    if difference is None or tuned.target is None or baseline.target is None:
        return "Undecided: the two arms have fewer than two prompts in common."
    conclusion = {
        Outcome.HIGHER: "Fine-tuning moved the model towards the target.",
        Outcome.LOWER: "Fine-tuning moved the model away from the target.",
        Outcome.UNDECIDED: "Undecided: fine-tuning may have changed nothing.",
    }[difference.outcome]
    return (
        f"{conclusion} {_rate(tuned, tuned.target, target)}; with “{baseline.label}”, "
        f"{percent(baseline.target.estimate)}: a difference of {points(difference.interval)}."
    )


def content_sentence(difference: Difference | None, margin: float) -> str:
    """State whether the content was kept, based on the change in similarity to the reference."""
    if difference is None:
        return "Similarity to the reference was not measured, so the content can’t be judged."
    change = difference.interval
    if is_non_inferior(change, margin):
        conclusion = "The content was kept"
    elif change.high < -margin:
        conclusion = "The content was lost"
    else:
        conclusion = "It is undecided whether the content was kept"
    return (
        f"{conclusion}: similarity to the reference changed by {signed_interval(change)}, with a "
        f"margin of {margin:g} set beforehand."
    )


def _preference(evidence: Evidence, tuned: ArmSummary, baseline: ArmSummary) -> str:
    wins = tuned_wins(evidence, baseline)
    if wins is None or evidence.preferences is None:
        return ""
    won, comparisons = wins
    who = "written rules" if evidence.preferences.kinds == ("rule",) else "reviewers"
    conclusion = {
        Outcome.HIGHER: f"The {who} preferred the fine-tuned model",
        Outcome.LOWER: f"The {who} preferred “{baseline.label}”",
        Outcome.UNDECIDED: f"It is undecided which model the {who} prefer",
    }[outcome(won, 0.5)]
    return (
        f"{conclusion}: “{tuned.label}” won {percent(won.estimate)} of {comparisons} blind "
        f"comparisons ({percent(won.low)} to {percent(won.high)}), with ties counted half."
    )


def tuned_wins(evidence: Evidence, other: ArmSummary | None) -> tuple[Interval, int] | None:
    """The share of blind comparisons with another arm that the tuned arm won, and their number."""
    tuned, votes = evidence.tuned, evidence.preferences
    if tuned is None or other is None or votes is None:
        return None
    pair = {tuned.name, other.name}
    record = next((r for r in votes.win_rates if {r.first, r.second} == pair), None)
    if record is None:
        return None
    rate = record.rate if record.first == tuned.name else _complement(record.rate)
    return rate, record.comparisons


def _complement(rate: Interval) -> Interval:
    return Interval(1 - rate.high, 1 - rate.estimate, 1 - rate.low)
