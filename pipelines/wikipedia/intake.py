"""A source as records: its articles, their passages and all that was refused, on every core.

One process reads pages; where there is enough to do, others clean and cut them. The records and
their order are the same however many processes share the work.
"""

import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain, islice
from multiprocessing import get_context
from typing import TypeAlias

from db.records import Refusal
from pipelines.errors import SourceError
from pipelines.wikipedia.cutting import Taken, cut, cut_stream
from pipelines.wikipedia.multistream import streams
from pipelines.wikipedia.passages import PassageConfig
from pipelines.wikipedia.site import SourceArticle
from pipelines.wikipedia.sources import located, read

_Job: TypeAlias = Callable[[], list[Taken]]

_BATCH_CHARACTERS = 400_000
_ALONE = 8  # what is done before it is worth starting other processes
_AHEAD_PER_WORKER = 2


def records(
    source: str,
    licence: str = "",
    workers: int | None = None,
    config: PassageConfig | None = None,
) -> Iterator[Taken]:
    """The records of a source in its order: an article, then its passages and refusals.

    `workers` is the number of processes that clean and cut, by default one per core; 1 does all
    in this process. A dump of many streams is also decompressed by them. Raises `SourceError` as
    `read` does.
    """
    count = workers or os.cpu_count() or 1
    jobs = _jobs(source, licence, config, parallel=count > 1)
    alone = jobs if count == 1 else islice(jobs, _ALONE)
    for job in alone:
        yield from job()
    rest = next(jobs, None)
    if rest is not None:
        yield from _shared(chain([rest], jobs), count)


def _jobs(
    source: str, licence: str, config: PassageConfig | None, parallel: bool
) -> Iterator[_Job]:
    """A source in parts that can be done by any process, each to a list of records."""
    if parallel and source.lower().endswith(".bz2"):
        path = located(source)
        jobs = (partial(cut_stream, s, config) for s in streams(path, path.name, licence))
        first = next(jobs, None)
        if first is not None:
            yield from chain([first], jobs)
            return
    for batch in _batches(read(source, licence)):
        yield partial(cut, batch, config)


def _batches(pages: Iterable[SourceArticle | Refusal]) -> Iterator[list[SourceArticle | Refusal]]:
    """Pages in lists of about the same amount of text."""
    batch: list[SourceArticle | Refusal] = []
    length = 0
    for page in pages:
        batch.append(page)
        length += len(page.text)
        if length >= _BATCH_CHARACTERS:
            yield batch
            batch, length = [], 0
    if batch:
        yield batch


def _shared(jobs: Iterator[_Job], workers: int) -> Iterator[Taken]:
    """Jobs done by other processes, a few ahead at a time so that memory stays bounded."""
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_leave_interrupts)
    waiting: deque[Future[list[Taken]]] = deque()
    try:
        for job in jobs:
            waiting.append(pool.submit(job))
            if len(waiting) > workers * _AHEAD_PER_WORKER:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise SourceError(
            "found a process that cleans articles ended from outside (often for want of memory), "
            "expected it to finish; run again with fewer workers"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that reads; it ends the others."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
