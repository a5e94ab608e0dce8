"""Plan the generation of a campaign's candidates: the teacher, limits and resources."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from db.records import Candidate, CandidateKind
from db.store import Store
from evaluation.scorers.scorer import language_name
from pipelines.journal import Reply
from pipelines.meter import Meter, Prices
from pipelines.plan import GenerationPlan, ReplyFn, Resources, VoiceRules, ignore_message
from pipelines.prompting import ChatMessages, find_prompt_problems
from pipelines.voices.persona import Persona
from timbre.campaign import Campaign
from timbre.settings import Settings, SettingsError, ray_address, teacher_key

_BATCH_API_ROWS = 10_000


@dataclass(frozen=True)
class GenerateOptions:
    """The limits of a generation run, whether to retry rejections, and where the teacher runs.

    With `keep_going`, the run continues even if its first texts fail for the same reason. If
    `by_batches` is set, the provider's batch API is used, and `on_message` receives its progress.
    """

    max_usd: float | None = None
    max_tokens: int | None = None
    retry: bool = False
    debug: bool = False
    ray: bool = False
    keep_going: bool = False
    by_batches: bool = False
    on_message: Callable[[str], None] = ignore_message


def generation_plan(
    campaign: Campaign, settings: Settings, options: GenerateOptions
) -> GenerationPlan:
    """Plan what to generate for a campaign, with which teacher and which limits.

    Raises `SettingsError` if a limit in dollars is set without prices, or if a prompt file of the
    campaign can't be used.
    """
    config = campaign.generate
    prices = Prices(config.input_price, config.output_price)
    if options.max_usd is not None and not prices.cost(1, 1):
        raise SettingsError(
            "--max-usd requires prices. Add input_price and output_price (US dollars per "
            "million tokens) to [generate] in the campaign, or use --max-tokens."
        )
    folder = campaign.folder / "prompts"
    if problems := [*find_prompt_problems(folder)]:
        raise SettingsError("\n".join(f"{folder.name}/{problem}" for problem in problems))
    plan = GenerationPlan(
        campaign=campaign.name,
        teacher=config.teacher,
        seed=config.seed,
        questions_per_passage=config.questions_per_passage,
        turns=config.turns,
        prompts=folder,
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
    if options.by_batches:  # a batch can take a day, so it should contain as many rows as possible
        plan = replace(plan, batch=_BATCH_API_ROWS)
    return replace(plan, batch=1, concurrency=1) if options.debug else plan


def plan_resources(store: Store, campaign: Campaign, plan: GenerationPlan) -> Resources:
    """Return the existing candidates and the local models that a generation run needs."""
    existing = tuple(store.stream(Candidate, campaign=campaign.name))
    resources = Resources(existing=existing, rules=voice_rules(campaign))
    is_persona = isinstance(campaign.voice, Persona)
    kind, _, model = plan.teacher.partition(":")
    if is_persona and CandidateKind.STATEMENT in plan.kinds:
        from trainer.embed import embed  # imports torch, which takes seconds

        resources = replace(resources, embed=embed)
    if kind == "transformers":
        resources = replace(resources, writer=local_writer(model, plan))
    return resources


def voice_rules(campaign: Campaign) -> VoiceRules:
    """Convert the criteria of a campaign's tone or persona to rules for generated texts."""
    criteria, language = campaign.criteria, campaign.voice.language
    length = criteria.length
    return VoiceRules(
        requirements=criteria.requirements,
        unstated=criteria.unstated_requirements,
        language="" if language == "en" else language_name(language),
        find_violation=lambda text: criteria.find_violation(text, language),
        shortest=length.at_least or 1 if length else None,
        longest=length.at_most if length else None,
    )


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
