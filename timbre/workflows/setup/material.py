"""Read a campaign's passages and chats without storing them, and count the rejections."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.records import Article, Candidate, Passage, Rejection
from db.store import Store
from pipelines.articles.intake import read_batches
from pipelines.articles.sources import source_name
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.errors import SourceError
from timbre.campaign import Campaign
from timbre.workflows.ingest import campaign_passages, in_generation_order, source_terms

MAX_ARTICLES = 200
"""The maximum number of articles to read from a source, to save time on large dumps."""


@dataclass
class Material:
    """A campaign's material; `problems` contains an error for each source that can't be read."""

    articles: dict[str, Article] = field(default_factory=dict)
    passages: list[Passage] = field(default_factory=list)
    chats: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    samples: dict[str, Rejection] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_cut: bool = False

    def reject(self, rejection: Rejection) -> None:
        """Count a rejection, and keep the first rejection for each reason as a sample."""
        self.rejected[rejection.reason] += 1
        self.samples.setdefault(rejection.reason, rejection)

    @property
    def description(self) -> str:
        """The counts of articles, passages and chats as text."""
        cut = f" (only the first {MAX_ARTICLES} articles of each source were read)"
        chats = f", {self.chats} chats" if self.chats else ""
        counts = f"{len(self.articles)} articles with {len(self.passages)} passages{chats}"
        return counts + (cut if self.is_cut else "")


def read_material(store: Store, campaign: Campaign) -> Material:
    """Read a campaign's material: stored passages, sources that aren't stored yet, and chats."""
    material = Material()
    everything = replace(campaign, generate=replace(campaign.generate, limit=0))
    for passage in campaign_passages(store, everything):
        material.passages.append(passage)
        if passage.article not in material.articles:
            material.articles[passage.article] = store.require(Article, passage.article)
    for source in campaign.sources:
        if not store.count(Article, source=source_name(source)):
            _read_source(material, source, campaign)
    for path in campaign.chats:
        _read_chats(material, path, campaign)
    material.passages = in_generation_order(material.passages)
    return material


def _read_source(material: Material, source: str, campaign: Campaign) -> None:
    count = 0
    try:
        for batch in read_batches(source, source_terms(campaign, source), workers=1):
            for record in batch.records:
                if isinstance(record, Article):
                    count += 1
                    material.is_cut = material.is_cut or count > MAX_ARTICLES
                    if count > MAX_ARTICLES:
                        return
                    material.articles[record.id] = record
                elif isinstance(record, Passage):
                    material.passages.append(record)
                else:
                    material.reject(record)
    except SourceError as error:
        material.problems.append(str(error))


def _read_chats(material: Material, path: str, campaign: Campaign) -> None:
    source = ChatImport(Path(path), campaign.name, campaign.licence, campaign.voice.language)
    try:
        for record in import_chats(source):
            if isinstance(record, Candidate):
                material.chats += 1
            else:
                material.reject(record)
    except SourceError as error:
        material.problems.append(str(error))
