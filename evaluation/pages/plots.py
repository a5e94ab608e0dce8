"""Chart types: intervals, lines, shares, grouped intervals, heatmaps and scatter plots.

The docstring of each function lists the fields that its data rows must have.
"""

from collections.abc import Sequence

from db.records import Interval
from evaluation.pages.charts import (
    Axis,
    Canvas,
    Caption,
    Figure,
    Mark,
    Row,
    Series,
    Spec,
    interval_cells,
    mark,
    nominal,
    quantitative,
    unique,
)

_ROW_HEIGHT = 46
_GROUP_HEIGHT = 20
_MOST_DOTS = 40
_ROW_AXIS = {
    "ticks": False,
    "domain": False,
    "labelExpr": "split(datum.label, '\\n')",
    "labelLineHeight": 14,
    "labelPadding": 12,
}
_LETTER_WIDTH = 7.5
"""Pixels per letter in a wide 12-pixel font, because the reader's font isn't known in advance."""


def _row_axis(values: Sequence[Row]) -> Spec:
    """Build an axis of row names, with enough room for the longest line in any font."""
    lines = (line for value in values for line in str(value["row"]).split("\n"))
    width = _LETTER_WIDTH * max(map(len, lines), default=0)
    return {**_ROW_AXIS, "minExtent": round(width) + 10}


def interval_figure(
    caption: Caption, rows: Sequence[Row], series: Series, axis: Axis, marks: Sequence[Mark] = ()
) -> Figure:
    """Plot a dot and an interval for each arm.

    Each data row has the fields `arm`, `low`, `estimate` and `high`. `marks` are labelled reference
    lines across all rows.
    """

    def draw(canvas: Canvas) -> Spec:
        values = [
            {**row, "row": canvas.wrap(str(row["arm"])), "label": _value_label(row, axis)}
            for row in rows
        ]
        shared = {
            "y": nominal("row", sort=None, title=None, axis=_row_axis(values)),
            "color": series.colour(canvas.palette),
        }
        estimate = shared | {"x": quantitative("estimate")}
        interval = shared | {"x": axis.encoding("low"), "x2": {"field": "high"}}
        label = estimate | {"text": nominal("label")}
        palette, rim = canvas.palette, {"dy": -15, "fontSize": 12}
        layers = [
            *_mark_layers(marks, canvas),
            mark("rule", interval, strokeWidth=3, strokeCap="round"),
            mark("circle", estimate, size=130, opacity=1),
            # An outline in the background colour separates the label from lines.
            mark(
                "text",
                label | {"color": {"value": palette.background}},
                stroke=palette.background,
                strokeWidth=5,
                **rim,
            ),
            mark("text", label | {"color": {"value": palette.ink}}, **rim),
        ]
        return _chart(values, layers, _rows_height(values))

    references: list[Row] = [{"mark": each.label, "estimate": each.value} for each in marks]
    return Figure(caption, (*rows, *references), draw)


def _value_label(row: Row, axis: Axis) -> str:
    value = float(row["estimate"])
    label = f"{100 * value:.0f} %" if axis.format == ".0%" else f"{value:.2f}"
    return label.replace("-", "−")


def _mark_layers(marks: Sequence[Mark], canvas: Canvas) -> list[Spec]:
    if not marks:
        return []
    data = {"data": {"values": [{"label": each.label, "value": each.value} for each in marks]}}
    muted, value = canvas.palette.muted, quantitative("value")
    label = {"x": value, "y": {"value": 0}, "text": nominal("label"), "color": {"value": muted}}
    options = {"align": "center", "baseline": "bottom", "dy": -4, "fontSize": 11}
    return [
        data | mark("rule", {"x": value}, strokeDash=[4, 3], strokeWidth=1.5, color=muted),
        data | mark("text", label, **options),
    ]


def line_figure(
    caption: Caption, rows: Sequence[Row], series: Series, x_axis: Axis, y_axis: Axis
) -> Figure:
    """Plot a line for each arm.

    Each data row has the fields `arm`, `x` and `y`, plus `low` and `high` if there is an interval.
    """

    def draw(canvas: Canvas) -> Spec:
        legend = {
            "orient": "top",
            "direction": "horizontal",
            "columns": canvas.legend_columns,
            "symbolType": "square",
            "symbolOpacity": 1,
            "symbolStrokeWidth": 0,
        }
        ticks: Spec = {"format": x_axis.format, "grid": False, "tickCount": 10, "labelFlush": False}
        x = quantitative("x", title=x_axis.title, axis=ticks)
        if x_axis.log:
            positions = sorted({float(row["x"]) for row in rows})
            x["axis"] = {"format": x_axis.format, "grid": False, "values": positions}
            x["scale"] = {"type": "log"}
        shared = {"x": x, "color": series.colour(canvas.palette, legend)}
        lines = shared | {"y": y_axis.encoding("y")}
        dash = nominal("arm", scale={"domain": list(series.labels)}, legend=None)
        layers = [mark("line", lines | {"strokeDash": dash}, strokeWidth=2.5)]
        if len({row["x"] for row in rows}) <= _MOST_DOTS:
            layers.append(mark("circle", lines, size=36, opacity=1))
        if any("low" in row for row in rows):
            band = shared | {"y": quantitative("low"), "y2": {"field": "high"}}
            layers.insert(0, mark("area", band, opacity=0.1))
        return _chart(rows, layers, 260)

    return Figure(caption, tuple(rows), draw)


def share_figure(caption: Caption, rows: Sequence[Row], series: Series) -> Figure:
    """Plot a stacked bar for each row, with one segment per arm.

    Each data row has the fields `row`, `arm`, `order` and `count`.
    """

    def draw(canvas: Canvas) -> Spec:
        values = [row for row in _wrap_rows(rows, canvas) if float(row["count"])]
        shared = {
            "y": nominal("row", sort=None, title=None, axis=_row_axis(values)),
            "order": quantitative("order"),
        }
        ticks = {"format": ".0%", "tickCount": 5}
        count = quantitative("count", stack="normalize")
        bars = shared | {
            "x": count | {"title": "Share of votes", "axis": ticks},
            "color": series.colour(
                canvas.palette, {"orient": "top", "columns": canvas.legend_columns}
            ),
        }
        labels = shared | {
            "x": count | {"bandPosition": 0.5},
            "text": quantitative("count"),
            "detail": nominal("arm"),
            "color": {"value": canvas.palette.background},
        }
        layers = [
            mark("bar", bars, height=26),
            mark("text", labels, fontSize=12, fontWeight="bold"),
        ]
        return _chart(values, layers, _rows_height(values))

    return Figure(caption, tuple(rows), draw)


def grouped_figure(caption: Caption, rows: Sequence[Row], series: Series, axis: Axis) -> Figure:
    """Plot an interval for each row and arm.

    Each data row has the fields `row`, `arm`, `low`, `estimate` and `high`.
    """

    def draw(canvas: Canvas) -> Spec:
        values = _wrap_rows(rows, canvas)
        names = unique(values, "row")
        shared = {
            "y": nominal("row", sort=names, title=None, axis=_row_axis(values)),
            "yOffset": nominal("arm", sort=list(series.labels)),
            "color": series.colour(canvas.palette, _legend(series, canvas)),
        }
        interval = shared | {"x": axis.encoding("low"), "x2": {"field": "high"}}
        layers = [
            mark("rule", interval, strokeWidth=2.5, strokeCap="round"),
            mark("circle", shared | {"x": quantitative("estimate")}, size=70, opacity=1),
        ]
        height = (_GROUP_HEIGHT * len(series.labels) + 14) * len(names)
        return _chart(values, layers, max(height, _rows_height(values)))

    return Figure(caption, tuple(rows), draw)


def rates_figure(
    caption: Caption, rates: Sequence[tuple[str, str, Interval | None]], series: Series, title: str
) -> tuple[Figure, ...]:
    """Plot rates grouped by row and arm, or return an empty tuple if every rate is None."""
    rows: list[Row] = [
        {"row": row, "arm": arm, **interval_cells(rate)} for row, arm, rate in rates if rate
    ]
    return (grouped_figure(caption, rows, series, Axis(title, ".0%", (0, 1))),) if rows else ()


def heatmap_figure(caption: Caption, rows: Sequence[Row], axis: Axis) -> Figure:
    """Plot a heatmap with darker cells for lower values.

    Each data row has the fields `row`, `column` and `value`.
    """

    def draw(canvas: Canvas) -> Spec:
        values = [
            {**row, "column": str(row["column"]), "label": f"{float(row['value']):{axis.format}}"}
            for row in _wrap_rows(rows, canvas)
        ]
        names = unique(values, "row")
        top = {
            "orient": "top",
            "ticks": False,
            "domain": False,
            # Horizontal labels would overlap on a narrow canvas.
            "labelAngle": -90 if canvas.is_narrow else 0,
            "labelAlign": "left" if canvas.is_narrow else "center",
            "labelBaseline": "middle" if canvas.is_narrow else "alphabetic",
        }
        if canvas.is_narrow:
            longest = max(len(column) for column in unique(values, "column"))
            top["minExtent"] = round(_LETTER_WIDTH * longest) + 10
        shared = {
            "y": nominal("row", sort=names, title=None, axis=_row_axis(values)),
            "x": nominal("column", sort=unique(values, "column"), title=None, axis=top),
        }
        # The cells are pale enough for readable text in light and dark mode.
        depth = quantitative("value", scale={"type": "log", "range": [0.5, 0.04]}, legend=None)
        cells = shared | {"opacity": depth, "color": {"value": canvas.palette.series[1]}}
        labels = shared | {"text": nominal("label"), "color": {"value": canvas.palette.ink}}
        layers = [mark("rect", cells, cornerRadius=3), mark("text", labels, fontSize=13)]
        return _chart(values, layers, max(44 * len(names), _rows_height(values)))

    return Figure(caption, tuple(rows), draw)


def scatter_figure(
    caption: Caption, rows: Sequence[Row], series: Series, x_axis: Axis, y_axis: Axis
) -> Figure:
    """Plot a dot with a vertical interval for each arm.

    Each data row has the fields `arm`, `x`, `y`, `low` and `high`.
    """

    def draw(canvas: Canvas) -> Spec:
        shared = {
            "x": x_axis.encoding("x") | {"scale": {"zero": False, "padding": 18}},
            "color": series.colour(canvas.palette, _legend(series, canvas)),
        }
        interval = shared | {"y": y_axis.encoding("low"), "y2": {"field": "high"}}
        layers = [
            mark("rule", interval, strokeWidth=2, opacity=0.6),
            mark("circle", shared | {"y": quantitative("y")}, size=110, opacity=1),
        ]
        return _chart(rows, layers, 280)

    return Figure(caption, tuple(rows), draw)


def _chart(rows: Sequence[Row], layers: Sequence[Spec], height: int) -> Spec:
    return {"data": {"values": [dict(row) for row in rows]}, "layer": layers, "height": height}


def _wrap_rows(rows: Sequence[Row], canvas: Canvas) -> list[Row]:
    return [{**row, "row": canvas.wrap(str(row["row"]))} for row in rows]


def _rows_height(rows: Sequence[Row]) -> int:
    """The total height of a chart's rows, each as tall as the row with the longest label."""
    labels = unique(rows, "row")
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return max(_ROW_HEIGHT, 14 * lines + 14) * len(labels)


def _legend(series: Series, canvas: Canvas) -> Spec:
    """Build a legend with as many columns as the longest label allows."""
    longest = max(map(len, series.labels), default=1)
    columns = max(1, min(canvas.legend_columns, canvas.width // (7 * longest + 40)))
    limit = canvas.width // columns - 40
    return {"orient": "top", "columns": columns, "labelLimit": limit, "symbolOpacity": 1}
