"""Build the figures of a report; each function returns None if there is nothing to draw."""

from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Interval
from evaluation.arms import ArmSummary, SweepPoint
from evaluation.measures.content import SIMILARITY
from evaluation.measures.tone import Feature
from evaluation.pages.charts import (
    Axis,
    Caption,
    Figure,
    Mark,
    Row,
    Series,
    interval_cells,
    point_row,
    unique,
)
from evaluation.pages.plots import interval_figure, line_figure, share_figure
from evaluation.preferences import Preferences

_TIE = "No difference"


@dataclass(frozen=True)
class LossPoint:
    """The training and validation loss at a step; a loss that wasn't measured is None."""

    step: int
    train: float | None = None
    validation: float | None = None


def arm_series(arms: Sequence[ArmSummary]) -> Series:
    """Assign a colour to each arm, in report order."""
    return Series(tuple(arm.label for arm in arms))


def target_figure(arms: Sequence[ArmSummary], target: Feature | None) -> Figure | None:
    """Plot the share of each arm's answers that meet the target."""
    if target is None:
        return None
    rows = [_arm_row(arm, arm.target) for arm in arms if arm.target]
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
    """Plot each arm's similarity to the references, with lines at the floor and the ceiling."""
    means = [
        (arm, next(mean.value for mean in arm.content if mean.feature.name == SIMILARITY.name))
        for arm in arms
    ]
    rows = [_arm_row(arm, interval) for arm, interval in means if interval]
    if not rows:
        return None
    caption = Caption(
        "similarity",
        "Mean similarity of the answers to the plain references, with 95 % intervals. The floor "
        "is the similarity to other prompts’ references, the ceiling that of approved rewrites.",
    )
    bounds = (("floor", floor), ("ceiling", ceiling))
    marks = [Mark(name, bound.estimate) for name, bound in bounds if bound]
    lowest = min(0.0, *(float(row["low"]) for row in rows))
    axis = Axis("Cosine similarity to the reference", ".1f", (lowest, 1.0))
    return interval_figure(caption, rows, arm_series(arms), axis, marks)


def reading_ease_figure(arms: Sequence[ArmSummary], sweep: Sequence[SweepPoint]) -> Figure | None:
    """Plot the share of answers above each reading-ease threshold.

    The plot follows Marquardt and Brule (2025).
    """
    labels = {arm.name: arm.label for arm in arms}
    rows = [
        point_row(labels[point.arm], point.threshold, point.rate)
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
    x_axis = Axis("Threshold of reading ease", ".0f")
    y_axis = Axis("Share of answers", ".0%", (0.0, 1.0))
    return line_figure(caption, rows, arm_series(arms), x_axis, y_axis)


def votes_figure(arms: Sequence[ArmSummary], preferences: Preferences | None) -> Figure | None:
    """Plot the wins and ties for each pair of arms in blind comparisons."""
    if preferences is None or not preferences.win_rates:
        return None
    labels = {arm.name: arm.label for arm in arms}
    rows: list[Row] = []
    for record in preferences.win_rates:
        first, second = (labels.get(name, name) for name in (record.first, record.second))
        counts = ((first, record.wins), (_TIE, record.ties), (second, record.losses))
        rows += [
            {"row": f"{first} against {second}", "arm": arm, "order": order, "count": count}
            for order, (arm, count) in enumerate(counts)
        ]
    names = dict.fromkeys([*labels.values(), *unique(rows, "arm")])
    series = Series(tuple(name for name in names if name != _TIE), neutral=_TIE)
    caption = Caption("votes", "Votes in blind comparisons, grouped by preferred arm.")
    return share_figure(caption, rows, series)


def strengths_figure(arms: Sequence[ArmSummary], preferences: Preferences | None) -> Figure | None:
    """Plot the Bradley–Terry strengths of the arms if at least three were compared."""
    if preferences is None or len(preferences.strengths) < 3:
        return None
    labels = {arm.name: arm.label for arm in arms}
    rows: list[Row] = [
        {"arm": labels.get(each.arm, each.arm), **interval_cells(each.score)}
        for each in preferences.strengths
    ]
    caption = Caption(
        "strengths",
        "Bradley–Terry strength of each arm: its log-odds of beating the average arm (0), with "
        "95 % intervals.",
    )
    series = Series(tuple(dict.fromkeys([*labels.values(), *unique(rows, "arm")])))
    axis = Axis("Log-odds against the average arm", ".1f")
    return interval_figure(caption, rows, series, axis, [Mark("average", 0.0)])


def loss_figure(losses: Sequence[LossPoint]) -> Figure | None:
    """Plot the loss over the training steps, or return None if there are fewer than two steps."""
    curves = (
        ("Training", [(point.step, point.train) for point in losses]),
        ("Validation", [(point.step, point.validation) for point in losses]),
    )
    rows: list[Row] = [
        {"arm": label, "x": step, "y": loss}
        for label, points in curves
        for step, loss in points
        if loss is not None
    ]
    if len({row["x"] for row in rows}) < 2:
        return None
    caption = Caption("loss", "Loss per token at each optimiser step.")
    series = Series(tuple(unique(rows, "arm")), start=3)
    return line_figure(caption, rows, series, Axis("Step", ".0f"), Axis("Loss", ".2f"))


def _arm_row(arm: ArmSummary, interval: Interval) -> Row:
    return {"arm": arm.label, **interval_cells(interval), "answers": arm.n}
