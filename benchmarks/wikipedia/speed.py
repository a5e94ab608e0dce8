"""The speed of turning a dump into passages, compared with decompression and mwparserfromhell.

The speed of a shared machine changes from minute to minute, so decompression is measured before and
after. Worker processes don't import this benchmark (multiprocessing skips a package's `__main__`),
so they start as fast as those of `timbre articles add`.
"""

import bz2
import math
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Thread
from typing import Self

from benchmarks.wikipedia.accuracy import read_articles, strip_code
from db.store import Store
from pipelines.articles.intake import read_batches
from pipelines.wikipedia import dump
from timbre.workflows.ingest import add_articles

_MB = 1_000_000
_PAGE = b"<page>"


def measure(fragment: Path, copies: int, workers: int) -> list[str]:
    """A table of speeds, an empty line and a line about memory."""
    with tempfile.TemporaryDirectory() as folder:
        path, streams = (Path(folder) / name for name in ("copies.xml.bz2", "streams.xml.bz2"))
        with bz2.open(path, "wb") as single, streams.open("wb") as multi:
            size = 0.0
            for piece in _copies(fragment, copies):
                size += single.write(piece) / _MB
                multi.write(bz2.compress(piece))
        decompression = "decompression alone"
        steps: dict[str, Callable[[], object]] = {
            decompression: lambda: _drain(_blocks(path)),
            "pages read": lambda: _drain(dump.read_pages(path, path.name)),
            "bz2 to passages, 1 process": lambda: _drain(read_batches(str(path), workers=1)),
            f"bz2 to passages, {workers} processes": lambda: _drain(
                read_batches(str(path), workers=workers)
            ),
            "bz2 to stored passages, single stream": lambda: _store(path),
            "bz2 to stored passages, multistream": lambda: _store(streams),
            f"{decompression}, again": lambda: _drain(_blocks(path)),
        }
        with _ChildMemory() as children:
            speeds = {name: _time(step).format_speed(size) for name, step in steps.items()}
        compressed = path.stat().st_size / _MB
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = (
        f"{size:.0f} MB of XML in {compressed:.0f} MB of bz2. Peak memory: {peak / 1024:.0f} MB in "
        f"the main process, {children.peak / 1024:.0f} MB in a worker process."
    )
    pages = list(read_articles(fragment))
    text = sum(len(page.text.encode()) for page in pages) / _MB
    strip_time = _time(lambda: _drain(strip_code(page.text) for page in pages))
    speeds["`strip_code` on pages already read, no passages"] = strip_time.format_speed(text)
    lines = ["| | MB/s (wall clock) | MB per CPU second |", "| --- | --- | --- |"]
    return [*lines, *(f"| {name} | {speed} |" for name, speed in speeds.items()), "", memory]


def compare_processes(fragment: Path, copies: int, repeats: int) -> list[str]:
    """A table of whole processes that read the same dump: Timbre and wikiextractor.

    They run in turns, because a shared machine changes its speed; the fastest run of each counts.
    """
    python, durations = sys.executable, dict[str, _Duration]()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "enwiki.xml.bz2"
        with bz2.open(path, "wb") as file:
            size = sum(file.write(piece) for piece in _copies(fragment, copies)) / _MB
        extractor = [python, "-m", "wikiextractor.WikiExtractor", "-q", "--processes", "2"]
        commands = {
            "`timbre articles add`": [python, "-m", "timbre", "articles", "add", str(path)],
            "wikiextractor with templates": [*extractor, "-o", f"{folder}/texts", str(path)],
            "wikiextractor `--no-templates`": [
                *(*extractor, "--no-templates", "-o", f"{folder}/texts", str(path)),
            ],
        }
        for turn in range(repeats):
            environment = {**os.environ, "TIMBRE_HOME": f"{folder}/home{turn}"}
            for name, command in commands.items():
                step = partial(_run_quietly, command, environment)
                durations[name] = min(_time(step), durations.get(name, _FOREVER))
    return [
        f"| {size:.0f} MB of XML | seconds (wall clock) | CPU seconds |",
        "| --- | --- | --- |",
        *(
            f"| {name} | {d.wall_seconds:.1f} | {d.cpu_seconds:.1f} |"
            for name, d in durations.items()
        ),
    ]


def _run_quietly(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)  # noqa: S603 # ours


def _store(path: Path) -> None:
    """Read a dump into a new store."""
    url = f"sqlite:///{path.with_suffix('.db')}"
    Store.migrate(url)
    with Store.open(url) as store:
        add_articles(store, str(path), lambda *_: None)


def _copies(fragment: Path, copies: int) -> Iterator[bytes]:
    """A larger dump in pieces of about a megabyte: the pages, repeated under different titles."""
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


class _ChildMemory(Thread):
    """A monitor of the peak memory, in kB, of any one child process.

    It polls because the system's figure for children that have ended includes the memory that
    their parent had when it started them.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self._stop_event = Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_event.set()
        self.join()

    def run(self) -> None:
        while not self._stop_event.wait(0.2):
            for child in active_children():
                with suppress(OSError):
                    status = Path(f"/proc/{child.pid}/status").read_text(encoding="utf-8")
                    match = re.search(r"VmHWM:\s+(\d+)", status)
                    self.peak = max(self.peak, int(match[1]) if match else 0)


@dataclass(frozen=True, order=True)
class _Duration:
    wall_seconds: float
    cpu_seconds: float

    def format_speed(self, size: float) -> str:
        """Megabytes per second, by wall clock and by CPU time, as two cells of a table."""
        return f"{size / self.wall_seconds:.2f} | {size / self.cpu_seconds:.2f}"


_FOREVER = _Duration(math.inf, math.inf)


def _time(step: Callable[[], object]) -> _Duration:
    start, start_cpu = time.perf_counter(), _cpu_seconds()
    step()
    return _Duration(time.perf_counter() - start, _cpu_seconds() - start_cpu)


def _cpu_seconds() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
