"""Run the pipeline of a campaign and store the candidates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self

from db.records import Article, Candidate, Passage, Rejection
from db.store import Store
from pipelines.chats.chat_import import ChatImport
from pipelines.chats.rewrites import rewrite_chats
from pipelines.conversations import generate_conversations
from pipelines.errors import TeacherError
from pipelines.meter import Meter
from pipelines.personas import generate_persona_texts
from pipelines.plan import GenerationPlan
from pipelines.teachers.endpoints.endpoint import BATCH_PRICE
from pipelines.voices.readiness import find_ability_problem
from pipelines.voices.tone import Tone
from timbre.campaign import Campaign
from timbre.console import ProgressCallback
from timbre.settings import Settings, SettingsError
from timbre.workflows.generate.examples import approved_examples
from timbre.workflows.generate.plan import GenerateOptions, generation_plan, plan_resources
from timbre.workflows.generate.prompts import render_prompts
from timbre.workflows.generate.storage import StoredCounts, store_records
from timbre.workflows.ingest import campaign_passages

_SAMPLE = 200
"""The maximum number of passages that an estimate is based on."""


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


@dataclass(frozen=True)
class GenerationReport:
    """The result of a generation run: stored records, usage, and changes made to requests."""

    stored: StoredCounts
    meter: Meter
    changes: tuple[str, ...]


def generate(
    store: Store,
    campaign: Campaign,
    settings: Settings,
    on_progress: ProgressCallback,
    options: GenerateOptions | None = None,
) -> GenerationReport:
    """Generate the candidates of a campaign and store them as they arrive.

    Existing candidates aren't generated again. Even if the run is interrupted, all candidates
    generated so far are stored.

    Raises `SettingsError` if a limit in dollars is set without prices, if there is no material or
    if every text is rejected, and `TeacherError` if the teacher can't be used.
    """
    plan = generation_plan(campaign, settings, options or GenerateOptions())
    if problem := find_ability_problem(plan, campaign.voice):
        raise TeacherError(problem)
    if plan.prompts and plan.prompts.is_dir():  # finds errors in prompts early
        render_prompts(store, settings, campaign, campaign_passages(store, campaign))
    examples = approved_examples(store, campaign)
    plan = replace(plan, resources=plan_resources(store, campaign, plan), examples=examples)
    records = generate_records(store, campaign, plan)
    prices = plan.meter.prices.at(BATCH_PRICE if plan.by_batches else 1.0)
    stored = store_records(store, records, prices, on_progress)
    if not stored.has_candidates and not plan.meter.is_stopped:
        raise SettingsError(_describe_nothing(campaign, stored))
    return GenerationReport(stored, plan.meter, tuple(plan.dialect.changes))


def estimate(store: Store, campaign: Campaign, settings: Settings) -> Estimate:
    """Estimate the requests and cost of a generation run, without sending requests."""
    plan = generation_plan(campaign, settings, GenerateOptions())
    plan = replace(plan, dry_run=True, examples=approved_examples(store, campaign))
    passages = campaign_passages(store, campaign)
    sample = passages[:: len(passages) // _SAMPLE + 1]
    for _ in run_pipeline(campaign, sample, plan):
        pass
    per_passage, factor = _Usage.of(plan.meter), len(passages) / max(1, len(sample))
    for _ in rewrite_campaign_chats(campaign, plan):  # all chats, because the files are small
        pass
    chats = _Usage(*(b - a for a, b in zip(per_passage, _Usage.of(plan.meter), strict=True)))
    total = _Usage(*(a * factor + b for a, b in zip(per_passage, chats, strict=True)))
    return Estimate(
        passages=len(passages),
        requests=round(total.requests),
        cached=round(total.cached),
        input_tokens=round(total.input_tokens),
        output_tokens=round(total.output_tokens),
        usd=total.usd,
    )


class _Usage(NamedTuple):
    """The number of requests and tokens, and their cost."""

    requests: float
    cached: float
    input_tokens: float
    output_tokens: float
    usd: float

    @classmethod
    def of(cls, meter: Meter) -> Self:
        return cls(*(getattr(meter, name) for name in cls._fields))


def generate_records(
    store: Store, campaign: Campaign, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Reject passages that aren't in the campaign's language, and run the pipeline on the rest."""
    language = campaign.voice.language
    languages = {a.id: a.language for a in store.stream(Article)}
    passages = list[Passage]()
    for passage in campaign_passages(store, campaign):
        passage_language = languages[passage.article]
        if base_language(passage_language) == base_language(language):
            passages.append(passage)
        else:
            yield Rejection(
                scope=campaign.name,
                stage="generate",
                subject=passage.id,
                reason="another language",
                detail=f"{passage_language}, expected {language}",
            )
    yield from run_pipeline(campaign, passages, plan)
    yield from rewrite_campaign_chats(campaign, plan)


def _describe_nothing(campaign: Campaign, counts: StoredCounts) -> str:
    total = counts.by_outcome.total()
    if not total:
        return (
            f"“{campaign.name}” has no passages to write about. Add articles with `timbre articles "
            "add SOURCE`, or name `sources`, or `chats` to rewrite, in the campaign."
        )
    return (
        f"“{campaign.name}” got no candidate: all {total} texts were rejected. The main reasons "
        f"are:{counts.main_reasons()}"
    )


def base_language(code: str) -> str:
    """Return a language code without region or script.

    Simple English (`simple`) counts as English.
    """
    return "en" if code == "simple" else code.split("-")[0]


def rewrite_campaign_chats(
    campaign: Campaign, plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Rewrite the answers in a campaign's chats, and yield the candidates and rejections."""
    if isinstance(campaign.voice, Tone):
        for path in campaign.chats:
            source = ChatImport(
                Path(path), campaign.name, campaign.licence, campaign.voice.language
            )
            yield from rewrite_chats(source, campaign.voice, plan)


def run_pipeline(
    campaign: Campaign, passages: Iterable[Passage], plan: GenerationPlan
) -> Iterator[Candidate | Rejection]:
    """Run the pipeline for a tone or a persona, and yield candidates and rejections."""
    if isinstance(campaign.voice, Tone):
        return generate_conversations(passages, campaign.voice, plan)
    return generate_persona_texts(passages, campaign.voice, plan)
