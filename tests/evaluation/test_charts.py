import xml.etree.ElementTree as ET

import altair

from evaluation.pages.charts import (
    PRINT,
    Axis,
    Canvas,
    Caption,
    Figure,
    Row,
    Series,
    csv_file,
    png_file,
    specification,
    svg,
    svg_file,
)
from evaluation.pages.figures import LossPoint, loss_figure, strengths_figure
from evaluation.pages.plots import interval_figure
from evaluation.pages.report import report_figures
from tests.evaluation.samples import sample_preferences, sample_report

ROWS: list[Row] = [
    {"arm": '<Base> & "co"', "low": 0.1, "estimate": 0.2, "high": 0.3},
    {"arm": "=SUM(A1)", "low": 0.5, "estimate": 0.6, "high": 0.9},
]


def chart() -> Figure:
    series = Series(tuple(str(row["arm"]) for row in ROWS))
    return interval_figure(Caption("share", "Shares."), ROWS, series, Axis("Share", ".0%", (0, 1)))


def text_of(drawing: str) -> str:
    root = ET.fromstring(drawing)  # noqa: S314 - our own
    return " ".join(text for element in root.iter() if (text := element.text))


def test_a_chart_is_well_formed_and_shows_its_labels_and_values() -> None:
    text = text_of(svg_file(chart()))
    assert '<Base> & "co"' in text
    assert "20 %" in text
    assert "60 %" in text


def test_a_chart_fits_its_width() -> None:
    for width in (380, 720):
        root = ET.fromstring(svg(chart(), width))  # noqa: S314 - our own
        assert float(root.attrib["width"]) <= width


def test_every_figure_of_a_report_can_be_written_to_files() -> None:
    for figure in report_figures(sample_report()):
        assert "var(--" not in svg_file(figure)
        assert text_of(svg_file(figure))
        assert png_file(figure, scale=1).startswith(b"\x89PNG")


def test_formulas_in_the_data_are_quoted() -> None:
    lines = csv_file(chart()).splitlines()
    assert lines[0] == "arm,low,estimate,high"
    assert lines[1] == '"<Base> & ""co""",0.1,0.2,0.3'
    assert lines[2] == "'=SUM(A1),0.5,0.6,0.9"


def test_every_figure_is_valid_vega_lite() -> None:
    for figure in report_figures(sample_report()):
        altair.Chart.from_dict(specification(figure, Canvas(400, PRINT)), validate=True)


def test_strengths_need_three_arms() -> None:
    arms = sample_report().arms
    assert strengths_figure(arms, sample_preferences()) is not None
    assert strengths_figure(arms, None) is None


def test_a_loss_curve_needs_two_steps() -> None:
    assert loss_figure([LossPoint(1, 2.0)]) is None
    assert loss_figure([]) is None
    assert loss_figure([LossPoint(1, 2.0), LossPoint(2, 1.0)]) is not None
