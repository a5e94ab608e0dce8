"""The figures of a report, each from its part of the data; None where there is nothing to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Interval
from evaluation.arms import ArmSummary, SweepPoint
from evaluation.measures.tone import Feature
from evaluation.pages.charts import (
    Axis,
    Caption,
    Figure,
    Mark,
    Row,
    Series,
    interval_figure,
    line_figure,
    share_figure,
)
from evaluation.preferences import Preferences

_TIE = "No difference"


@dataclass(frozen=True)
class LossPoint:
    """The loss of a training at a step, on the training and the validation side (None: not met)."""

    step: int
    train: float | None = None
    validation: float | None = None


def arm_series(arms: Sequence[ArmSummary]) -> Series:
    """The colours of the arms, in the order of the report."""
    return Series(tuple(arm.label for arm in arms))


def target_figure(arms: Sequence[ArmSummary], target: Feature) -> Figure | None:
    """The share of each arm's answers that meet the target."""
    rows = [_interval_row(arm, arm.target) for arm in arms if arm.target]
    if not rows:
        return None
    caption = Caption(
        "target", f"Share of answers that are {target.label.lower()}, with 95 % intervals."
    )
    axis = Axis("Share of held-out answers", ".0%", (0.0, 1.0))
    return interval_figure(caption, rows, arm_series(arms), axis)


def similarity_figure(
    arms: Sequence[ArmSummary], floor: Interval | None, ceiling: Interval | None
) -> Figure | None:
    """Each arm's similarity to the references, between the floor and the ceiling."""
    rows = [
        _interval_row(arm, mean.value)
        for arm in arms
        for mean in arm.content
        if mean.feature.name == "similarity" and mean.value
    ]
    if not rows:
        return None
    caption = Caption(
        "similarity",
        "Mean similarity of the answers to the plain references, with 95 % intervals. The floor is "
        "answers beside the references of other prompts; the ceiling is approved rewrites.",
    )
    marks = [
        Mark(name, found.estimate)
        for name, found in (("floor", floor), ("ceiling", ceiling))
        if found
    ]
    axis = Axis("Cosine similarity to the reference", ".1f", (min(0.0, _lowest(rows)), 1.0))
    return interval_figure(caption, rows, arm_series(arms), axis, marks)


def reading_ease_figure(arms: Sequence[ArmSummary], sweep: Sequence[SweepPoint]) -> Figure | None:
    """The share of answers over each threshold of reading ease, as the published study counts."""
    labels = {arm.name: arm.label for arm in arms}
    rows: list[Row] = [
        {
            "arm": labels[point.arm],
            "x": point.threshold,
            "y": point.rate.estimate,
            "low": point.rate.low,
            "high": point.rate.high,
        }
        for point in sweep
        if point.arm in labels
    ]
    if not rows:
        return None
    caption = Caption(
        "sweep",
        "Share of answers whose Flesch Reading Ease is at least the threshold. Bands are 95 % "
        "intervals.",
    )
    across = Axis("Threshold of reading ease", ".0f")
    up = Axis("Share of answers", ".0%", (0.0, 1.0))
    return line_figure(caption, rows, arm_series(arms), across, up)


def votes_figure(arms: Sequence[ArmSummary], found: Preferences | None) -> Figure | None:
    """How the votes of each pair of arms fell."""
    if found is None or not found.win_rates:
        return None
    labels = {arm.name: arm.label for arm in arms}
    rows: list[Row] = []
    for record in found.win_rates:
        first, second = (labels.get(name, name) for name in (record.first, record.second))
        shares = ((first, record.wins), (_TIE, record.ties), (second, record.losses))
        rows += [
            {"row": f"{first} against {second}", "arm": arm, "order": order, "count": count}
            for order, (arm, count) in enumerate(shares)
        ]
    named = dict.fromkeys([*labels.values(), *(str(row["arm"]) for row in rows)])
    series = Series(tuple(name for name in named if name != _TIE), neutral=_TIE)
    caption = Caption("votes", "Votes in blind comparisons, by the preferred arm.")
    return share_figure(caption, rows, series)


def strengths_figure(arms: Sequence[ArmSummary], found: Preferences | None) -> Figure | None:
    """Bradley–Terry strengths of the arms, where three or more were compared."""
    if found is None or len(found.strengths) < 3:
        return None
    labels = {arm.name: arm.label for arm in arms}
    rows: list[Row] = [
        {
            "arm": labels.get(strength.arm, strength.arm),
            "low": strength.score.low,
            "estimate": strength.score.estimate,
            "high": strength.score.high,
        }
        for strength in found.strengths
    ]
    caption = Caption(
        "strengths",
        "Bradley–Terry strength: log-odds of being preferred to the average arm, which is 0, with "
        "95 % intervals.",
    )
    series = Series(tuple(dict.fromkeys([*labels.values(), *(str(r["arm"]) for r in rows)])))
    axis = Axis("Log-odds against the average arm", ".1f")
    return interval_figure(caption, rows, series, axis, [Mark("average", 0.0)])


def loss_figure(losses: Sequence[LossPoint]) -> Figure | None:
    """The loss over the steps of training; None with fewer than two points to join."""
    sides = (("Training", "train"), ("Validation", "validation"))
    rows: list[Row] = [
        {"arm": label, "x": point.step, "y": value}
        for label, side in sides
        for point in losses
        if (value := getattr(point, side)) is not None
    ]
    if len({row["x"] for row in rows}) < 2:
        return None
    caption = Caption("loss", "Loss per token over the optimiser steps of the training.")
    series = Series(tuple(dict.fromkeys(str(row["arm"]) for row in rows)), start=3)
    return line_figure(caption, rows, series, Axis("Step", ".0f"), Axis("Loss", ".2f"))


def _interval_row(arm: ArmSummary, found: Interval | None) -> Row:
    if found is None:
        return {"arm": arm.label}
    return {
        "arm": arm.label,
        "low": found.low,
        "estimate": found.estimate,
        "high": found.high,
        "answers": arm.n,
    }


def _lowest(rows: Sequence[Row]) -> float:
    return min(float(row["low"]) for row in rows)
