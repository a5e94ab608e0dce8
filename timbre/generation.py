"""Candidates from passages: the campaign's pipeline run into the store."""

from collections import Counter
from collections.abc import Iterator

from db.records import Article, Candidate, Record, Refusal
from db.store import Store
from pipelines.conversations import conversations
from pipelines.persona_file import load_persona
from pipelines.personas import persona_candidates
from pipelines.plan import GenerationPlan
from pipelines.tone_file import load_tone
from timbre.articles import add_articles, campaign_passages, source_name
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.settings import Settings, config_file

_BATCH = 500


def generate(
    store: Store, campaign: Campaign, settings: Settings, advance: Advance
) -> Counter[str]:
    """Make the campaign's candidates and store them as they come; what exists is not made again.

    Returns counts by candidate kind, `refused: REASON` and `new` (records the store did not
    have).
    """
    counts: Counter[str] = Counter()
    batch: list[Record] = []
    for record in _rows(store, campaign, settings):
        counts[_label(record)] += 1
        batch.append(record)
        if len(batch) >= _BATCH:
            counts["new"] += store.add(batch)
            batch.clear()
            advance(counts.total(), 0)
    counts["new"] += store.add(batch)
    return counts


def take_in_sources(store: Store, campaign: Campaign, advance: Advance) -> None:
    """Read those of the campaign's sources that the store has no article of."""
    for source in campaign.sources:
        if not store.count(Article, source=source_name(source)):
            add_articles(store, source, advance)


def _rows(store: Store, campaign: Campaign, settings: Settings) -> Iterator[Candidate | Refusal]:
    chosen = campaign_passages(store, campaign.sources, campaign.generate.limit)
    settings.journals.mkdir(parents=True, exist_ok=True)
    plan = GenerationPlan(
        campaign=campaign.name,
        teacher=campaign.generate.teacher,
        seed=campaign.generate.seed,
        questions_per_passage=campaign.generate.questions_per_passage,
        journal=settings.journals / f"{campaign.name}.jsonl",
    )
    if campaign.tone:
        return conversations(chosen, load_tone(config_file("tones", campaign.tone)), plan)
    return persona_candidates(chosen, load_persona(config_file("personas", campaign.persona)), plan)


def _label(record: Candidate | Refusal) -> str:
    return record.kind.value if isinstance(record, Candidate) else f"refused: {record.reason}"
