"""Charts of grids: several arms in each row, a table as colours, cost against quality."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from db.records import Interval
from evaluation.pages.charts import (
    Axis,
    Canvas,
    Caption,
    Figure,
    Row,
    Series,
    height_of,
    legend_columns,
    row_axis,
    ticks,
    wrapped,
)

_EACH = 20


def grouped_figure(caption: Caption, rows: Sequence[Row], series: Series, axis: Axis) -> Figure:
    """Each row with a dot and an interval an arm (`row`, `arm`, low, estimate, high)."""

    def draw(canvas: Canvas) -> Any:
        values = [{**row, "row": wrapped(str(row["row"]), canvas)} for row in rows]
        names = list(dict.fromkeys(str(value["row"]) for value in values))
        legend = _legend(series, canvas)
        scale = alt.Scale(domain=list(axis.bounds)) if axis.bounds else alt.Scale(zero=False)
        plot = alt.Chart(alt.InlineData(values=values)).encode(
            y=alt.Y("row:N", sort=names, title=None, axis=row_axis()),
            yOffset=alt.YOffset("arm:N", sort=list(series.labels)),
            color=series.colour(canvas.palette).legend(legend),
        )
        x = alt.X("low:Q", scale=scale, title=axis.title, axis=ticks(axis))
        layers: list[Any] = [
            plot.mark_rule(strokeWidth=2.5, strokeCap="round").encode(x=x, x2="high:Q"),
            plot.mark_circle(size=70, opacity=1).encode(x=alt.X("estimate:Q")),
        ]
        height = max((_EACH * len(series.labels) + 14) * len(names), height_of(names))
        return alt.layer(*layers).properties(width=canvas.width, height=height)

    return Figure(caption, tuple(rows), draw)


def rates_figure(
    caption: Caption, found: Sequence[tuple[str, str, Interval | None]], series: Series, title: str
) -> tuple[Figure, ...]:
    """A grouped figure of shares by row and arm; none where none of them is known."""
    rows: list[Row] = [
        {"row": row, "arm": arm, "low": r.low, "estimate": r.estimate, "high": r.high}
        for row, arm, r in found
        if r
    ]
    return (grouped_figure(caption, rows, series, Axis(title, ".0%", (0, 1))),) if rows else ()


def _legend(series: Series, canvas: Canvas) -> alt.Legend:
    """A legend of as many columns as the longest name has room for."""
    longest = max(map(len, series.labels), default=1)
    columns = max(1, min(legend_columns(canvas), canvas.width // (7 * longest + 40)))
    limit = canvas.width // columns - 40
    return alt.Legend(orient="top", columns=columns, labelLimit=limit, symbolOpacity=1)


def heatmap_figure(caption: Caption, rows: Sequence[Row], axis: Axis) -> Figure:
    """A table as colours, lower being stronger (`row`, `column`, value), each with its number."""

    def draw(canvas: Canvas) -> Any:
        values = [
            {
                **row,
                "row": wrapped(str(row["row"]), canvas),
                "column": str(row["column"]),
                "said": f"{float(row['value']):{axis.format}}",
            }
            for row in rows
        ]
        names = list(dict.fromkeys(str(value["row"]) for value in values))
        across = list(dict.fromkeys(str(value["column"]) for value in values))
        upright = canvas.width < 500  # where names side by side would run into each other
        top = alt.Axis(
            orient="top",
            ticks=False,
            domain=False,
            labelAngle=-90 if upright else 0,
            labelAlign="left" if upright else "center",
            labelBaseline="middle" if upright else "alphabetic",
        )
        plot = alt.Chart(alt.InlineData(values=values)).encode(
            y=alt.Y("row:N", sort=names, title=None, axis=row_axis()),
            x=alt.X("column:N", sort=across, title=None, axis=top),
        )
        # pale enough for the page's own ink on every cell, in light and in dark
        depth = alt.Opacity("value:Q", scale=alt.Scale(type="log", range=[0.5, 0.04]), legend=None)
        colour = alt.value(canvas.palette.series[1])
        cells = plot.mark_rect(cornerRadius=3).encode(opacity=depth, color=colour)
        said = plot.mark_text(fontSize=13).encode(
            text="said:N", color=alt.value(canvas.palette.ink)
        )
        height = max(44 * len(names), height_of(names))
        return alt.layer(cells, said).properties(width=canvas.width, height=height)

    return Figure(caption, tuple(rows), draw)


def scatter_figure(
    caption: Caption, rows: Sequence[Row], series: Series, across: Axis, up: Axis
) -> Figure:
    """A dot an arm, with the interval of its height (`arm`, x, y, low, high)."""

    def draw(canvas: Canvas) -> Any:
        legend = _legend(series, canvas)
        scale = alt.Scale(domain=list(up.bounds)) if up.bounds else alt.Scale(zero=False)
        plot = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(
            x=alt.X(
                "x:Q",
                title=across.title,
                axis=ticks(across),
                scale=alt.Scale(zero=False, padding=18),
            ),
            color=series.colour(canvas.palette).legend(legend),
        )
        y = alt.Y("low:Q", title=up.title, scale=scale, axis=ticks(up))
        layers: list[Any] = [
            plot.mark_rule(strokeWidth=2, opacity=0.6).encode(y=y, y2="high:Q"),
            plot.mark_circle(size=110, opacity=1).encode(y=alt.Y("y:Q")),
        ]
        return alt.layer(*layers).properties(width=canvas.width, height=280)

    return Figure(caption, tuple(rows), draw)
