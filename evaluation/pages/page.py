"""Pages that hold all they need: text, tables and charts in one HTML file without scripts."""

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
_FIGURES = re.compile(r"(?<=\d) %|\((?:[-−+<>]?[\d.,]+(?: %)?(?: to )?){2}\)")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Table:
    """A table: what it shows, its columns, and rows of cells as people read them."""

    says: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Section:
    """A part of a page; where it has neither figures nor tables, `missing_note` says why."""

    heading: str
    notes: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    missing_note: str = ""


@dataclass(frozen=True)
class Page:
    """A page: what it is about, its verdict first, then its sections.

    `notice` is said right under the verdict; `written_at` is ISO 8601. `texts` of a section are
    named texts that are folded away, such as configurations.
    """

    eyebrow: str
    title: str
    verdict: str
    written_at: str
    sections: tuple[Section, ...]
    notice: str = ""


def render_page(page: Page) -> str:
    """The page as self-contained HTML."""
    return (
        template_environment().get_template("page.html.jinja").render(page=page, draw=render_figure)
    )


def write_page(page: Page, path: Path) -> Path:
    """Write a page and, in a folder of the same name, each figure as SVG, PNG and CSV.

    Returns the page's path.
    """
    write_atomically(path, render_page(page))
    write_figures((f for section in page.sections for f in section.figures), path.with_suffix(""))
    return path


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def write_figures(figures: Iterable[Figure], folder: Path) -> list[Path]:
    """Write each figure as SVG and PNG on white, and its data as CSV; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for figure in figures:
        place = folder / figure.caption.name
        place.with_suffix(".svg").write_text(svg_file(figure), encoding="utf-8")
        place.with_suffix(".png").write_bytes(png_file(figure))
        place.with_suffix(".csv").write_text(csv_file(figure), encoding="utf-8")
        written += [place.with_suffix(ending) for ending in (".svg", ".png", ".csv")]
    return written


def template_environment() -> Environment:
    """Where templates are rendered: escaped, strict about names, free of unprintable characters."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=printable,
    )
    made.filters |= {
        "percent": percent,
        "number": number,
        "range": interval_range,
        "signed": signed,
        "link": safe_link,
        "said": describe_kinds,
        "unbroken": unbroken,
    }
    return made


@dataclass(frozen=True)
class RenderedFigure:
    """A figure as a page shows it: in two widths, in words, with its data as an address."""

    name: str
    says: str
    wide: Markup
    narrow: Markup
    csv: str


def render_figure(figure: Figure) -> RenderedFigure:
    """A figure render_figure for wide and for narrow screens, its labels escaped by the drawing."""
    wide, narrow = (Markup(svg(figure, width)) for width in (_WIDE, _NARROW))  # noqa: S704 - ours
    data = f"data:text/csv;charset=utf-8,{quote(csv_file(figure))}"
    return RenderedFigure(figure.caption.name, figure.caption.says, wide, narrow, data)


def printable(value: object) -> object:
    """Text without characters that no HTML page may hold (controls, half surrogates)."""
    if isinstance(value, Markup):
        return value
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def number(value: float | None, digits: int = 2) -> str:
    """A number for people, with a true minus sign; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}".replace("-", "−")


def signed(value: float, digits: int = 2) -> str:
    """A difference for people, with its sign."""
    return f"{value:+,.{digits}f}".replace("-", "−")


def interval_range(found: Interval, digits: int = 2) -> str:
    """The bounds of an interval: `0.41 to 0.63`."""
    return f"{number(found.low, digits)} to {number(found.high, digits)}"


def unbroken(text: str) -> str:
    """The text with no line ending before a `%` or within bounds such as `(27 % to 65 %)`."""
    return _FIGURES.sub(lambda found: found.group().replace(" ", "\N{NO-BREAK SPACE}"), text)


def share_cell(found: Interval | None) -> str:
    """A share with its interval as a table says it: `41 % (30 % to 52 %)`."""
    if found is None:
        return "–"
    return f"{percent(found.estimate)} ({percent(found.low)} to {percent(found.high)})"


def number_cell(found: Interval | None, digits: int = 2) -> str:
    """A mean with its interval as a table says it: `0.41 (0.30 to 0.52)`."""
    return (
        "–"
        if found is None
        else f"{number(found.estimate, digits)} ({interval_range(found, digits)})"
    )


def safe_link(url: str) -> str:
    """The address if it is one of the web, and nothing otherwise (no scripts, no files)."""
    try:
        return url if urlsplit(url).scheme in ("http", "https") else ""
    except ValueError:
        return ""
