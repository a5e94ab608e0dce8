"""Articles in: a source read into articles, passages and counted refusals."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from db.records import Article, Passage, Record, Refusal
from db.store import Store
from pipelines.wikipedia.intake import records
from timbre.console import Advance

_BATCH = 2000


@dataclass
class Intake:
    """What reading a source came to; `new` counts the records that the store did not have."""

    articles: int = 0
    passages: int = 0
    new: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def add_articles(
    store: Store, source: str, advance: Advance, licence: str = "", limit: int = 0
) -> Intake:
    """Read a source into the store: articles, their passages, and what was refused and why.

    `licence` is that of texts which are not Wikipedia's; `limit` the most articles, 0 for all.
    """
    intake = Intake()
    batch: list[Record] = []
    try:
        for record in records(source, licence):
            if limit and intake.articles == limit and isinstance(record, Article):
                break
            _count(intake, record)
            batch.append(record)
            if len(batch) >= _BATCH:
                intake.new += store.add(batch)
                batch.clear()
                advance(intake.articles, 0)
    finally:
        # What comes before a break in the source is whole, and kept.
        intake.new += store.add(batch)
    advance(intake.articles, intake.articles)
    return intake


def source_name(source: str) -> str:
    """The name by which articles of a source are known: a file's name without its folder."""
    return Path(source).name if Path(source).exists() else source


def campaign_passages(store: Store, sources: tuple[str, ...], limit: int) -> list[Passage]:
    """The passages of some sources (of all where none is named), at most `limit` unless that is 0.

    They come in rounds, the first passage of every article before the second of any, so that a
    limit takes from as many articles as it can.
    """
    where: dict[str, object] = {"source": tuple(map(source_name, sources))} if sources else {}
    articles = tuple(article.id for article in store.stream(Article, **where))
    found = sorted(
        store.stream(Passage, article=articles), key=lambda passage: (passage.position, passage.id)
    )
    return found[:limit] if limit else found


def _count(intake: Intake, record: Record) -> None:
    if isinstance(record, Article):
        intake.articles += 1
    elif isinstance(record, Passage):
        intake.passages += 1
    elif isinstance(record, Refusal):
        intake.refused[record.reason] += 1
