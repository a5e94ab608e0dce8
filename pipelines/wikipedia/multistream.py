"""Dumps made of many bz2 streams (`…-multistream.xml.bz2`), so that streams are read in parallel.

Such a file is a stream with the export's head, streams of whole pages, and one that closes the
export. Where streams begin is seen from their first bytes; the index that Wikimedia publishes
beside the dump is not needed.
"""

import bz2
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.articles.page import Page, Site
from pipelines.errors import SourceError
from pipelines.wikipedia import dump

# How a bz2 stream begins: `BZh`, the size of its blocks, and the first block's own mark.
_MARKS = tuple(b"BZh" + bytes([digit]) + b"1AY&SY" for digit in b"123456789")
_PAGE = b"<page>"
_CLOSING = b"</mediawiki>"
_BLOCK_BYTES = 1 << 20
_OPENING_BYTES = 1 << 20  # more than a block is packed into, or what an export has before pages


@dataclass(frozen=True, slots=True)
class Stream:
    """A stretch of a dump that can be read by itself: bytes [start, end) after the dump's head."""

    path: Path
    source: str
    licence: str
    head: bytes
    start: int
    end: int

    def pages(self) -> Iterator[tuple[Site, Page]]:
        """The pages of this stream."""
        content = self._content()
        closing = b"" if content.rstrip().endswith(_CLOSING) else _CLOSING
        try:
            yield from dump.parse([self.head, content, closing], self.source, self.licence)
        except dump.ParseError as error:
            raise SourceError(
                f"found XML that cannot be read in the stream at byte {self.start} of "
                f"{self.source}, expected whole pages; fetch it again"
            ) from error

    def closes(self) -> bool:
        """Whether the export ends with this stream, as its last one must."""
        return self._content().rstrip().endswith(_CLOSING)

    def _content(self) -> bytes:
        return _decompressed(_bytes(self.path, self.start, self.end), self.source, self.start)


def streams(path: Path, source: str, licence: str = "") -> Iterator[Stream]:
    """The streams of pages of a multistream dump, in order; none where the file is no such dump.

    Raises `SourceError` where the file breaks off at the end of a stream; one that breaks off
    within a stream is told by whoever reads that stream.
    """
    bounds = _bounds(path)
    next(bounds, None)
    start = next(bounds, None)
    if start is None or start > _OPENING_BYTES or not _begins_with_a_page(path, start):
        return
    head = _decompressed(_bytes(path, 0, start), source, 0)
    if _PAGE in head:  # compressed piece by piece, whatever the pieces hold
        return
    stream = None
    for end in bounds:
        stream = Stream(path, source, licence, head, start, end)
        yield stream
        start = end
    if stream is not None and not stream.closes():
        raise SourceError(
            f"found a dump that breaks off after a stream, {source}, expected one that ends with "
            "</mediawiki>; fetch it again"
        )


def _bounds(path: Path) -> Iterator[int]:
    """The bytes at which a file's streams begin, the first of them 0, and the last one's end.

    None of a file of another kind. It reads on as it is asked on, keeps no more of the file than
    a block, and ends where the file does by then.
    """
    with path.open("rb") as file:
        data, before = file.read(_BLOCK_BYTES), 0
        mark = next((mark for mark in _MARKS if data.startswith(mark)), None)
        if mark is None:
            return
        while True:
            found = data.find(mark)
            while found >= 0:
                yield before + found
                found = data.find(mark, found + len(mark))
            block = file.read(_BLOCK_BYTES)
            if not block:
                break
            kept = data[1 - len(mark) :]  # in which a mark may begin
            before += len(data) - len(kept)
            data = kept + block
        yield before + len(data)


def _begins_with_a_page(path: Path, start: int) -> bool:
    try:
        packed = _bytes(path, start, start + _OPENING_BYTES)
        found = bz2.BZ2Decompressor().decompress(packed, 64)
    except OSError:
        return False
    return found.lstrip().startswith(_PAGE)


def _bytes(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def _decompressed(data: bytes, source: str, start: int) -> bytes:
    """What streams hold that follow one another; `bz2.decompress` would pass over a broken one."""
    found: list[bytes] = []
    try:
        while data.strip(b"\0"):  # with which some tools fill a file up
            stream = bz2.BZ2Decompressor()
            found.append(stream.decompress(data))
            if not stream.eof:
                raise EOFError
            data = stream.unused_data
    except (OSError, EOFError) as error:
        raise SourceError(
            f"found a compressed stream that is broken or breaks off at byte {start} of {source}, "
            "expected a whole one; fetch it again"
        ) from error
    return b"".join(found)
