"""What the measures of a run's outputs come to, arm by arm, as the rows of a table."""

from db.records import Output
from db.store import Store
from evaluation.arms import Arm, summarise
from timbre.aims import subject_of
from timbre.campaign import Campaign
from timbre.evidence import measured_arms
from timbre.rating import judge_of

Rows = tuple[tuple[str, ...], list[tuple[str | int, ...]]]


def result_rows(store: Store, campaign: Campaign, outputs: dict[str, list[Output]]) -> Rows:
    """Columns and rows: each arm's rate with its bounds, and a judge's mean ratings, if any."""
    aim, judge = subject_of(campaign).aim, judge_of(campaign)
    arms = measured_arms(store, outputs, aim, judge)
    rates = [(arm, summarise(arm, aim.feature).target) for arm in arms]
    features = judge.features if judge else ()
    rows: list[tuple[str | int, ...]] = [
        (
            arm.label,
            len(arm.outputs),
            *(f"{value:.3f}" for value in (rate.estimate, rate.low, rate.high)),
            *(_mean(arm, feature.name) for feature in features),
        )
        for arm, rate in rates
        if rate
    ]
    named = tuple(feature.name for feature in features)
    return ("arm", "answers", aim.feature.name, "low", "high", *named), rows


def _mean(arm: Arm, measure: str) -> str:
    found = [row.measures[measure] for row in arm.outputs if measure in row.measures]
    return f"{sum(found) / len(found):.2f}" if found else "–"
