"""A source that reads a MediaWiki export (pages-articles XML, plain, .bz2 or .gz) page by page.

Schema versions 0.3 to 0.11 are supported. Memory use doesn't grow with the size of the dump,
because each page is discarded before the next one is read.
"""

import bz2
import gzip
import re
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import BufferedIOBase
from pathlib import Path
from typing import Any, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from pipelines.articles.source_page import Site, SourcePage, SourceTerms, url_host
from pipelines.errors import SourceError
from pipelines.wikipedia.templates.wiki import listed_wikis

_DATABASE = re.compile(r"([a-z]{2,3}(?:_[a-z_]+)?|simple)wiki(?![a-z])")
_LANGUAGE_HOST = re.compile(r"(?!www\.)([a-z]{2,3}(?:-[a-z-]+)?)\.[^.]*\.")
_WIKIPEDIA = ".wikipedia.org/"
_BLOCK_BYTES = 256 * 1024
_MAX_REVISION_BYTES = 50_000_000
_HIDDEN_NAMESPACES = {6, 14}  # files and categories, in every wiki
_START = (1, 0)  # line and column


def read_pages(path: Path, source: str, terms: SourceTerms | None = None) -> Iterator[SourcePage]:
    """Yield the pages of an export. `source` is the name stored with each article.

    Raises `SourceError` if the file is truncated, isn't XML or isn't a MediaWiki export.
    """
    licence = terms.licence if terms else ""
    count = 0
    try:
        with _open(path, source) as stream:
            for page in parse_export(_read_ahead(stream), source, licence):
                count += 1
                yield page
    except ParseError as error:
        raise SourceError(_describe(error, source, count)) from error
    except LookupError as error:
        raise SourceError(
            f"{source} has an unknown XML encoding ({error}). Download it again."
        ) from error
    except EOFError as error:
        raise SourceError(f"{source} is cut off after {count} pages. Download it again.") from error
    except (OSError, zlib.error) as error:
        details = getattr(error, "strerror", None) or error
        raise SourceError(f"{source} can't be read ({details}). Download it again.") from error


def parse_export(content: Iterable[bytes], source: str, licence: str = "") -> Iterator[SourcePage]:
    """Parse the blocks of an export as they arrive, and yield its pages.

    Raises `ParseError` if the export isn't XML.
    """
    events = _events(content, source)
    _, root = next(events)
    prefix, _, name = root.tag.rpartition("}")
    if name != "mediawiki":
        raise SourceError(
            f"{source} is a <{name}> document, but a MediaWiki export starts with <mediawiki>. "
            "Check that this is the source you meant."
        )
    language = root.get("{http://www.w3.org/XML/1998/namespace}lang", "")
    reader = _ExportReader(source, f"{prefix}}}" if prefix else "", licence, language)
    page = root
    for event, element in events:
        if event == "start" and element.tag == reader.tag("page"):
            page = element
        elif event == "end" and element.tag == reader.tag("siteinfo"):
            reader.read_site(element)
        elif event == "end" and element.tag == reader.tag("revision"):
            for earlier in page.findall(element.tag)[:-1]:
                page.remove(earlier)
        elif event == "end" and element.tag == reader.tag("page"):
            yield reader.read_page(element)
            root.clear()


def _open(path: Path, source: str) -> BufferedIOBase:
    with path.open("rb") as stream:
        start = stream.read(3)
    if not start:
        raise SourceError(f"{source} is empty, so it isn't a MediaWiki export. Download it again.")
    if start.startswith(b"\x1f\x8b"):
        return cast("BufferedIOBase", gzip.open(path))
    return bz2.open(path) if start == b"BZh" else path.open("rb")


def _read_ahead(stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield the blocks of a stream. A thread reads each block while the previous one is parsed."""
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(stream.read1, _BLOCK_BYTES)
        while block := future.result():
            future = thread.submit(stream.read1, _BLOCK_BYTES)
            yield block


def _events(content: Iterable[bytes], source: str) -> Iterator[tuple[str, Element]]:
    """Yield the start and end of each element.

    Raises `SourceError` if a revision is much larger than MediaWiki allows, because the parser
    keeps each revision in memory.
    """
    # Expat rejects entities that expand excessively, and doesn't read external entities.
    parser: Any = XMLPullParser(events=("start", "end"))
    size = 0
    for block in content:
        parser.feed(block)
        size += len(block)
        for event, element in parser.read_events():
            if event == "end" and element.tag.endswith(("revision", "page")):
                size = 0
            yield event, element
        if size > _MAX_REVISION_BYTES:
            raise SourceError(
                f"{source} has a page of more than {_MAX_REVISION_BYTES // 10**6} MB, but "
                "MediaWiki saves at most 2 MB. The file is damaged or isn't a MediaWiki export."
            )
    parser.close()
    yield from parser.read_events()


def _describe(error: ParseError, source: str, count: int) -> str:
    if error.position == _START:
        return (
            f"{source} isn't XML, so it isn't a MediaWiki export. Check that this is the source "
            "you meant."
        )
    return (
        f"{source}: the XML can't be read at line {error.position[0]}, after {count} pages "
        f"({error.msg.split(':')[0]}). Download the file again."
    )


@dataclass
class _ExportReader:
    """A reader that converts XML elements to pages, using the information in `siteinfo`."""

    source: str
    prefix: str
    licence: str
    language: str
    site: Site = field(init=False)
    namespaces: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = self._site("", "")

    def tag(self, name: str) -> str:
        """Add the export's XML namespace to a tag."""
        return f"{self.prefix}{name}"

    def read_site(self, siteinfo: Element) -> None:
        """Read the URL, language and namespaces of the wiki."""
        self.site = self._site(
            siteinfo.findtext(self.tag("base"), ""), siteinfo.findtext(self.tag("dbname"), "")
        )
        for namespace in siteinfo.iter(self.tag("namespace")):
            if namespace.text:
                self.namespaces[namespace.text] = _to_int(namespace.get("key", "")) or 0
        names = [name for name, key in self.namespaces.items() if key in _HIDDEN_NAMESPACES]
        self.site = replace(self.site, hidden=frozenset(map(str.lower, names)))

    def _site(self, main_page: str, database: str) -> Site:
        """Identify the site from its main page, its database name (`enwiki`) or the file name.

        A file name that starts with `frwiki` or similar overrides the dump's header if Timbre has
        rules for that wiki, because some collections have the same header in the dumps of all
        languages.
        """
        file, name = _DATABASE.match(self.source), _DATABASE.match(database)
        is_renamed = file and file.group(1) in listed_wikis() and _WIKIPEDIA in main_page
        name = file if is_renamed else name or file
        code = name.group(1).replace("_", "-") if name else ""
        root = f"https://{code}.wikipedia.org/wiki/" if code else ""
        if main_page and not is_renamed:
            root = main_page.rsplit("/", 1)[0] + "/"
        host = _LANGUAGE_HOST.match(url_host(root))
        language = host.group(1) if host else code or self.language or "en"
        return Site(self.source, root, language, self.licence)

    def read_page(self, element: Element) -> SourcePage:
        """Convert an element to a page with the text of its last revision."""
        revisions = element.findall(self.tag("revision"))
        revision = revisions[-1] if revisions else Element("revision")
        redirect = element.find(self.tag("redirect"))
        title = element.findtext(self.tag("title"), "")
        return SourcePage(
            site=self.site,
            title=title,
            id=element.findtext(self.tag("id"), ""),
            text=revision.findtext(self.tag("text")) or "",
            revision=revision.findtext(self.tag("id"), ""),
            timestamp=revision.findtext(self.tag("timestamp"), ""),
            namespace=self._namespace(element, title),
            redirect=None if redirect is None else redirect.get("title", ""),
            model=revision.findtext(self.tag("model")) or "wikitext",
        )

    def _namespace(self, element: Element, title: str) -> int:
        number = _to_int(element.findtext(self.tag("ns"), ""))
        if number is not None:
            return number
        prefix, colon, _ = title.partition(":")
        return self.namespaces.get(prefix, 0) if colon else 0


def _to_int(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None
