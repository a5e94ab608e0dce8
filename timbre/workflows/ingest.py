"""Read articles and passages from a source, and store them together with rejections."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from db.records import Article, Passage, ReadingPosition, Record, Rejection, digest
from db.store import Store
from pipelines.articles.intake import read_batches
from pipelines.articles.sources import source_name
from timbre.console import ProgressCallback

if TYPE_CHECKING:
    from timbre.campaign import Campaign

_BATCH = 2000


@dataclass
class Intake:
    """Counts of the records read from a source; `new` counts those that weren't stored before.

    `resumed_at` is the byte offset in a dump at which reading resumed.
    """

    articles: int = 0
    passages: int = 0
    new: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    resumed_at: int = 0

    def count(self, record: Record) -> None:
        """Count a record by type."""
        if isinstance(record, Article):
            self.articles += 1
        elif isinstance(record, Passage):
            self.passages += 1
        elif isinstance(record, Rejection):
            self.rejected[record.reason] += 1


def add_articles(
    store: Store, source: str, on_progress: ProgressCallback, licence: str = "", limit: int = 0
) -> Intake:
    """Store the articles, passages and rejections of a source.

    For multistream dumps, reading resumes where it stopped. `licence` applies to texts that don't
    come from Wikipedia. `limit` is the maximum number of articles to read (0 for all).

    Raises `SourceError` if the source can't be read.
    """
    file = "" if limit else _fingerprint(source)
    offsets = {p.offset for p in store.stream(ReadingPosition, source_fingerprint=file)}
    # A dump that was read completely is read again, which counts everything but adds nothing.
    intake = Intake(resumed_at=0 if None in offsets else max(filter(None, offsets), default=0))
    pending: list[Record] = []

    def flush(offset: int | None) -> None:
        # The position is stored in the same transaction as the records, so no records are ever
        # skipped.
        position = ReadingPosition(source_fingerprint=file, offset=offset)
        positions = [position] if file and offset not in {0, *offsets} else []
        records = [*pending, *positions]
        pending.clear()  # cleared first, so that an interrupted write isn't repeated at the end
        intake.new += store.add(records) - len(positions)
        on_progress(intake.articles, 0)

    end = 0
    try:
        for batch in read_batches(source, licence, resume_from=intake.resumed_at):
            for record in batch.records:
                if limit and intake.articles == limit and isinstance(record, Article):
                    return intake
                intake.count(record)
                pending.append(record)
            end = batch.end_offset
            if len(pending) >= _BATCH:
                flush(end)
        flush(None if end else 0)
    finally:
        # Everything before an error in the source is complete and is stored.
        flush(0)
    return intake


def add_missing_sources(store: Store, campaign: "Campaign", on_progress: ProgressCallback) -> None:
    """Read the campaign's sources that have no articles in the store yet."""
    for source in campaign.sources:
        if not store.count(Article, source=source_name(source)):
            add_articles(store, source, on_progress)


def campaign_passages(store: Store, campaign: "Campaign") -> list[Passage]:
    """Return the passages that a campaign generates texts from, up to its limit.

    The first passages of all articles come before any second passage, so that a limit covers as
    many articles as possible.
    """
    sources = tuple(map(source_name, campaign.sources))
    where: dict[str, object] = {"source": sources} if sources else {}
    articles = tuple(article.id for article in store.stream(Article, **where))
    ranks = Counter[str]()
    ranked: list[tuple[int, str, Passage]] = []
    for passage in sorted(store.stream(Passage, article=articles), key=lambda p: p.position):
        ranked.append((ranks[passage.article], passage.id, passage))
        ranks[passage.article] += 1
    return [passage for *_, passage in sorted(ranked)][: campaign.generate.limit or None]


def _fingerprint(source: str) -> str:
    """Return a fingerprint of a file's state, or an empty string if the source isn't a file."""
    path = Path(source)
    if not path.is_file():
        return ""
    status = path.stat()
    return digest(f"{path.name}:{status.st_size}:{status.st_mtime_ns}")
