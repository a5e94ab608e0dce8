"""What one process does of an intake: pages cleaned and cut into records.

It imports no more than that needs, since every process that shares the work imports it anew.
"""

import os
import signal
from collections.abc import Iterable
from multiprocessing import parent_process
from threading import Thread
from typing import TypeAlias

from db.records import Article, Passage, Rejection
from pipelines.articles.page import Page, Site
from pipelines.articles.page_filter import judged
from pipelines.articles.passages import PassageConfig, passages
from pipelines.wikipedia.multistream import Stream

Taken: TypeAlias = Article | Passage | Rejection


def cut(
    pages: Iterable[tuple[Site, Page]], markup: bool, config: PassageConfig | None
) -> list[Taken]:
    """The records of some pages, in their order, with their ids.

    Args:
        pages: Pages, each with its site.
        markup: Whether they are wikitext.
        config: How long passages are.

    Returns:
        An article and then its passages and refusals, or the refusal of a page, for each.
    """
    taken: list[Taken] = []
    for page in judged(pages, markup):
        if isinstance(page, Rejection):
            taken.append(page)
        else:
            taken.append(page.article)
            taken.extend(passages(page, config))
    for record in taken:
        _ = record.id  # It travels with the record, and is not worked out where they all arrive.
    return taken


def cut_stream(stream: Stream, config: PassageConfig | None) -> list[Taken]:
    """The records of a stream of a dump, in their order."""
    return cut(stream.pages(), markup=True, config=config)


def end_with_the_reader() -> None:
    """Leave Ctrl-C to the process that reads, and end with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_outlive_nobody, daemon=True).start()


def _outlive_nobody() -> None:
    reader = parent_process()
    if reader is not None:
        reader.join()
        os._exit(1)
