"""What a source holds: its articles, and a refusal for every page that is none."""

from collections.abc import Iterator

from db.records import Rejection
from pipelines.articles.page import SourceArticle
from pipelines.articles.page_filter import judged
from pipelines.articles.sources import opened


def read(source: str, licence: str = "") -> Iterator[SourceArticle | Rejection]:
    return judged(*opened(source, licence))
