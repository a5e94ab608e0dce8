"""What a source holds: its articles, and a refusal for every page that is none."""

from collections.abc import Iterator

from db.records import Rejection
from pipelines.wikipedia.notability import judged
from pipelines.wikipedia.site import SourceArticle
from pipelines.wikipedia.sources import opened


def read(source: str, licence: str = "") -> Iterator[SourceArticle | Rejection]:
    return judged(*opened(source, licence))
