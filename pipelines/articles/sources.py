"""Pages from a source by its name: a dump, a table, documents, the sample, the live wiki."""

from collections.abc import Callable, Iterator
from pathlib import Path

from pipelines.articles import documents, hub
from pipelines.articles import tables as jsonl
from pipelines.articles.page import Page, Site
from pipelines.errors import SourceError
from pipelines.wikipedia import api as live
from pipelines.wikipedia import dump, parquet

SAMPLE = Path(__file__).parent / "sample"

_SAMPLE_LICENCE = "Apache-2.0"

_Reader = Callable[[Path, str, str], Iterator[tuple[Site, Page]]]
_READERS: dict[str, tuple[_Reader, bool]] = {
    ".xml": (dump.pages, True),
    ".bz2": (dump.pages, True),
    ".parquet": (parquet.pages, False),
    ".jsonl": (jsonl.pages, False),
}
_EXPECTED = (
    "`sample`, a file ending in .xml, .xml.bz2, .parquet or .jsonl, a folder of .md and .txt "
    f"documents, {hub.EXPECTED}, or {live.EXPECTED}"
)


def opened(source: str, licence: str = "") -> tuple[Iterator[tuple[Site, Page]], bool]:
    """The pages of a source as they come, each with its site, and whether they are wikitext.

    A source is `sample`, a path that ends in .xml, .xml.bz2, .parquet or .jsonl, a folder of
    documents, `hf:` and a data set on the Hub, or `wiki:` and what to ask Wikipedia itself for.
    `licence` is the licence of texts that are not Wikipedia's.

    Raises `SourceError` if there is no such source, or where it turns out to be broken or without
    a page; what was yielded before that is whole.
    """
    if source.startswith("wiki:"):
        return _some(live.pages(source, licence), source), True
    if source.startswith("hf:"):
        return _some(hub.pages(source, licence), source), False
    path = located(source)
    pages, markup = _reader(path)
    known = licence or (_SAMPLE_LICENCE if source == "sample" else "")
    return _some(pages(path, source_name(source), known), source), markup


def _some(pages: Iterator[tuple[Site, Page]], source: str) -> Iterator[tuple[Site, Page]]:
    """Pages, of which there must be one."""
    empty = True
    for page in pages:
        empty = False
        yield page
    if empty:
        raise SourceError(
            f"found no page in {Path(source).name}, expected at least one article; look whether "
            "it is the source you meant"
        )


def located(source: str) -> Path:
    """The file that a source's name stands for."""
    if source == "sample":
        return next(iter(sorted(SAMPLE.glob("articles.xml*"))), SAMPLE / "articles.xml")
    path = Path(source)
    if not source or not path.exists():  # an empty path is the folder one is in
        raise SourceError(f"found no source “{source}”, expected {_EXPECTED}")
    return path


def source_name(source: str) -> str:
    """The name by which articles of a source are known: a file's without its folder."""
    if source == "sample" or source.startswith(("wiki:", "hf:")):
        return source
    path = Path(source)
    return path.name or path.resolve().name or str(path)


def _reader(path: Path) -> tuple[_Reader, bool]:
    if path.is_dir():
        return documents.pages, False
    for ending, reader in _READERS.items():
        if path.name.lower().endswith(ending):
            return reader
    raise SourceError(f"found {path.name}, a file of an unknown kind, expected {_EXPECTED}")
