"""Candidates from passages: the campaign's pipeline run into the store."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from db.records import Article, Candidate, CandidateKind, Measure, Passage, Record, Rejection
from db.store import Store
from pipelines.checks.candidates import CampaignChecks, CheckedFor
from pipelines.conversations import conversations
from pipelines.existing import Chats, existing_chats
from pipelines.meter import Meter, Prices
from pipelines.persona_file import Persona, load_persona
from pipelines.personas import persona_candidates
from pipelines.plan import GenerationPlan, Lent
from pipelines.tone_file import Tone, load_tone
from pipelines.wikipedia.sources import name_of
from timbre.articles import add_articles, campaign_passages
from timbre.campaign import Campaign
from timbre.console import Advance
from timbre.settings import Settings, SettingsError, config_file, ray_address, teacher_key

COST_SOURCE = "generate.prices.v1"
_BATCH = 500
_SAMPLE = 200


@dataclass(frozen=True)
class Wanted:
    """How a run is made: its limits, a second try, one row at a time, on a Ray cluster."""

    max_usd: float | None = None
    max_tokens: int | None = None
    retry: bool = False
    debug: bool = False
    ray: bool = False


@dataclass(frozen=True)
class Estimate:
    """What a run would ask for, estimated from some of its passages; `known` need not be asked."""

    passages: int
    asked: int
    known: int
    read: int
    written: int
    usd: float


def generate(
    store: Store,
    campaign: Campaign,
    settings: Settings,
    advance: Advance,
    wanted: Wanted | None = None,
) -> tuple[Counter[str], Meter]:
    """Make the campaign's candidates and store them as they come; what exists is not made again.

    Returns counts by candidate kind, `refused: REASON` and `new` (records the store did not
    have), and what the teacher was asked for. Whatever ends the run, what came is stored.
    """
    wanted = wanted or Wanted()
    plan = _lent(store, campaign, _plan(campaign, settings, wanted))
    made = _made(store, campaign, plan)
    return _stored(store, made, plan.meter.prices, advance), plan.meter


def add_chats(
    store: Store, campaign: Campaign, path: Path, licence: str, advance: Advance
) -> Counter[str]:
    """Take chats that there are already in as candidates of a campaign; counts as `generate`."""
    form = _form(campaign)
    persona = form.called if isinstance(form, Persona) else None
    lent = Lent(earlier=store.stream(Candidate, campaign=campaign.name))
    checks = CampaignChecks(CheckedFor(form.language), lent)
    made = existing_chats(Chats(path, campaign.name, licence, persona), checks)
    return _stored(store, made, Prices(), advance)


def _stored(
    store: Store, made: Iterable[Candidate | Rejection], prices: Prices, advance: Advance
) -> Counter[str]:
    """Store records as they come, whatever ends them; counts by what they are, and `new` ones."""
    counts: Counter[str] = Counter()
    batch: list[Record] = []

    def keep() -> None:
        records = [*batch]
        batch.clear()  # first, for a write that was broken off is not to be tried again at the end
        counts["new"] += store.add(records)
        store.add(cost for record in records for cost in _cost(record, prices))

    try:
        for record in made:
            counts[_label(record)] += 1
            batch.append(record)
            if len(batch) >= _BATCH:
                keep()
                advance(counts.total() - counts["new"], 0)
    finally:
        keep()
    return counts


def estimate(store: Store, campaign: Campaign, settings: Settings) -> Estimate:
    """What a run would ask its teacher for: nobody is asked, and nothing is written."""
    plan = replace(_plan(campaign, settings, Wanted()), rehearse=True)
    passages = _passages(store, campaign)
    sample = passages[:: len(passages) // _SAMPLE + 1]
    for _ in _pipeline(campaign, sample, plan):
        pass
    meter, share = plan.meter, len(passages) / max(1, len(sample))
    return Estimate(
        passages=len(passages),
        asked=round(meter.asked * share),
        known=round(meter.known * share),
        read=round(meter.read * share),
        written=round(meter.written * share),
        usd=meter.usd * share,
    )


def take_in_sources(store: Store, campaign: Campaign, advance: Advance) -> None:
    """Read those of the campaign's sources that the store has no article of."""
    for source in campaign.sources:
        if not store.count(Article, source=name_of(source)):
            add_articles(store, source, advance)


def _plan(campaign: Campaign, settings: Settings, wanted: Wanted) -> GenerationPlan:
    asked = campaign.generate
    prices = Prices(asked.input_price, asked.output_price)
    if wanted.max_usd is not None and not prices.of(1, 1):
        raise SettingsError(
            "found a limit in dollars without prices, expected input_price and output_price (US "
            "dollars a million tokens) in [generate] of the campaign; add them, or use --max-tokens"
        )
    plan = GenerationPlan(
        campaign=campaign.name,
        teacher=asked.teacher,
        seed=asked.seed,
        questions_per_passage=asked.questions_per_passage,
        journal=settings.journals / f"{campaign.name}.jsonl",
        api_key=teacher_key(asked.teacher),
        temperature=asked.temperature,
        max_tokens=asked.longest_reply,
        concurrency=asked.concurrency,
        retry=wanted.retry,
        ray=ray_address() if wanted.ray else "",
        meter=Meter(prices, wanted.max_usd, wanted.max_tokens),
    )
    if asked.kinds:
        plan = replace(plan, kinds=tuple(CandidateKind(kind) for kind in asked.kinds))
    return replace(plan, batch=1, concurrency=1) if wanted.debug else plan


def _lent(store: Store, campaign: Campaign, plan: GenerationPlan) -> GenerationPlan:
    """The plan with what the store and the trainer lend it."""
    lent = Lent(earlier=store.stream(Candidate, campaign=campaign.name))
    statements = campaign.persona and CandidateKind.STATEMENT in plan.kinds
    kind, _, model = plan.teacher.partition(":")
    if statements or kind == "transformers":
        # Only these need torch, which takes seconds to import.
        from timbre.lending import meaning, writer

        lent = replace(
            lent,
            embed=meaning if statements else None,
            writer=writer(model, plan) if kind == "transformers" else None,
        )
    return replace(plan, lent=lent)


def _made(
    store: Store, campaign: Campaign, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """The records of a run; passages in another language than the tone's or persona's first."""
    language = _form(campaign).language
    languages = {a.id: a.language for a in store.stream(Article)}
    chosen = list[Passage]()
    for passage in _passages(store, campaign):
        found = languages[passage.article]
        if _spoken(found) == _spoken(language):
            chosen.append(passage)
        else:
            yield Rejection(
                scope=campaign.name,
                stage="generate",
                subject=passage.id,
                reason="another language",
                detail=f"{found}, expected {language}",
            )
    yield from _pipeline(campaign, chosen, plan)


def _spoken(language: str) -> str:
    """The language without its region or script; Simple English is English."""
    return "en" if language == "simple" else language.split("-")[0]


def _pipeline(
    campaign: Campaign, passages: Iterable[Passage], plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    form = _form(campaign)
    if isinstance(form, Tone):
        return conversations(passages, form, plan)
    return persona_candidates(passages, form, plan)


def _form(campaign: Campaign) -> Tone | Persona:
    if campaign.tone:
        return load_tone(config_file("tones", campaign.tone))
    return load_persona(config_file("personas", campaign.persona))


def _passages(store: Store, campaign: Campaign) -> list[Passage]:
    return campaign_passages(store, campaign.sources, campaign.generate.limit)


def _cost(record: Record, prices: Prices) -> Iterator[Measure]:
    """What a candidate's replies cost, where the campaign states prices."""
    if isinstance(record, Candidate) and prices.of(1, 1):
        usd = prices.of(record.input_tokens, record.output_tokens)
        yield Measure(subject=record.id, name="usd", source=COST_SOURCE, value=usd)


def _label(record: Candidate | Rejection) -> str:
    return record.kind.value if isinstance(record, Candidate) else f"refused: {record.reason}"
