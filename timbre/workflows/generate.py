"""Run the pipeline of a campaign and store the candidates."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from db.records import Article, Candidate, CandidateKind, Measure, Passage, Record, Rejection, Split
from db.store import Store
from db.versions.contents import find_version, version_examples
from pipelines.chats.chat_import import ChatImport, import_chats
from pipelines.conversations import generate_conversations
from pipelines.errors import SourceError
from pipelines.journal import Reply
from pipelines.meter import Meter, Prices
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan, ReplyFn, Resources
from pipelines.prompting import ChatMessages
from pipelines.voices.persona import Persona
from pipelines.voices.tone import Tone
from pipelines.worked_examples import WorkedExample, choose_approved
from timbre.campaign import Campaign
from timbre.console import ProgressCallback, format_counts
from timbre.settings import Settings, SettingsError, ray_address, teacher_key
from timbre.workflows.ingest import campaign_passages

COST_SOURCE = "generate.prices.v1"
_BATCH = 500
_SAMPLE = 200
"""The number of passages that an estimate is based on."""
_REASONS = 3
_EXCERPT = 80
"""The length in characters of the excerpt from a rejected chat in an error."""


@dataclass(frozen=True)
class GenerateOptions:
    """The limits of a generation run, whether to retry rejections, and where the teacher runs."""

    max_usd: float | None = None
    max_tokens: int | None = None
    retry: bool = False
    debug: bool = False
    ray: bool = False


@dataclass
class StoredCounts:
    """The number of candidates of each kind, of rejections for each reason, and of new records."""

    by_outcome: Counter[str] = field(default_factory=Counter)
    new: int = 0

    def __str__(self) -> str:
        """Format the counts as a comma-separated list."""
        return format_counts(self.by_outcome)


@dataclass(frozen=True)
class ImportCounts:
    """Counts of the records that an import stored, and of the changes it made to accepted chats."""

    stored: StoredCounts
    changes: Counter[str]


@dataclass(frozen=True)
class Estimate:
    """The requests, tokens and cost of a run, extrapolated from a sample of passages.

    `cached` is the number of replies that are already in the journal and cost nothing.
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
) -> tuple[StoredCounts, Meter]:
    """Generate the candidates of a campaign and store them as they arrive.

    Existing candidates aren't generated again. However the run ends, all candidates that have
    arrived are stored.

    Returns the counts of stored records, and the meter that tracked the teacher's requests.

    Raises `SettingsError` if a dollar limit is set without prices, and `TeacherError` if the
    teacher can't be used.
    """
    plan = _plan(campaign, settings, options or GenerateOptions())
    examples = approved_examples(store, campaign)
    plan = replace(plan, resources=_resources(store, campaign, plan), examples=examples)
    records = _generate_records(store, campaign, plan)
    return _store_records(store, records, plan.meter.prices, on_progress), plan.meter


def estimate(store: Store, campaign: Campaign, settings: Settings) -> Estimate:
    """Estimate the requests and cost of a run, without requesting or storing anything."""
    plan = _plan(campaign, settings, GenerateOptions())
    plan = replace(plan, dry_run=True, examples=approved_examples(store, campaign))
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
    rejections = {reason: stored.by_outcome[f"rejected: {reason}"] for reason in samples}
    if stored.by_outcome.total() == sum(rejections.values()):
        raise SourceError(_nothing_imported(path.name, Counter(rejections), samples))
    return ImportCounts(stored, source.changes)


def local_writer(model: str, plan: GenerationPlan) -> Callable[[], ReplyFn]:
    """Return a function that loads a local model as the teacher.

    The returned function can be sent to a Ray worker.
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
        ray=ray_address() if options.ray else "",
        meter=Meter(prices, options.max_usd, options.max_tokens),
    )
    if config.kinds:
        plan = replace(plan, kinds=tuple(CandidateKind(kind) for kind in config.kinds))
    return replace(plan, batch=1, concurrency=1) if options.debug else plan


def approved_examples(store: Store, campaign: Campaign) -> tuple[WorkedExample, ...]:
    """Approved texts from the version that the campaign's `examples` names; none without it.

    A version never changes, so the prompts stay the same when people approve more texts.

    Raises `SettingsError` if the version has no such text.
    """
    name, voice = campaign.generate.examples, campaign.voice
    if not name:
        return ()
    persona = voice.label if isinstance(voice, Persona) else None
    train = version_examples(store, find_version(store, name), Split.TRAIN)
    examples = [example for example in train if example.persona == persona]
    passage_ids = tuple(example.passage or "" for example in examples)
    passages = {p.id: p for p in store.stream(Passage, id=passage_ids)}
    revisions = _revisions(store, tuple(example.article or "" for example in examples))
    chosen = tuple(choose_approved(voice, examples, passages, revisions))
    if not chosen:
        raise SettingsError(
            f"The version “{name}”, which `examples` in [generate] names, has no approved text of "
            f"{campaign.subject} about a passage. Name another version, or remove the key."
        )
    return chosen


def _revisions(store: Store, articles: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """By an article's id, the ids of all stored revisions of it."""
    urls = {article.id: article.url for article in store.stream(Article, id=articles)}
    by_url: dict[str, list[str]] = defaultdict(list)
    for article in store.stream(Article, url=tuple(set(urls.values()))):
        by_url[article.url].append(article.id)
    return {article: tuple(sorted(by_url[url])) for article, url in urls.items()}


def _resources(store: Store, campaign: Campaign, plan: GenerationPlan) -> Resources:
    """Return the existing candidates and the local models that a generation run needs."""
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
    return record.kind.value if isinstance(record, Candidate) else f"rejected: {record.reason}"


def _collect_samples(
    records: Iterable[Candidate | Rejection], samples: dict[str, Rejection]
) -> Iterator[Candidate | Rejection]:
    """Yield all records, and remember the first rejection for each reason in `samples`."""
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
