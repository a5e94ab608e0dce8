"""Run the pipeline of a campaign and store the candidates."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from db.records import Article, Candidate, CandidateKind, Measure, Passage, Record, Rejection
from db.store import Store
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.conversations import generate_conversations
from pipelines.errors import SourceError
from pipelines.journal import Reply
from pipelines.meter import Meter, Prices
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan, ReplyFn, Resources, ignore_message
from pipelines.prompting import ChatMessages
from pipelines.teachers.endpoints.endpoint import BATCH_PRICE
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone
from timbre.campaign import Campaign
from timbre.console import ProgressCallback, format_counts
from timbre.settings import Settings, SettingsError, ray_address, teacher_key
from timbre.workflows.ingest import campaign_passages

COST_SOURCE = "generate.prices.v1"
_BATCH = 500
_BATCH_API_ROWS = 10_000
_REJECTED = "rejected: "
_SAMPLE = 200
"""The number of passages that an estimate is based on."""
_REASONS = 3
_EXCERPT = 80
"""The length in characters of the excerpt from a rejected chat in an error."""


@dataclass(frozen=True)
class GenerateOptions:
    """Limits of a generation run, whether to retry rejected texts, and where the teacher runs.

    With `keep_going`, the run goes on although its first texts failed for the same reason.
    `by_batches` uses the provider's batch API, whose progress goes to `on_message`.
    """

    max_usd: float | None = None
    max_tokens: int | None = None
    retry: bool = False
    debug: bool = False
    ray: bool = False
    keep_going: bool = False
    by_batches: bool = False
    on_message: Callable[[str], None] = ignore_message


@dataclass
class StoredCounts:
    """Counts of candidates by kind and rejections by reason, and the number of new ones."""

    by_outcome: Counter[str] = field(default_factory=Counter)
    new: int = 0

    @property
    def is_fruitless(self) -> bool:
        """Whether every text was rejected."""
        rejected = sum(n for outcome, n in self.by_outcome.items() if outcome.startswith(_REJECTED))
        return 0 < rejected == self.by_outcome.total()

    def __str__(self) -> str:
        """Format the counts as text."""
        return format_counts(self.by_outcome)


@dataclass(frozen=True)
class GenerationReport:
    """What a run stored, what it requested, and how it changed its requests for the teacher."""

    stored: StoredCounts
    meter: Meter
    changes: tuple[str, ...]


@dataclass(frozen=True)
class ImportCounts:
    """Counts of stored records, and of the changes that the import made to accepted chats."""

    stored: StoredCounts
    changes: Counter[str]


@dataclass(frozen=True)
class Estimate:
    """The requests, tokens and cost of a run, extrapolated from a sample of passages.

    `cached` replies are already in the journal and cost nothing.
    """

    passages: int
    requests: int
    cached: int
    input_tokens: int
    output_tokens: int
    usd: float


def generate(
    store: Store,
    campaign: Campaign,
    settings: Settings,
    on_progress: ProgressCallback,
    options: GenerateOptions | None = None,
) -> GenerationReport:
    """Generate the campaign's candidates and store them as they arrive.

    Existing candidates aren't generated again. However the run ends, all candidates that have
    arrived are stored.

    Raises `SettingsError` if a limit in dollars is set without prices, `TeacherError` if the
    teacher can't be used.
    """
    plan = _plan(campaign, settings, options or GenerateOptions())
    plan = replace(plan, resources=_resources(store, campaign, plan))
    records = _generate_records(store, campaign, plan)
    share = BATCH_PRICE if plan.by_batches else 1.0
    stored = _store_records(store, records, plan.meter.prices.at(share), on_progress)
    return GenerationReport(stored, plan.meter, tuple(plan.dialect.changes))


def estimate(store: Store, campaign: Campaign, settings: Settings) -> Estimate:
    """Estimate the requests and cost of a run, without requesting or storing anything."""
    plan = replace(_plan(campaign, settings, GenerateOptions()), dry_run=True)
    passages = campaign_passages(store, campaign)
    sample = passages[:: len(passages) // _SAMPLE + 1]
    for _ in _run_pipeline(campaign, sample, plan):
        pass
    meter, factor = plan.meter, len(passages) / max(1, len(sample))
    return Estimate(
        passages=len(passages),
        requests=round(meter.requests * factor),
        cached=round(meter.cached * factor),
        input_tokens=round(meter.input_tokens * factor),
        output_tokens=round(meter.output_tokens * factor),
        usd=meter.usd * factor,
    )


def add_chats(
    store: Store, campaign: Campaign, path: Path, licence: str, on_progress: ProgressCallback
) -> ImportCounts:
    """Import a file of existing chats as candidates of a campaign. Rejections are stored, too.

    Raises `SourceError` if the file can't be read or none of the chats can be imported.
    """
    voice = campaign.voice
    persona = voice.label if isinstance(voice, Persona) else None
    existing = store.stream(Candidate, campaign=campaign.name)
    source = ChatImport(path, campaign.name, licence, voice.language, persona, existing)
    samples: dict[str, Rejection] = {}
    records = _collect_samples(import_chats(source), samples)
    stored = _store_records(store, records, Prices(), on_progress)
    rejections = {reason: stored.by_outcome[f"{_REJECTED}{reason}"] for reason in samples}
    if stored.by_outcome.total() == sum(rejections.values()):
        raise SourceError(_nothing_imported(path.name, Counter(rejections), samples))
    return ImportCounts(stored, source.changes)


def local_writer(model: str, plan: GenerationPlan) -> Callable[[], ReplyFn]:
    """Return a function that loads a local model as the teacher.

    The function can be sent to a Ray worker.
    """
    return partial(_load_writer, model, plan.max_tokens, plan.temperature, plan.seed)


def _load_writer(model: str, max_tokens: int, temperature: float, seed: int) -> ReplyFn:
    from trainer.arms import Decoding
    from trainer.writer import load_writer

    write = load_writer(model, Decoding(max_tokens, temperature, seed=seed))

    def reply(chats: Sequence[ChatMessages]) -> list[Reply | None]:
        replies = write(chats)
        return [Reply(r.text, r.input_tokens, r.output_tokens) if r else None for r in replies]

    return reply


def _plan(campaign: Campaign, settings: Settings, options: GenerateOptions) -> GenerationPlan:
    config = campaign.generate
    prices = Prices(config.input_price, config.output_price)
    if options.max_usd is not None and not prices.cost(1, 1):
        raise SettingsError(
            "--max-usd requires prices. Add input_price and output_price (US dollars per "
            "million tokens) to [generate] in the campaign, or use --max-tokens."
        )
    plan = GenerationPlan(
        campaign=campaign.name,
        teacher=config.teacher,
        seed=config.seed,
        questions_per_passage=config.questions_per_passage,
        journal=settings.journals / f"{campaign.name}.jsonl",
        api_key=teacher_key(config.teacher),
        temperature=config.temperature,
        max_tokens=config.max_tokens,
        concurrency=config.concurrency,
        retry=options.retry,
        keep_going=options.keep_going,
        by_batches=options.by_batches,
        on_message=options.on_message,
        ray=ray_address() if options.ray else "",
        meter=Meter(prices, options.max_usd, options.max_tokens),
    )
    if config.kinds:
        plan = replace(plan, kinds=tuple(CandidateKind(kind) for kind in config.kinds))
    if options.by_batches:  # a batch can take a day, so it should hold as many rows as possible
        plan = replace(plan, batch=_BATCH_API_ROWS)
    return replace(plan, batch=1, concurrency=1) if options.debug else plan


def _resources(store: Store, campaign: Campaign, plan: GenerationPlan) -> Resources:
    """Return what a generation run needs from the store and the trainer."""
    resources = Resources(existing=store.stream(Candidate, campaign=campaign.name))
    is_persona = isinstance(campaign.voice, Persona)
    kind, _, model = plan.teacher.partition(":")
    if is_persona and CandidateKind.STATEMENT in plan.kinds:
        from trainer.embed import embed  # imports torch, which takes seconds

        resources = replace(resources, embed=embed)
    if kind == "transformers":
        resources = replace(resources, writer=local_writer(model, plan))
    return resources


def _generate_records(
    store: Store, campaign: Campaign, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Reject passages that aren't in the voice's language, and run the pipeline on the others."""
    language = campaign.voice.language
    languages = {a.id: a.language for a in store.stream(Article)}
    passages = list[Passage]()
    for passage in campaign_passages(store, campaign):
        passage_language = languages[passage.article]
        if _base_language(passage_language) == _base_language(language):
            passages.append(passage)
        else:
            yield Rejection(
                scope=campaign.name,
                stage="generate",
                subject=passage.id,
                reason="another language",
                detail=f"{passage_language}, expected {language}",
            )
    yield from _run_pipeline(campaign, passages, plan)


def _base_language(code: str) -> str:
    """Return a language code without region or script. Simple English counts as English."""
    return "en" if code == "simple" else code.split("-")[0]


def _run_pipeline(
    campaign: Campaign, passages: Iterable[Passage], plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    if isinstance(campaign.voice, Tone):
        return generate_conversations(passages, campaign.voice, plan)
    return generate_persona_texts(passages, campaign.voice, plan)


def _store_records(
    store: Store,
    records: Iterable[Candidate | Rejection],
    prices: Prices,
    on_progress: ProgressCallback,
) -> StoredCounts:
    """Store records as they arrive, even if the iteration is interrupted."""
    counts = StoredCounts()
    pending: list[Record] = []

    def flush() -> None:
        batch = [*pending]
        pending.clear()  # cleared first, so that an interrupted write isn't repeated at the end
        counts.new += store.add(batch)
        store.add(cost for record in batch for cost in _cost(record, prices))

    try:
        for record in records:
            counts.by_outcome[_outcome(record)] += 1
            pending.append(record)
            if len(pending) >= _BATCH:
                flush()
                on_progress(counts.by_outcome.total(), 0)
    finally:
        flush()
    return counts


def _cost(record: Record, prices: Prices) -> Iterator[Measure]:
    """Return the cost of a candidate's replies, if the campaign has prices."""
    if isinstance(record, Candidate) and prices.cost(1, 1):
        usd = prices.cost(record.input_tokens, record.output_tokens)
        yield Measure(subject=record.id, name="usd", source=COST_SOURCE, value=usd)


def _outcome(record: Candidate | Rejection) -> str:
    return record.kind.value if isinstance(record, Candidate) else f"{_REJECTED}{record.reason}"


def _collect_samples(
    records: Iterable[Candidate | Rejection], samples: dict[str, Rejection]
) -> Iterator[Candidate | Rejection]:
    """Pass on records, and remember the first rejection for each reason."""
    for record in records:
        if isinstance(record, Rejection):
            samples.setdefault(record.reason, record)
        yield record


def _nothing_imported(name: str, counts: Counter[str], samples: dict[str, Rejection]) -> str:
    lines = [f"{name}: none of the {counts.total()} chats can be imported. The main reasons are:"]
    for reason, count in counts.most_common(_REASONS):
        sample = samples[reason]
        text = " ".join(sample.text.split())
        excerpt = text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"
        lines.append(f"  {count} × {reason}: {sample.subject} ({sample.detail}) “{excerpt}”")
    return "\n".join(lines)
