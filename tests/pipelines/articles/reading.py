"""A source read page by page: accepted pages, and a rejection for each of the others."""

from collections.abc import Iterator

from db.records import Rejection
from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import SourcePage
from pipelines.articles.sources import open_source


def read(source: str, licence: str = "") -> Iterator[SourcePage | Rejection]:
    for page in open_source(source, licence):
        reason = rejection_reason(page)
        yield page if reason is None else page.reject(reason)
