"""Read articles, passages and rejections from a source, using all CPU cores.

One process reads pages. If there is enough work, other processes filter the pages and split them
into passages. The records and their order don't depend on the number of processes.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import chain
from multiprocessing import get_context

from pipelines.articles.extraction import (
    RecordBatch,
    extract_records,
    extract_stream,
    follow_parent,
)
from pipelines.articles.passages import PassageConfig
from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.articles.sources import open_source, source_path
from pipelines.errors import SourceError
from pipelines.wikipedia.multistream import find_streams

_Job = Callable[[], RecordBatch]

_BATCH_CHARACTERS = 400_000
_SECONDS_ALONE = 0.3  # Below this amount of work, starting processes takes longer than it saves.
_JOBS_PER_WORKER = 2


def read_batches(
    source: str,
    terms: SourceTerms | None = None,
    workers: int | None = None,
    config: PassageConfig | None = None,
    resume_from: int = 0,
) -> Iterator[RecordBatch]:
    """Yield a source's records as batches, in source order.

    `source` and `terms` are the same as for `open_source`. `workers` is the number of processes
    that filter and split pages and decompress multistream dumps (default: the number of cores). If
    `workers` is 1, the current process does all the work. `resume_from` is the `end_offset` of the
    last stored batch.

    Raises `SourceError` if the source can't be read.
    """
    count = workers or os.cpu_count() or 1
    jobs = _jobs(source, terms or SourceTerms(), config, resume_from)
    seconds = 0.0
    for job in jobs:
        start = time.perf_counter()
        batch = job()
        seconds += time.perf_counter() - start
        yield batch
        if count > 1 and seconds > _SECONDS_ALONE:
            break
    first = next(jobs, None)
    if first is not None:
        yield from _run_in_pool(chain([first], jobs), count)


def _jobs(
    source: str, terms: SourceTerms, config: PassageConfig | None, resume_from: int
) -> Iterator[_Job]:
    """Split the work on a source into jobs that can run in any process."""
    if source.lower().endswith(".bz2"):
        path = source_path(source)
        streams = find_streams(path, path.name, terms.licence)
        first = next(streams, None)
        if first is not None:
            for stream in chain([first], streams):
                if stream.end > resume_from:
                    yield partial(extract_stream, stream, config)
            return
    for pages in _batch_pages(open_source(source, terms)):
        yield partial(extract_records, pages, config)


def _batch_pages(pages: Iterable[SourcePage]) -> Iterator[list[SourcePage]]:
    """Group pages into lists that contain about the same amount of text."""
    batch: list[SourcePage] = []
    length = 0
    try:
        for page in pages:
            batch.append(page)
            length += len(page.text)
            if length >= _BATCH_CHARACTERS:
                yield batch
                batch, length = [], 0
    except SourceError:
        yield batch  # what was read before the error is complete
        raise
    if batch:
        yield batch


def _run_in_pool(jobs: Iterator[_Job], workers: int) -> Iterator[RecordBatch]:
    """Run jobs in a process pool and yield their batches in order.

    To limit memory use, only a few jobs are pending at any time.
    """
    pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=follow_parent)
    pending: deque[Future[RecordBatch]] = deque()
    try:
        for job in jobs:
            pending.append(pool.submit(job))
            if len(pending) > workers * _JOBS_PER_WORKER:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    except BrokenProcessPool as error:
        raise SourceError(
            "A worker process was killed while it was reading articles, probably because memory "
            "ran out. Close other programs and run the command again."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
