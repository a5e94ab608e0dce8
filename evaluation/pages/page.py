"""Self-contained HTML pages: text, tables and charts in a single file without scripts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from db.records import Interval
from evaluation.judge_cards import describe_kinds
from evaluation.pages.charts import Figure, csv_file, png_file, svg, svg_file
from evaluation.verdict import percent

_TEMPLATES = Path(__file__).parent / "templates"
_WIDE, _NARROW = 720, 380
_NUMBERS = re.compile(r"(?<=\d) %|\((?:[-−+<>]?[\d.,]+(?: %)?(?: to )?){2}\)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Table:
    """A table with a note above it, column titles and rows of formatted cells."""

    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A section of a page, which shows `missing_note` if it has no figures, tables or texts.

    `texts` are named, collapsible texts, such as configuration files.
    """

    heading: str
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    missing_note: str = ""


@dataclass(frozen=True)
class Page:
    """The parts of a page, in order: topic, title, verdict, notice and sections.

    `written_at` is an ISO 8601 timestamp.
    """

    eyebrow: str
    title: str
    verdict: str
    written_at: str
    sections: tuple[Section, ...]
    notice: str = ""


@dataclass(frozen=True)
class RenderedFigure:
    """A figure rendered for a page: an image in two widths, a caption and a link to the data."""

    name: str
    text: str
    wide: Markup
    narrow: Markup
    csv: str


def render_page(page: Page) -> str:
    """Render a page as self-contained HTML."""
    template = template_environment().get_template("page.html.jinja")
    return template.render(page=page, draw=render_figure)


def write_page(page: Page, path: Path) -> Path:
    """Write a page and, in a folder of the same name, each figure as SVG, PNG and CSV.

    Returns the path of the page.
    """
    write_atomically(path, render_page(page))
    write_figures((f for section in page.sections for f in section.figures), path.with_suffix(""))
    return path


def write_atomically(path: Path, text: str) -> None:
    """Write a file atomically, so that readers never see a partial file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_figures(figures: Iterable[Figure], folder: Path) -> None:
    """Write each figure as SVG and PNG with a white background, and its data as CSV."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        path = folder / figure.caption.name
        path.with_suffix(".svg").write_text(svg_file(figure), encoding="utf-8")
        path.with_suffix(".png").write_bytes(png_file(figure))
        path.with_suffix(".csv").write_text(csv_file(figure), encoding="utf-8")


def template_environment() -> Environment:
    """Create a Jinja environment that escapes HTML and raises an error for undefined names.

    The environment also replaces characters that HTML doesn't allow.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printable,
    )
    environment.filters |= {
        "percent": percent,
        "number": number,
        "range": interval_range,
        "signed": signed,
        "link": safe_link,
        "kinds": describe_kinds,
        "unbroken": unbroken,
    }
    return environment


def render_figure(figure: Figure) -> RenderedFigure:
    """Render a wide and a narrow version of a figure, with HTML-escaped labels."""
    wide, narrow = (Markup(svg(figure, width)) for width in (_WIDE, _NARROW))  # noqa: S704 - our SVG
    data = f"data:text/csv;charset=utf-8,{quote(csv_file(figure))}"
    return RenderedFigure(figure.caption.name, figure.caption.text, wide, narrow, data)


def printable(value: object) -> object:
    """Replace characters that HTML doesn't allow (control characters and lone surrogates)."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    return value


def number(value: float | None, digits: int = 2) -> str:
    """Format a number with a typographic minus sign, and None as a dash."""
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """Format a number with a plus or minus sign."""
    return f"{value:+,.{digits}f}".replace("-", "−")


def interval_range(interval: Interval, digits: int = 2) -> str:
    """Format the bounds of an interval, such as `0.41 to 0.63`."""
    return f"{number(interval.low, digits)} to {number(interval.high, digits)}"


def unbroken(text: str) -> str:
    """Prevent line breaks before `%` and within bounds such as `(27 % to 65 %)`."""
    return _NUMBERS.sub(lambda match: match.group().replace(" ", "\N{NO-BREAK SPACE}"), text)


def percent_cell(share: Interval | None) -> str:
    """Format a share without its interval, such as `41 %`."""
    return percent(share.estimate) if share else "–"


def share_cell(share: Interval | None) -> str:
    """Format a share with its interval, such as `41 % (30 % to 52 %)`."""
    if share is None:
        return "–"
    return f"{percent(share.estimate)} ({percent(share.low)} to {percent(share.high)})"


def number_cell(mean: Interval | None, digits: int = 2) -> str:
    """Format a mean with its interval, such as `0.41 (0.30 to 0.52)`."""
    if mean is None:
        return "–"
    return f"{number(mean.estimate, digits)} ({interval_range(mean, digits)})"


def safe_link(url: str) -> str:
    """Return the URL if it is a web address, otherwise "", so that no link can run a script."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""
