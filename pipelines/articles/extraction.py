"""The part of an intake that runs in worker processes: filter pages and cut them into records.

Every worker process imports this module, so it imports only what extraction needs.
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
    """Records of whole articles, in the order of their source.

    `end_offset` is the byte of a multistream dump at which reading can resume; 0 in other sources.
    """

    records: list[IntakeRecord]
    end_offset: int = 0


def extract_records(
    pages: Iterable[SourcePage], config: PassageConfig | None, end_offset: int = 0
) -> RecordBatch:
    """The records of some pages: articles, each followed by its passages and rejections."""
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
        _ = record.id  # Computed and cached here, so that the main process doesn't have to.
    return RecordBatch(records, end_offset)


def extract_stream(stream: Stream, config: PassageConfig | None) -> RecordBatch:
    """The records of one stream of a dump."""
    return extract_records(stream.read_pages(), config, stream.end)


def follow_parent() -> None:
    """Leave Ctrl-C to the parent process, and exit when the parent does, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_after_parent, daemon=True).start()


def _exit_after_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
