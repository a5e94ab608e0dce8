"""How fast a dump becomes passages, beside its decompression and mwparserfromhell.

The host's speed changes between one minute and the next, so decompression is measured before and
after. The processes that clean import this package's `__main__` no more than those of a
`timbre articles add` do (multiprocessing passes over a `__main__`).
"""

import bz2
import re
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread
from typing import Self

from benchmarks.wikipedia.truth import articles, strip_code
from db.store import Store
from pipelines.wikipedia import dump
from pipelines.wikipedia.intake import records
from timbre.articles import add_articles

_MB = 1_000_000
_PAGE = b"<page>"


def table(fragment: Path, copies: int, workers: int) -> list[str]:
    """A table of speeds, an empty line, and what memory they took."""
    with tempfile.TemporaryDirectory() as folder:
        path, streams = (Path(folder) / name for name in ("copies.xml.bz2", "streams.xml.bz2"))
        with bz2.open(path, "wb") as one, streams.open("wb") as many:
            size = 0.0
            for piece in _copies(fragment, copies):
                size += one.write(piece) / _MB
                many.write(bz2.compress(piece))
        decompression = "decompression alone"
        measures: dict[str, Callable[[], object]] = {
            decompression: lambda: _drain(_blocks(path)),
            "pages read": lambda: _drain(dump.pages(path, path.name)),
            "bz2 to passages, 1 process": lambda: _drain(records(str(path), workers=1)),
            f"bz2 to passages, {workers} processes": lambda: _drain(
                records(str(path), workers=workers)
            ),
            "bz2 to stored passages, a dump of one stream": lambda: _stored(path),
            "bz2 to stored passages, of many streams": lambda: _stored(streams),
            f"{decompression}, once more": lambda: _drain(_blocks(path)),
        }
        with _PeakOfChildren() as children:
            speeds = {name: _timed(measure).speed(size) for name, measure in measures.items()}
        packed = path.stat().st_size / _MB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = (
        f"{size:.0f} MB of XML in {packed:.0f} MB of bz2. Peak memory: {peak / 1024:.0f} MB in the "
        f"process that reads and stores, {children.peak / 1024:.0f} MB in one that cleans."
    )
    pages = list(articles(fragment))
    text = sum(len(page.text.encode()) for page in pages) / _MB
    stripped = _timed(lambda: _drain(strip_code(page.text) for page in pages)).speed(text)
    speeds["`strip_code` on text already read, no passages"] = stripped
    lines = ["| | MB/s by the clock | MB per second of a core |", "| --- | --- | --- |"]
    return [*lines, *(f"| {name} | {speed} |" for name, speed in speeds.items()), "", memory]


def _stored(path: Path) -> None:
    """Reads a dump into a store of its own."""
    url = f"sqlite:///{path.with_suffix('.db')}"
    Store.migrate(url)
    with Store.open(url) as store:
        add_articles(store, str(path), lambda *_: None)


def _copies(fragment: Path, copies: int) -> Iterator[bytes]:
    """A fragment's head, its pages several times under other titles, by the megabyte, its end."""
    xml = bz2.decompress(fragment.read_bytes())
    start, end = xml.index(_PAGE), xml.rindex(b"</mediawiki>")
    yield xml[:start]
    for copy in range(copies):
        pages = xml[start:end].replace(b"</title>", b" no. %d</title>" % copy)
        while pages:
            cut = pages.find(_PAGE, _MB)
            yield pages[:cut] if cut > 0 else pages
            pages = pages[cut:] if cut > 0 else b""
    yield xml[end:]


def _blocks(path: Path) -> Iterator[bytes]:
    with bz2.open(path) as stream:
        while block := stream.read(1 << 20):
            yield block


def _drain(items: Iterable[object]) -> int:
    return sum(1 for _ in items)


class _PeakOfChildren(Thread):
    """The most kilobytes that one process started from here has held, looked at now and then.

    What the system says of children that ended counts what their parent held as it started them.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._ended = Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()

    def run(self) -> None:
        while not self._ended.wait(0.2):
            for child in active_children():
                with suppress(OSError):
                    status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
                    found = re.search(r"VmHWM:\s+(\d+)", status)
                    self.peak = max(self.peak, int(found[1]) if found else 0)


@dataclass
class _Timed:
    """The time that a measure took, by the clock and of processors."""

    seconds: float
    processor_seconds: float

    def speed(self, size: float) -> str:
        """Megabytes a second, by the clock and by a core's time, as cells of a table."""
        return f"{size / self.seconds:.2f} | {size / self.processor_seconds:.2f}"


def _timed(measure: Callable[[], object]) -> _Timed:
    start, before = time.perf_counter(), _processor_seconds()
    measure()
    return _Timed(time.perf_counter() - start, _processor_seconds() - before)


def _processor_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
