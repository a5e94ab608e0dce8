"""A source as records: its articles, their passages and all that was refused, on every core.

One process reads pages; where there is enough to do, others clean and cut them. The records and
their order are the same however many processes share the work.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from itertools import chain
from multiprocessing import get_context

from pipelines.articles.extraction import Taken, cut, cut_stream, end_with_the_reader
from pipelines.articles.page import Page, Site
from pipelines.articles.passages import PassageConfig
from pipelines.articles.sources import located, opened
from pipelines.errors import SourceError
from pipelines.wikipedia.multistream import streams


@dataclass(frozen=True)
class Part:
    """Some of a source's records, whole articles each; it can be gone on after `place`.

    A place is a byte of a dump of many streams, and 0 in any other source.
    """

    end_offset: int
    records: list[Taken]


@dataclass(frozen=True)
class _Job:
    place: int
    do: Callable[[], list[Taken]]


_BATCH_CHARACTERS = 400_000
_SECONDS_ALONE = 0.3  # of work, before it is worth starting other processes
_AHEAD_PER_WORKER = 2


def read_records(
    source: str,
    licence: str = "",
    workers: int | None = None,
    config: PassageConfig | None = None,
) -> Iterator[Taken]:
    """The records of a source in its order: an article, then its passages and refusals.

    `workers` is the number of processes that clean and cut, by default one per core; 1 does all
    in this process. A dump of many streams is also decompressed by them. Raises `SourceError` as
    `opened` does.
    """
    for part in read_batches(source, licence, workers, config):
        yield from part.records


def read_batches(
    source: str,
    licence: str = "",
    workers: int | None = None,
    config: PassageConfig | None = None,
    resume_from: int = 0,
) -> Iterator[Part]:
    """The records of a source as `records` gives them, in parts, from after a part's place on."""
    count = workers or os.cpu_count() or 1
    jobs = _jobs(source, licence, config, resume_from)
    spent = 0.0
    for job in jobs:
        begun = time.perf_counter()
        part = Part(job.place, job.do())
        spent += time.perf_counter() - begun
        yield part
        if count > 1 and spent > _SECONDS_ALONE:
            break
    rest = next(jobs, None)
    if rest is not None:
        yield from _shared(chain([rest], jobs), count)


def _jobs(source: str, licence: str, config: PassageConfig | None, after: int) -> Iterator[_Job]:
    """A source in parts that can be done by any process, each to a list of records."""
    if source.lower().endswith(".bz2"):
        path = located(source)
        jobs = (
            _Job(stream.end, partial(cut_stream, stream, config))
            for stream in streams(path, path.name, licence)
        )
        first = next(jobs, None)
        if first is not None:
            yield from (job for job in chain([first], jobs) if job.place > after)
            return
    pages, markup = opened(source, licence)
    for batch in _batches(pages):
        yield _Job(0, partial(cut, batch, markup, config))


def _batches(pages: Iterable[tuple[Site, Page]]) -> Iterator[list[tuple[Site, Page]]]:
    """Pages in lists of about the same amount of text."""
    batch: list[tuple[Site, Page]] = []
    length = 0
    for site, page in pages:
        batch.append((site, page))
        length += len(page.text)
        if length >= _BATCH_CHARACTERS:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _shared(jobs: Iterator[_Job], workers: int) -> Iterator[Part]:
    """Jobs done by other processes, a few ahead at a time so that memory stays bounded."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=end_with_the_reader)
    waiting: deque[tuple[int, Future[list[Taken]]]] = deque()

    def done() -> Part:
        place, future = waiting.popleft()
        return Part(place, future.result())

    try:
        for job in jobs:
            waiting.append((job.place, pool.submit(job.do)))
            if len(waiting) > workers * _AHEAD_PER_WORKER:
                yield done()
        while waiting:
            yield done()
    except BrokenProcessPool as error:
        raise SourceError(
            "found a process that cleans articles ended from outside (often for want of memory), "
            "expected it to finish; run again when less else is running"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
