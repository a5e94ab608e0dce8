"""Read articles and passages from a source, and store them together with rejections."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from db.records import Article, Passage, ReadingPosition, Record, Rejection, digest
from db.store import Store
from pipelines.articles.intake import read_batches
from pipelines.articles.source_page import SourceTerms
from pipelines.articles.sources import is_documents, source_name
from pipelines.errors import SourceError
from timbre.console import ProgressCallback, count_noun, format_counts

if TYPE_CHECKING:
    from timbre.campaign import Campaign

_BATCH = 2000


@dataclass
class Intake:
    """Counts of the records read from a source; `new` counts those that weren't stored before.

    `resumed_at` is the byte offset at which the reading of a dump resumed, or 0.
    """

    articles: int = 0
    passages: int = 0
    new: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    resumed_at: int = 0

    @property
    def description(self) -> str:
        """The counts as text."""
        rejected = f"; rejected: {format_counts(self.rejected)}" if self.rejected else ""
        articles = count_noun(self.articles, "article")
        return f"{articles} with {count_noun(self.passages, 'passage')}{rejected}"

    def count(self, record: Record) -> None:
        """Add a record to the count of its type."""
        if isinstance(record, Article):
            self.articles += 1
        elif isinstance(record, Passage):
            self.passages += 1
        elif isinstance(record, Rejection):
            self.rejected[record.reason] += 1


def add_articles(
    store: Store,
    source: str,
    on_progress: ProgressCallback,
    terms: SourceTerms | None = None,
    limit: int = 0,
) -> Intake:
    """Store the articles, passages and rejections of a source.

    Reading a multistream dump continues where the previous run stopped. `terms` apply to texts that
    don't come from Wikipedia. `limit` is the maximum number of articles to read (0 for all).

    Raises `SourceError` if the source can't be read or has no usable passages.
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
        for batch in read_batches(source, terms, resume_from=intake.resumed_at):
            for record in batch.records:
                if limit and intake.articles == limit and isinstance(record, Article):
                    return intake
                intake.count(record)
                pending.append(record)
            end = batch.end_offset
            if len(pending) >= _BATCH:
                flush(end)
        flush(None if end else 0)
        if not intake.passages and not intake.resumed_at:
            raise SourceError(
                f"{source_name(source)} has no passages to write about, because everything in it "
                f"was rejected ({format_counts(intake.rejected)}). Add another source."
            )
    finally:
        # Everything before an error in the source is complete and is stored.
        flush(0)
    return intake


def add_missing_sources(
    store: Store, campaign: "Campaign", on_progress: ProgressCallback
) -> dict[str, Intake]:
    """Read the campaign's sources that have no articles in the store yet, and all its documents.

    Documents are always read, because they may have been added or changed in the meantime. Returns
    what was read from each source.
    """
    return {
        source: add_articles(store, source, on_progress, source_terms(campaign, source))
        for source in campaign.sources
        if is_documents(source) or not store.count(Article, source=source_name(source))
    }


def source_terms(campaign: "Campaign", source: str) -> SourceTerms:
    """Return the campaign's licence and language for documents.

    Sources that aren't documents state their own licence and language.
    """
    terms = SourceTerms(campaign.licence, campaign.voice.language, campaign.chats)
    return terms if is_documents(source) else SourceTerms()


def campaign_passages(store: Store, campaign: "Campaign") -> list[Passage]:
    """Return the passages that a campaign generates texts from, up to the campaign's limit.

    A campaign with chats but no sources has no passages.
    """
    if campaign.chats and not campaign.sources:
        return []
    sources = tuple(map(source_name, campaign.sources))
    where: dict[str, object] = {"source": sources} if sources else {}
    articles = tuple(article.id for article in store.stream(Article, **where))
    passages = in_generation_order(store.stream(Passage, article=articles))
    return passages[: campaign.generate.limit or None]


def in_generation_order(passages: Iterable[Passage]) -> list[Passage]:
    """Sort passages so that every article's first passage comes before any second passage.

    This order makes a limit on the number of passages cover as many articles as possible.
    """
    ranks = Counter[str]()
    ranked: list[tuple[int, str, Passage]] = []
    for passage in sorted(passages, key=lambda p: p.position):
        ranked.append((ranks[passage.article], passage.id, passage))
        ranks[passage.article] += 1
    return [passage for *_, passage in sorted(ranked)]


def _fingerprint(source: str) -> str:
    """Return a fingerprint of a file's state, or an empty string if the source isn't a file."""
    path = Path(source)
    if not path.is_file():
        return ""
    status = path.stat()
    return digest(f"{path.name}:{status.st_size}:{status.st_mtime_ns}")
