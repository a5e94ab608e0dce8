"""Filter pages and split them into records, in the worker processes that `intake` starts.

To let worker processes start fast, this module imports as little as possible.
"""

import os
import signal
from collections.abc import Iterable
from dataclasses import dataclass
from multiprocessing import parent_process
from threading import Thread
from typing import TypeAlias

from db.records import Article, Passage, Rejection
from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.passages import PassageConfig, split_passages
from pipelines.articles.source_page import SourcePage
from pipelines.wikipedia.multistream import Stream

IntakeRecord: TypeAlias = Article | Passage | Rejection


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """The records of one or more complete articles, in source order.

    `end_offset` is the byte offset at which reading a multistream dump can resume, or 0 for other
    sources.
    """

    records: list[IntakeRecord]
    end_offset: int = 0


def extract_records(
    pages: Iterable[SourcePage], config: PassageConfig | None, end_offset: int = 0
) -> RecordBatch:
    """Convert each page to an article with its passages and rejections, or to one rejection."""
    records: list[IntakeRecord] = []
    for page in pages:
        reason = rejection_reason(page)
        if reason is None:
            article = page.to_article()
            records.append(article)
            records.extend(split_passages(page, article.id, config))
        else:
            records.append(page.reject(reason))
    for record in records:
        _ = record.id  # Compute and cache ids here, so that the main process doesn't have to.
    return RecordBatch(records, end_offset)


def extract_stream(stream: Stream, config: PassageConfig | None) -> RecordBatch:
    """Extract the records from one stream of a dump."""
    return extract_records(stream.read_pages(), config, stream.end)


def follow_parent() -> None:
    """Make a worker process ignore Ctrl-C, which its parent handles, and exit with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
