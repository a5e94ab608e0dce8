"""The accuracy of the text cleaned of markup, measured against an older version of the articles."""

import json
import lzma
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mwparserfromhell

from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import SourcePage
from pipelines.wikipedia import dump
from pipelines.wikipedia.wikitext.markers import show_quotations
from pipelines.wikipedia.wikitext.sections import parse_wikitext

_MARKUP = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|'{2,}|</?[a-zA-Z!][^<>]*>|&[a-zA-Z]+;|={2,}|\|[a-z_ ]+="
)

Shingles = Counter[tuple[str, ...]]


def show(fragment: Path, reference_path: Path) -> None:
    """Print how much the texts agree, and the differences by cause.

    `reference_path` holds the plain text of the fragment's articles a year earlier, as another
    extractor wrote it.
    """
    pages = list(read_articles(fragment))
    reference = dict(_read_reference(reference_path, {page.id for page in pages}))
    ours = {page.id: clean(page.text) for page in pages}
    theirs = {page.id: strip_code(page.text) for page in pages}
    size = sum(len(page.text.encode()) for page in pages) / 1_000_000
    print(f"{len(pages)} articles, {size:.1f} MB of wikitext")
    _print_accuracy(pages, reference, {"Timbre": ours, "strip_code": theirs}, size)
    _print_causes(pages, reference, ours)


def read_articles(path: Path) -> Iterator[SourcePage]:
    """The articles of a dump, including lists and stubs."""
    for page in dump.read_pages(path, path.name):
        reason = rejection_reason(page)
        if reason is None or reason.code not in {"redirect", "other namespace"}:
            yield page


def strip_code(wikitext: str) -> str:
    """The prose of a page according to mwparserfromhell."""
    return str(mwparserfromhell.parse(wikitext).strip_code())


def clean(wikitext: str) -> str:
    """The prose of a page in the reference's format: headings and paragraphs as lines."""
    sections = parse_wikitext(wikitext)
    texts = ("\n".join((section.title, *section.paragraphs)) for section in sections)
    return show_quotations("\n".join(texts))


def words(text: str) -> list[str]:
    """Lower-case words, without differences of convention: superscripts, `1,000`, formulas."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"formula_\d+|(?<=\d),(?=\d)|[\ue000-\uf8ff]", "", text)
    return re.findall(r"\w+", text)


def shingles(text: str) -> Shingles:
    """The count of each run of five words."""
    tokens = words(text)
    return Counter(zip(*(tokens[n:] for n in range(5)), strict=False))


@dataclass
class Overlap:
    """Counts of shingles over some pages: in our text, in the reference, in both."""

    ours: int = 0
    reference: int = 0
    shared: int = 0

    def add(self, ours: Shingles, reference: Shingles) -> None:
        """Count one page."""
        self.ours += ours.total()
        self.reference += reference.total()
        self.shared += (ours & reference).total()

    def __str__(self) -> str:
        """Recall and precision."""
        recall, precision = self.shared / self.reference, self.shared / self.ours
        return f"recall {recall:.4f}  precision {precision:.4f}"


def _print_accuracy(
    pages: list[SourcePage],
    reference: dict[str, str],
    outputs: dict[str, dict[str, str]],
    size: float,
) -> None:
    for name, texts in outputs.items():
        halves = [Overlap(), Overlap()]
        for number, page in enumerate(sorted(pages, key=lambda page: int(page.id))):
            halves[number % 2].add(shingles(texts[page.id]), shingles(reference[page.id]))
        markup = sum(len(_MARKUP.findall(text)) for text in texts.values())
        print(f"{name:12} tuned on  {halves[0]}   markup left {markup / size:6.1f} per MB")
        print(f"{'':12} held out  {halves[1]}")


def _print_causes(pages: list[SourcePage], reference: dict[str, str], ours: dict[str, str]) -> None:
    """Print why shingles differ over all pages, and the pages that differ most."""
    missing, extra, worst = Counter[str](), Counter[str](), list[tuple[float, str]]()
    for page in pages:
        actual, expected = shingles(ours[page.id]), shingles(reference[page.id])
        raw = shingles(_blank_markup(page.text))
        for shingle, count in (expected - actual).items():
            missing["lost in cleaning" if shingle in raw else "not in the later page"] += count
        for shingle, count in (actual - expected).items():
            extra["in the later page" if shingle in raw else "shown by a template or tag"] += count
        recall = (actual & expected).total() / max(1, expected.total())
        if recall < 0.8 and expected.total():
            worst.append((recall, f"{page.id} {page.title} ({recall:.2f})"))
    print("\nin the reference only:", dict(missing))
    print("in ours only:         ", dict(extra))
    print("pages with a recall under .80:", ", ".join(name for _, name in sorted(worst)))


def _blank_markup(wikitext: str) -> str:
    """A page's words in order, with the markup simply removed."""
    text = re.sub(r"<!--.*?-->|<ref[^>/]*/>|<ref.*?</ref>", "", wikitext, flags=re.DOTALL)
    text = re.sub(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1", text)
    text = re.sub(r"\[https?:\S+ ?([^\]]*)\]", r"\1", text)
    return re.sub(r"\{\{[^{}]*\}\}|'{2,}|</?\w+[^>]*>|&nbsp;", " ", text)


def _read_reference(path: Path, ids: set[str]) -> Iterator[tuple[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if row["id"] in ids:
                yield row["id"], row["text"]
