"""Sources read page by page and record by record."""

from collections.abc import Iterator

from db.records import Rejection
from pipelines.articles.extraction import IntakeRecord
from pipelines.articles.intake import read_batches
from pipelines.articles.page_filter import rejection_reason
from pipelines.articles.source_page import SourcePage, SourceTerms
from pipelines.articles.sources import open_source


def read(source: str, licence: str = "") -> Iterator[SourcePage | Rejection]:
    """Accepted pages, and a rejection for each of the others."""
    for page in open_source(source, SourceTerms(licence)):
        reason = rejection_reason(page)
        yield page if reason is None else page.reject(reason)


def read_records(source: str, workers: int | None = None) -> Iterator[IntakeRecord]:
    for batch in read_batches(source, workers=workers):
        yield from batch.records
