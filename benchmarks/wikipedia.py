"""How fast and how truly Wikipedia's markup becomes passages, beside mwparserfromhell.

Reads the real dump fragment of the shared data (106 articles of 2016) and the plain text of the
same articles a year earlier. Run it as `python -m benchmarks.wikipedia`; `--copies` sets how often
the fragment is repeated for the measure of speed and memory, `--record` puts that into its page.
"""

import argparse
import bz2
import json
import lzma
import re
import resource
import tempfile
import time
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import mwparserfromhell

from benchmarks.record import record
from db.store import Store
from pipelines.wikipedia import dump
from pipelines.wikipedia.intake import records
from pipelines.wikipedia.notability import why_not
from pipelines.wikipedia.site import Page
from pipelines.wikipedia.wikitext import sections
from timbre.articles import add_articles

DATA = Path(__file__).parents[2] / "shared" / "data"
FRAGMENT = (
    "wikidump-gensim-enwiki/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
)
REFERENCE = "wikipedia-enwiki-2015-sequential/enwiki2015_first.jsonl.xz"
_MB = 1_000_000
_TOKENS = re.compile(
    r"\{\{|\}\}|\[\[|\]\]|\{\||\|\}|'{2,}|</?[a-zA-Z!][^<>]*>|&[a-zA-Z]+;|={2,}|\|[a-z_ ]+="
)

T = TypeVar("T")
Shingles = Counter[tuple[str, ...]]


def main() -> None:
    """Print the three tables: speed, truth, what differs and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--copies", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--record", action="store_true")
    options = parser.parse_args()
    speeds = _speeds(options.copies, options.workers)  # first, while little memory is in use
    pages = list(_articles(DATA / FRAGMENT))
    reference = dict(_reference(DATA / REFERENCE, {page.id for page in pages}))
    ours = {page.id: plain(page.text) for page in pages}
    strip = _timed(lambda: {page.id: _strip_code(page.text) for page in pages})
    size = sum(len(page.text.encode()) for page in pages) / _MB
    speeds.insert(-2, f"| `strip_code` on text already read, no passages | {strip.speed(size)} |")
    if options.record:
        record("wikipedia", speeds)
    else:
        print("\n".join(speeds))
    print(f"{len(pages)} articles, {size:.1f} MB of wikitext")
    _print_truth(pages, reference, {"Timbre": ours, "strip_code": strip.result}, size)
    _print_causes(pages, reference, ours)


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


def _speeds(copies: int, workers: int) -> list[str]:
    """A table of speeds, an empty line, and what memory they took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "enwiki-copies.xml.bz2"
        size = _write_copies(DATA / FRAGMENT, path, copies) / _MB
        measures: dict[str, Callable[[], object]] = {
            "decompression alone": lambda: _drain(_blocks(path)),
            "pages read": lambda: _drain(dump.pages(path, path.name)),
            "bz2 to passages, 1 process": lambda: _drain(records(str(path), workers=1)),
            f"bz2 to passages, {workers} processes": lambda: _drain(
                records(str(path), workers=workers)
            ),
            "bz2 to stored passages, as `timbre articles add`": lambda: _stored(path),
        }
        lines = ["| | MB/s by the clock | MB per second of a core |", "| --- | --- | --- |"]
        lines += [f"| {name} | {_timed(way).speed(size)} |" for name, way in measures.items()]
        packed = path.stat().st_size / _MB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    memory = (
        f"{size:.0f} MB of XML in {packed:.0f} MB of bz2. Peak memory: {peak / 1024:.0f} MB in the "
        f"process that reads and stores, {child / 1024:.0f} MB in one that cleans."
    )
    return [*lines, "", memory]


def _stored(path: Path) -> None:
    """Reads a dump into a store of its own."""
    url = f"sqlite:///{path.with_suffix('.db')}"
    Store.migrate(url)
    with Store.open(url) as store:
        add_articles(store, str(path), lambda *_: None)


def _write_copies(fragment: Path, path: Path, copies: int) -> int:
    """Write the fragment's pages several times under other titles; the size of the XML in bytes."""
    xml = bz2.decompress(fragment.read_bytes())
    start, end = xml.index(b"<page>"), xml.rindex(b"</mediawiki>")
    size = len(xml) - (end - start)
    with bz2.open(path, "wb") as file:
        file.write(xml[:start])
        for copy in range(copies):
            pages = xml[start:end].replace(b"</title>", b" no. %d</title>" % copy)
            size += file.write(pages)
        file.write(xml[end:])
    return size


def _articles(path: Path) -> Iterator[Page]:
    for _, page in dump.pages(path, path.name):
        reason = why_not(page)
        if reason is None or reason[0] not in {"redirect", "other namespace"}:
            yield page


def _reference(path: Path, wanted: set[str]) -> Iterator[tuple[str, str]]:
    with lzma.open(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            if row["id"] in wanted:
                yield row["id"], row["text"]


def _strip_code(wikitext: str) -> str:
    return str(mwparserfromhell.parse(wikitext).strip_code())


def _blocks(path: Path) -> Iterator[bytes]:
    with bz2.open(path) as stream:
        while block := stream.read(1 << 20):
            yield block


def _drain(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


@dataclass
class Timed(Generic[T]):
    """What a measure came to, the time it took, and the time that processors spent on it."""

    result: T
    seconds: float
    processor_seconds: float

    def speed(self, size: float) -> str:
        """Megabytes a second, by the clock and by a core's time, as cells of a table."""
        by_core = size / self.processor_seconds
        return f"{size / self.seconds:.2f} | {by_core:.2f}"


def _timed(measure: Callable[[], T]) -> Timed[T]:
    start, before = time.perf_counter(), _processor_seconds()
    result = measure()
    return Timed(result, time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


if __name__ == "__main__":
    main()
