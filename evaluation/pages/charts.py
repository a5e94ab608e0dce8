"""Charts render_figure offline: Altair describes them, vl-convert's own copy of Vega draws them.

A chart is render_figure with a palette. `PAGE` holds stand-in colours that become CSS variables once the
chart stands in a page, so that one drawing serves light and dark; `PRINT` is for files.
"""

import csv
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import altair as alt
import vl_convert
from altair.utils.schemapi import debug_mode

_VEGA_LITE = "6.4"
_ROW = 46
_DOTS = 40
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row: TypeAlias = Mapping[str, str | float]


@dataclass(frozen=True)
class Palette:
    """The colours of a chart: text, weaker text, grid lines, what lies behind, and the series."""

    ink: str
    muted: str
    grid: str
    behind: str
    series: tuple[str, ...]


PRINT = Palette(
    ink="#1d2329",
    muted="#5b6672",
    grid="#dfe3e8",
    behind="#ffffff",
    series=("#8a6d1f", "#2f6db3", "#b8452f", "#2b8060", "#7d52a8", "#66717d", "#c2478f", "#1f8aa5"),
)
PAGE = Palette(
    ink="#0a0b01",
    muted="#0a0b02",
    grid="#0a0b03",
    behind="#0a0b04",
    series=tuple(f"#0a0b1{i}" for i in range(8)),
)
_VARIABLES = {
    PAGE.ink: "var(--ink)",
    PAGE.muted: "var(--muted)",
    PAGE.grid: "var(--line)",
    PAGE.behind: "var(--paper)",
} | {colour: f"var(--series-{i})" for i, colour in enumerate(PAGE.series)}


@dataclass(frozen=True)
class Canvas:
    """What a chart is render_figure on: its width in pixels and its colours."""

    width: int
    palette: Palette


@dataclass(frozen=True)
class Caption:
    """A figure's name (letters and hyphens, one a page) and what it shows, in words."""

    name: str
    says: str


@dataclass(frozen=True)
class Figure:
    """A chart with its data: `draw` makes it for a canvas."""

    caption: Caption
    rows: tuple[Row, ...]
    draw: Callable[[Canvas], Any]


@dataclass(frozen=True)
class Series:
    """The arms of a chart in the order that gives each its colour, the same in every chart.

    `start` is the first colour's place in the palette; `neutral` is a label without a colour.
    """

    labels: tuple[str, ...]
    start: int = 0
    neutral: str = ""

    def colour(self, palette: Palette) -> alt.Color:
        """The colour channel of these arms."""
        count = len(palette.series)
        colours = [palette.series[(self.start + i) % count] for i in range(len(self.labels))]
        named = [*self.labels, self.neutral] if self.neutral else list(self.labels)
        scale = alt.Scale(domain=named, range=[*colours, palette.muted])
        return alt.Color("arm:N", scale=scale)


@dataclass(frozen=True)
class Mark:
    """A value that a chart's readings are held against, render_figure as a labelled line."""

    label: str
    value: float


@dataclass(frozen=True)
class Axis:
    """A quantitative axis: its title, d3 number format and bounds (None: from the data).

    `log` spaces it by ratios, with a tick at each value that there is.
    """

    title: str
    format: str = ".2f"
    bounds: tuple[float, float] | None = None
    log: bool = False


def svg(figure: Figure, width: int) -> str:
    """The chart as an SVG element for a page, its colours CSS variables, its text described."""
    render_figure = _svg(figure, Canvas(width, PAGE))
    for colour, variable in _VARIABLES.items():
        render_figure = render_figure.replace(colour, variable)
    return render_figure.replace(
        "<svg ", f'<svg role="img" aria-labelledby="figure-{figure.caption.name}" ', 1
    )


def svg_file(figure: Figure, width: int = 680) -> str:
    """The chart as a file of its own, on white."""
    return _svg(figure, Canvas(width, PRINT))


def png_file(figure: Figure, width: int = 680, scale: float = 2.0) -> bytes:
    """The chart as a PNG image on white, `scale` pixels for each of its width."""
    render_figure = vl_convert.svg_to_png(svg_file(figure, width), scale=scale)
    return bytes(render_figure)


def csv_file(figure: Figure) -> str:
    """The chart's data as CSV; text that a spreadsheet would run as a formula is quoted."""
    columns = list(dict.fromkeys(name for row in figure.rows for name in row))
    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, columns, lineterminator="\n")
    writer.writeheader()
    for row in figure.rows:
        writer.writerow({name: _harmless(value) for name, value in row.items()})
    return sheet.getvalue()


def _harmless(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _svg(figure: Figure, canvas: Canvas) -> str:
    # What is render_figure is fixed by this module and validated by its tests; validating each time would
    # take longer than drawing.
    with debug_mode(False):
        spec = specification(figure, canvas)
    return str(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE))


def specification(figure: Figure, canvas: Canvas) -> dict[str, Any]:
    """The chart in Vega-Lite, with the look that all charts share."""
    palette = canvas.palette
    text = {"labelColor": palette.ink, "titleColor": palette.muted, "labelFontSize": 12}
    axis = {
        "domainColor": palette.grid,
        "tickColor": palette.grid,
        "gridColor": palette.grid,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "labelLimit": 200,
        "labelPadding": 8,
    }
    spec = figure.draw(canvas).configure(
        background=palette.behind,
        font="Helvetica Neue, Arial, sans-serif",
        view={"stroke": None},
        axis=text | axis,
        legend=text | {"labelLimit": canvas.width // legend_columns(canvas) - 40, "title": None},
        padding={"left": 2, "right": 14, "top": 6, "bottom": 4},
        autosize={"type": "fit-x", "contains": "padding"},
    )
    return dict(spec.to_dict())


def interval_figure(
    caption: Caption,
    rows: Sequence[Row],
    series: Series,
    axis: Axis,
    marks: Sequence[Mark] = (),
) -> Figure:
    """One row an arm: the estimate as a dot, its interval as a line (`arm`, low, estimate, high).

    `marks` are render_figure across all rows, each with its label.
    """

    def draw(canvas: Canvas) -> Any:
        values = [_labelled(row, axis, canvas) for row in rows]
        y_labels = [str(value["row"]) for value in values]
        data = alt.InlineData(values=values)
        y = alt.Y("row:N", sort=None, title=None, axis=row_axis())
        scale = alt.Scale(domain=list(axis.bounds)) if axis.bounds else alt.Scale(zero=False)
        x = alt.X("low:Q", scale=scale, title=axis.title, axis=ticks(axis))
        colour = series.colour(canvas.palette).legend(None)
        plot = alt.Chart(data).encode(y=y, color=colour)
        layers: list[Any] = [
            *_mark_layers(marks, canvas),
            plot.mark_rule(strokeWidth=3, strokeCap="round").encode(x=x, x2="high:Q"),
            plot.mark_circle(size=130, opacity=1).encode(x=alt.X("estimate:Q")),
            *_haloed(plot, canvas.palette),
        ]
        return alt.layer(*layers).properties(width=canvas.width, height=height_of(y_labels))

    kept: list[Row] = [{"mark": mark.label, "estimate": mark.value} for mark in marks]
    return Figure(caption, (*rows, *kept), draw)


def _haloed(plot: Any, palette: Palette) -> list[Any]:
    """The estimate over its dot, on a rim of the page's colour that keeps lines off it."""
    said = plot.encode(x=alt.X("estimate:Q"), text="said:N")
    behind = said.mark_text(dy=-15, fontSize=12, stroke=palette.behind, strokeWidth=5)
    text = said.mark_text(dy=-15, fontSize=12)
    colours = (palette.behind, palette.ink)
    layers = zip((behind, text), colours, strict=True)
    return [layer.encode(color=alt.value(colour)) for layer, colour in layers]


def legend_columns(canvas: Canvas) -> int:
    """How many names of arms a line of a legend has room for."""
    return 1 if canvas.width < 500 else 4


def ticks(axis: Axis) -> alt.Axis:
    """A quantitative axis with a few ticks."""
    return alt.Axis(format=axis.format, tickCount=5)


def height_of(labels: Sequence[str]) -> int:
    """Room for as many rows as there are labels, each as high as the one with the most lines."""
    lines = max((label.count("\n") + 1 for label in labels), default=1)
    return max(_ROW, 14 * lines + 14) * len(set(labels))


def _labelled(row: Row, axis: Axis, canvas: Canvas) -> dict[str, str | float]:
    named = wrapped(str(row["arm"]), canvas)
    value = float(row["estimate"])
    said = f"{100 * value:.0f} %" if axis.format == ".0%" else f"{value:.2f}"
    return {**row, "row": named, "said": said.replace("-", "−")}


def wrapped(label: str, canvas: Canvas) -> str:
    """A label in lines that fit beside a chart of the canvas's width."""
    return "\n".join(textwrap.wrap(label, 26 if canvas.width > 500 else 15)) or "–"


def row_axis() -> alt.Axis:
    """An axis of wrapped labels, one a row."""
    return alt.Axis(
        ticks=False,
        domain=False,
        labelExpr="split(datum.label, '\\n')",
        labelLineHeight=14,
        labelPadding=12,
    )


def _mark_layers(marks: Sequence[Mark], canvas: Canvas) -> list[Any]:
    values = [{"label": mark.label, "value": mark.value} for mark in marks]
    if not values:
        return []
    plot = alt.Chart(alt.InlineData(values=values)).encode(x=alt.X("value:Q"))
    palette = canvas.palette
    return [
        plot.mark_rule(strokeDash=[4, 3], strokeWidth=1.5, color=palette.muted),
        plot.mark_text(align="center", baseline="bottom", dy=-4, fontSize=11).encode(
            y=alt.value(0), text="label:N", color=alt.value(palette.muted)
        ),
    ]


def line_figure(
    caption: Caption, rows: Sequence[Row], series: Series, across: Axis, up: Axis
) -> Figure:
    """A line an arm over a number (`arm`, x, y, and low and high where there is an interval)."""

    def draw(canvas: Canvas) -> Any:
        legend = alt.Legend(
            orient="top",
            direction="horizontal",
            columns=legend_columns(canvas),
            symbolType="square",
            symbolOpacity=1,
            symbolStrokeWidth=0,
        )
        colour = series.colour(canvas.palette).legend(legend)
        scale = alt.Scale(domain=list(up.bounds)) if up.bounds else alt.Scale(zero=False, nice=True)
        x_axis = alt.Axis(format=across.format, grid=False, tickCount=10, labelFlush=False)
        x = alt.X("x:Q", title=across.title, axis=x_axis)
        if across.log:
            known = sorted({float(row["x"]) for row in rows})
            x_axis = alt.Axis(format=across.format, grid=False, values=known)
            x = alt.X("x:Q", title=across.title, axis=x_axis, scale=alt.Scale(type="log"))
        y = alt.Y("y:Q", title=up.title, scale=scale, axis=alt.Axis(format=up.format, tickCount=5))
        plot = alt.Chart(alt.InlineData(values=[dict(row) for row in rows])).encode(
            x=x, color=colour
        )
        dash = alt.StrokeDash("arm:N", scale=alt.Scale(domain=list(series.labels)), legend=None)
        layers: list[Any] = [plot.mark_line(strokeWidth=2.5).encode(y=y, strokeDash=dash)]
        if len({row["x"] for row in rows}) <= _DOTS:
            layers.append(plot.mark_circle(size=36, opacity=1).encode(y=y))
        if any("low" in row for row in rows):
            layers.insert(0, plot.mark_area(opacity=0.1).encode(y=alt.Y("low:Q"), y2="high:Q"))
        return alt.layer(*layers).properties(width=canvas.width, height=260)

    return Figure(caption, tuple(rows), draw)


def share_figure(caption: Caption, rows: Sequence[Row], series: Series) -> Figure:
    """A full bar a row, divided by who won (`row`, `arm`, `order`, `count`)."""

    def draw(canvas: Canvas) -> Any:
        values = [
            {**row, "row": wrapped(str(row["row"]), canvas)} for row in rows if float(row["count"])
        ]
        y = alt.Y("row:N", sort=None, title=None, axis=row_axis())
        legend = alt.Legend(orient="top", columns=legend_columns(canvas))
        plot = alt.Chart(alt.InlineData(values=values)).encode(y=y, order=alt.Order("order:Q"))
        x = alt.X("count:Q", stack="normalize", title="Share of votes", axis=ticks(Axis("", ".0%")))
        middle = alt.X("count:Q", stack="normalize", bandPosition=0.5)
        bars = plot.mark_bar(height=26).encode(
            x=x, color=series.colour(canvas.palette).legend(legend)
        )
        said = plot.mark_text(fontSize=12, fontWeight="bold").encode(
            x=middle,
            text="count:Q",
            detail="arm:N",
            color=alt.value(canvas.palette.behind),
        )
        height = height_of([str(value["row"]) for value in values])
        return alt.layer(bars, said).properties(width=canvas.width, height=height)

    return Figure(caption, tuple(rows), draw)
