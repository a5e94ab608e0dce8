"""Read a campaign's passages and chats without storing them, and count the rejections."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.records import Article, Candidate, Passage, Rejection
from db.store import Store
from pipelines.articles.documents import list_files
from pipelines.articles.intake import read_batches
from pipelines.articles.sources import source_name
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.errors import SourceError
from timbre.campaign import Campaign
from timbre.console import count_noun
from timbre.workflows.generate.run import base_language
from timbre.workflows.ingest import campaign_passages, in_generation_order, source_terms

MATERIAL = "material"
"""The folder for material in a campaign's folder."""
_UNUSED = f"name {MATERIAL} in `sources` if it has documents, or a file of chats in `chats`"
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
        articles = count_noun(len(self.articles), "article")
        counts = f"{articles} with {count_noun(len(self.passages), 'passage')}"
        if self.chats and not self.articles:
            counts = count_noun(self.chats, "chat")
        elif self.chats:
            counts += f" and {count_noun(self.chats, 'chat')}"
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
    for file in _unused_files(campaign):
        material.reject(
            Rejection(
                scope=campaign.name,
                stage="articles",
                subject=file,
                reason="not used",
                detail=_UNUSED,
            )
        )
    material.passages = in_generation_order(material.passages)
    return material


def _unused_files(campaign: Campaign) -> list[str]:
    """The files in the campaign's folder for material that it doesn't name."""
    folder = campaign.folder / MATERIAL
    named = {Path(name).resolve() for name in (*campaign.sources, *campaign.chats)}
    if not folder.is_dir() or folder.resolve() in named:
        return []
    return [str(file) for file in list_files(folder) if file.resolve() not in named]


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


def usable_passages(campaign: Campaign, material: Material) -> list[Passage]:
    """The passages in the campaign's language, up to its limit."""
    return in_language(campaign, material)[: campaign.generate.limit or None]


def in_language(campaign: Campaign, material: Material) -> list[Passage]:
    """The passages in the campaign's language."""
    language = base_language(campaign.voice.language)
    return [
        passage
        for passage in material.passages
        if base_language(material.articles[passage.article].language) == language
    ]
