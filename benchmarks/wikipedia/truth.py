"""How true the text cleaned of markup is to the text of the same articles a year earlier."""

import json
import lzma
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mwparserfromhell

from pipelines.wikipedia import dump
from pipelines.wikipedia.notability import why_not
from pipelines.wikipedia.site import Page
from pipelines.wikipedia.wikitext import sections

_TOKENS = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|'{2,}|</?[a-zA-Z!][^<>]*>|&[a-zA-Z]+;|={2,}|\|[a-z_ ]+="
)

Shingles = Counter[tuple[str, ...]]


def show(fragment: Path, earlier: Path) -> None:
    """Print how much of two texts agrees, and what differs and why.

    `earlier` holds the plain text that another extractor made of the fragment's articles a year
    before.
    """
    pages = list(articles(fragment))
    reference = dict(_reference(earlier, {page.id for page in pages}))
    ours = {page.id: plain(page.text) for page in pages}
    strip = {page.id: strip_code(page.text) for page in pages}
    size = sum(len(page.text.encode()) for page in pages) / 1_000_000
    print(f"{len(pages)} articles, {size:.1f} MB of wikitext")
    _print_truth(pages, reference, {"Timbre": ours, "strip_code": strip}, size)
    _print_causes(pages, reference, ours)


def articles(path: Path) -> Iterator[Page]:
    """The articles of a dump, lists and stubs among them."""
    for _, page in dump.pages(path, path.name):
        reason = why_not(page)
        if reason is None or reason[0] not in {"redirect", "other namespace"}:
            yield page


def strip_code(wikitext: str) -> str:
    """The prose of a page as mwparserfromhell leaves it."""
    return str(mwparserfromhell.parse(wikitext).strip_code())


def plain(wikitext: str) -> str:
    """The prose of a page in the form of the reference: headings and paragraphs as lines."""
    found = sections(wikitext)
    return "\n".join("\n".join((section.title, *section.paragraphs)) for section in found)


def words(text: str) -> list[str]:
    """Words in lower case, without what differs by convention: raised digits, `1,000`, formulas."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"formula_\d+|(?<=\d),(?=\d)|[\ue000-\uf8ff]", "", text)
    return re.findall(r"\w+", text)


def shingles(text: str) -> Shingles:
    """How often each run of five words occurs."""
    found = words(text)
    return Counter(zip(*(found[n:] for n in range(5)), strict=False))


@dataclass
class Overlap:
    """Shingles counted over some pages: made, expected, and those that agree."""

    made: int = 0
    expected: int = 0
    shared: int = 0

    def add(self, made: Shingles, expected: Shingles) -> None:
        """Count one page."""
        self.made += made.total()
        self.expected += expected.total()
        self.shared += (made & expected).total()

    def __str__(self) -> str:
        """Recall and precision."""
        recall, precision = self.shared / self.expected, self.shared / self.made
        return f"recall {recall:.4f}  precision {precision:.4f}"


def _print_truth(
    pages: list[Page], reference: dict[str, str], made: dict[str, dict[str, str]], size: float
) -> None:
    for name, texts in made.items():
        halves = [Overlap(), Overlap()]
        for number, page in enumerate(sorted(pages, key=lambda page: int(page.id))):
            halves[number % 2].add(shingles(texts[page.id]), shingles(reference[page.id]))
        left = sum(len(_TOKENS.findall(text)) for text in texts.values())
        print(f"{name:12} tuned on  {halves[0]}   markup left {left / size:6.1f} per MB")
        print(f"{'':12} held out  {halves[1]}")


def _print_causes(pages: list[Page], reference: dict[str, str], ours: dict[str, str]) -> None:
    """Why shingles differ, over all pages, with the ids of the pages that differ most."""
    missing, extra, worst = Counter[str](), Counter[str](), list[tuple[float, str]]()
    for page in pages:
        made, expected = shingles(ours[page.id]), shingles(reference[page.id])
        raw = shingles(_bare(page.text))
        for shingle, count in (expected - made).items():
            missing["lost in cleaning" if shingle in raw else "not in the later page"] += count
        for shingle, count in (made - expected).items():
            extra["in the later page" if shingle in raw else "shown by a template or tag"] += count
        recall = (made & expected).total() / max(1, expected.total())
        if recall < 0.8 and expected.total():
            worst.append((recall, f"{page.id} {page.title} ({recall:.2f})"))
    print("\nin the reference only:", dict(missing))
    print("in ours only:         ", dict(extra))
    print("pages with a recall under .80:", ", ".join(name for _, name in sorted(worst)))


def _bare(wikitext: str) -> str:
    """A page's words in their order, with its markup merely blotted out."""
    text = re.sub(r"<!--.*?-->|<ref[^>/]*/>|<ref.*?</ref>", "", wikitext, flags=re.DOTALL)
    text = re.sub(r"\[\[(?:[^\[\]|]*\|)?([^\[\]|]*)\]\]", r"\1", text)
    text = re.sub(r"\[https?:\S+ ?([^\]]*)\]", r"\1", text)
    return re.sub(r"\{\{[^{}]*\}\}|'{2,}|</?\w+[^>]*>|&nbsp;", " ", text)


def _reference(path: Path, wanted: set[str]) -> Iterator[tuple[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if row["id"] in wanted:
                yield row["id"], row["text"]
