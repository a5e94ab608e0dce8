"""Charts that are defined as Vega-Lite specifications and rendered offline with vl-convert.

The palette `PAGE` contains placeholder colours that are replaced by CSS variables on a page, so
that charts adapt to light and dark mode. The palette `PRINT` is used for charts in image files.
"""

import csv
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from db.records import Interval

_VEGA_LITE = "6.4"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row: TypeAlias = Mapping[str, str | float]
Spec: TypeAlias = dict[str, Any]
"""A Vega-Lite specification or part of one."""


@dataclass(frozen=True)
class Palette:
    """The colours of a chart: text, muted text, grid lines, background and series."""

    ink: str
    muted: str
    grid: str
    background: str
    series: tuple[str, ...]


PRINT = Palette(
    ink="#1d2329",
    muted="#5b6672",
    grid="#dfe3e8",
    background="#ffffff",
    series=("#8a6d1f", "#2f6db3", "#b8452f", "#2b8060", "#7d52a8", "#66717d", "#c2478f", "#1f8aa5"),
)
PAGE = Palette(
    ink="#0a0b01",
    muted="#0a0b02",
    grid="#0a0b03",
    background="#0a0b04",
    series=tuple(f"#0a0b1{i}" for i in range(8)),
)
_VARIABLES = {
    PAGE.ink: "var(--ink)",
    PAGE.muted: "var(--muted)",
    PAGE.grid: "var(--line)",
    PAGE.background: "var(--paper)",
} | {colour: f"var(--series-{i})" for i, colour in enumerate(PAGE.series)}


@dataclass(frozen=True)
class Canvas:
    """The width (in pixels) and the colour palette with which a chart is drawn."""

    width: int
    palette: Palette

    @property
    def is_narrow(self) -> bool:
        """Whether the canvas is as narrow as a phone screen."""
        return self.width < 500

    @property
    def legend_columns(self) -> int:
        """The number of labels that fit on one line of a legend."""
        return 1 if self.is_narrow else 4

    def wrap(self, label: str) -> str:
        """Break a label into lines that are short enough to fit beside the chart."""
        return "\n".join(textwrap.wrap(label, 15 if self.is_narrow else 26)) or "–"


@dataclass(frozen=True)
class Caption:
    """A figure's name (letters and hyphens, unique on its page) and a sentence describing it."""

    name: str
    text: str


@dataclass(frozen=True)
class Figure:
    """A chart with its data and caption.

    `draw` builds the chart's Vega-Lite specification for a given width and palette.
    """

    caption: Caption
    rows: tuple[Row, ...]
    draw: Callable[[Canvas], Spec]


@dataclass(frozen=True)
class Series:
    """Labels in the order of their colours; charts that share a series use the same colours.

    `start` is the palette index of the first label's colour. The label in `neutral`, if there is
    one, gets the palette's muted colour.
    """

    labels: tuple[str, ...]
    start: int = 0
    neutral: str = ""

    def colour(self, palette: Palette, legend: Spec | None = None) -> Spec:
        """Build the Vega-Lite encoding that colours each mark by its label."""
        count = len(palette.series)
        colours = [palette.series[(self.start + i) % count] for i in range(len(self.labels))]
        labels = [*self.labels, self.neutral] if self.neutral else list(self.labels)
        scale = {"domain": labels, "range": [*colours, palette.muted]}
        return {"field": "arm", "type": "nominal", "scale": scale, "legend": legend}


@dataclass(frozen=True)
class Mark:
    """A reference value that a chart shows as a labelled line."""

    label: str
    value: float


@dataclass(frozen=True)
class Axis:
    """A quantitative axis with a title, a d3 number format and optional bounds.

    Without `bounds`, the range of the axis depends on the data. If `log` is true, the axis has a
    tick at each value in the data.
    """

    title: str
    format: str = ".2f"
    bounds: tuple[float, float] | None = None
    log: bool = False

    def encoding(self, field: str) -> Spec:
        """Build the Vega-Lite encoding that places a numeric field on this axis."""
        scale: Spec = {"domain": list(self.bounds)} if self.bounds else {"zero": False}
        ticks: Spec = {"format": self.format, "tickCount": 5}
        if self.bounds == (0, 1):
            ticks["values"] = [0, 0.25, 0.5, 0.75, 1]  # leaves room for labels in any font
        return quantitative(field, title=self.title, scale=scale, axis=ticks)


def quantitative(field: str, **options: Any) -> Spec:
    """Encode a numeric field."""
    return {"field": field, "type": "quantitative", **options}


def nominal(field: str, **options: Any) -> Spec:
    """Build the Vega-Lite encoding of a field that contains names."""
    return {"field": field, "type": "nominal", **options}


def mark(kind: str, encoding: Spec, **options: Any) -> Spec:
    """Build a Vega-Lite layer with one kind of mark, such as bars."""
    return {"mark": {"type": kind, **options}, "encoding": encoding}


def svg(figure: Figure, width: int) -> str:
    """Render a chart as an SVG element for a page, with CSS variables as colours."""
    drawing = _svg(figure, Canvas(width, PAGE))
    for colour, variable in _VARIABLES.items():
        drawing = drawing.replace(colour, variable)
    label = f'<svg role="img" aria-labelledby="figure-{figure.caption.name}" '
    return drawing.replace("<svg ", label, 1)


def svg_file(figure: Figure, width: int = 680) -> str:
    """Render a chart as an SVG file with a white background."""
    return _svg(figure, Canvas(width, PRINT))


def png_file(figure: Figure, width: int = 680, scale: float = 2.0) -> bytes:
    """Render a chart as a PNG with a white background; `scale` multiplies its width and height."""
    import vl_convert  # imported on first use, as in `_svg`

    return bytes(vl_convert.svg_to_png(svg_file(figure, width), scale=scale))


def csv_file(figure: Figure) -> str:
    """Format the chart data as CSV, quoting text that a spreadsheet would run as a formula."""
    columns = list(dict.fromkeys(name for row in figure.rows for name in row))
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, lineterminator="\n")
    writer.writeheader()
    for row in figure.rows:
        writer.writerow({name: _quote_formula(value) for name, value in row.items()})
    return file.getvalue()


def _quote_formula(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _svg(figure: Figure, canvas: Canvas) -> str:
    import vl_convert  # imported on first use: it contains a JavaScript engine

    spec = specification(figure, canvas)
    return str(vl_convert.vegalite_to_svg(spec, vl_version=_VEGA_LITE))


def specification(figure: Figure, canvas: Canvas) -> Spec:
    """Build the complete Vega-Lite specification of a figure in the style that all charts share."""
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
    legend = {"labelLimit": canvas.width // canvas.legend_columns - 40, "title": None}
    config = {
        "background": palette.background,
        "font": "Helvetica Neue, Arial, sans-serif",
        "view": {"stroke": None},
        "axis": text | axis,
        "legend": text | legend,
        "padding": {"left": 2, "right": 14, "top": 6, "bottom": 4},
        "autosize": {"type": "fit-x", "contains": "padding"},
    }
    drawing = figure.draw(canvas)
    return {"$schema": _SCHEMA, "config": config, "width": canvas.width, **drawing}


def interval_cells(interval: Interval) -> dict[str, str | float]:
    """Convert an interval to the data fields `low`, `estimate` and `high`."""
    return {"low": interval.low, "estimate": interval.estimate, "high": interval.high}


def point_row(arm: str, x: float, rate: Interval) -> Row:
    """Build the data row for one point on an arm's line, with its interval."""
    return {"arm": arm, "x": x, "y": rate.estimate, "low": rate.low, "high": rate.high}


def unique(rows: Sequence[Row], field: str) -> list[str]:
    """Return the distinct values of a field, in the order in which they first appear."""
    return list(dict.fromkeys(str(row[field]) for row in rows))
