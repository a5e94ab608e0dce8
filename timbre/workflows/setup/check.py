"""Find everything in a campaign that would fail later, before anyone labels."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from annotation.errors import AnnotationError
from db.records import Candidate, Message, Passage, Rejection, Role
from db.store import Store
from db.versions.splits import count_splits, find_salt
from evaluation.errors import EvaluationError
from pipelines.errors import SourceError, TeacherError
from pipelines.meter import estimate_tokens
from pipelines.voices.persona import Persona
from pipelines.voices.readiness import find_teacher_problem
from timbre.campaign import Campaign, load_campaign, load_persona, load_tone, load_training
from timbre.campaign_config import CampaignConfig
from timbre.config import ConfigError, config_file, read_config
from timbre.settings import Settings, SettingsError
from timbre.workflows.generate.plan import GenerateOptions, generation_plan, plan_resources
from timbre.workflows.generate.prompts import render_prompts
from timbre.workflows.generate.run import base_language, rewrite_campaign_chats, run_pipeline
from timbre.workflows.setup.material import Material, read_material
from trainer.errors import TrainerError

SAMPLES = 3
_TRIED = 9
"""Passages that are tried for the samples."""
_SHOWN = 3
_EXCERPT = 90
_TITLE = 60


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what was found, or how to fix it."""

    name: str
    is_fine: bool
    detail: str


def check_campaign(store: Store, settings: Settings, name: str) -> Iterator[Finding]:
    """Check a campaign in the order in which its parts are used.

    If its files can't be used, nothing else is checked.
    """
    problems = find_config_problems(name)
    yield from (Finding("config", False, problem) for problem in problems)
    if problems:
        return
    campaign = load_campaign(name)
    yield Finding("config", True, f"{campaign.name}: {campaign.subject}")
    yield from _check_voice(campaign)
    material = read_material(store, campaign)
    yield from _check_material(campaign, material)
    yield from _check_gates(store, campaign, material)
    passages = usable_passages(campaign, material)
    prompts = list(_check_prompts(store, campaign, settings, passages))
    yield from prompts
    if not all(finding.is_fine for finding in prompts):
        return
    plan = generation_plan(campaign, settings, GenerateOptions())
    teacher = find_teacher_problem(plan, campaign.voice)
    yield Finding("teacher", not teacher, teacher or campaign.generate.teacher)
    if not teacher:
        yield from _check_samples(store, campaign, settings, material)


def find_config_problems(name: str) -> list[str]:
    """Every problem of a campaign's file and of the files it refers to, each with its key."""
    try:
        path = config_file("campaigns", name)
        config = read_config(CampaignConfig, path)
    except SettingsError as error:
        return _problems(error)

    def load(kind: Callable[[str], object], file: str) -> list[str]:
        beside = path.parent / file.partition("#")[0]
        try:
            kind(str(path.parent / file) if beside.exists() else file)
        except SettingsError as error:
            return _problems(error)
        return []

    voice = partial(load, load_tone) if config.tone else partial(load, load_persona)
    problems = voice(config.tone or config.persona)
    for training in dict.fromkeys((config.training, *config.watch.training)):
        problems += load(load_training, training)
    if problems:
        return problems
    try:
        load_campaign(name)
    except (SettingsError, EvaluationError) as error:
        return [str(error)]
    return []


def _problems(error: SettingsError) -> list[str]:
    if isinstance(error, ConfigError):
        return [f"{error.file}: {problem}" for problem in error.problems]
    return [str(error)]


def _check_voice(campaign: Campaign) -> Iterator[Finding]:
    voice = campaign.voice
    if isinstance(voice, Persona):
        names = ", ".join(trait.name for trait in voice.traits)
        yield Finding("traits", True, names)
    else:
        anchors = "; ".join(f"{a.value}: {a.label}" for a in voice.scale.anchors)
        yield Finding("scale", True, f"{voice.scale.question} ({anchors})")
    criterion = campaign.criterion
    description = (
        criterion.feature.description
        if criterion
        else ("none, so results are reported by people's preferences and ratings alone")
    )
    yield Finding("criterion", True, description)
    try:
        detail = f"{len(campaign.guidelines):,} of 10,000 characters"
        yield Finding("guidelines", True, detail)
    except AnnotationError as error:
        yield Finding("guidelines", False, str(error))


def _check_material(campaign: Campaign, material: Material) -> Iterator[Finding]:
    yield from (Finding("material", False, problem) for problem in material.problems)
    usable = usable_passages(campaign, material)
    other = len(material.passages) - len(_in_language(campaign, material))
    detail = material.description
    if other:
        detail += f"; {other} passages are in another language than the {_noun(campaign)}"
    for reason, count in material.rejected.most_common(_SHOWN):
        sample = material.samples[reason]
        detail += f"\n  rejected {count} × {reason}: {_describe_rejection(material, sample)}"
    if usable or material.chats:
        yield Finding("material", True, detail)
    elif not material.problems:
        fix = "Add documents or articles, or name chats in the campaign."
        yield Finding("material", False, f"There is nothing to write about: {detail}. {fix}")


def _noun(campaign: Campaign) -> str:
    return "persona" if isinstance(campaign.voice, Persona) else "tone"


def _describe_rejection(material: Material, rejection: Rejection) -> str:
    """The title of what was rejected, and its text or else what is wrong with it."""
    article = material.articles.get(rejection.subject)
    title = article.title if article else rejection.subject[:_TITLE]
    return f"{title}: {_quote(rejection) or rejection.detail}"


def _quote(rejection: Rejection) -> str:
    text = " ".join(rejection.text.split())
    return f"“{text[:_EXCERPT]}…”" if len(text) > _EXCERPT else f"“{text}”" if text else ""


def usable_passages(campaign: Campaign, material: Material) -> list[Passage]:
    """The passages in the campaign's language, up to its limit."""
    return _in_language(campaign, material)[: campaign.generate.limit or None]


def _in_language(campaign: Campaign, material: Material) -> list[Passage]:
    language = base_language(campaign.voice.language)
    return [
        passage
        for passage in material.passages
        if base_language(material.articles[passage.article].language) == language
    ]


def _check_gates(store: Store, campaign: Campaign, material: Material) -> Iterator[Finding]:
    """Whether so much material can give a version that meets the campaign's gates."""
    usable = usable_passages(campaign, material)
    texts = len(campaign.generate.kinds) or 3
    if not isinstance(campaign.voice, Persona):
        texts = campaign.generate.questions_per_passage
    most = len(usable) * texts + material.chats
    most = max(most, store.count(Candidate, campaign=campaign.name))
    needed = campaign.gates.approved
    yield Finding(
        "enough texts",
        most >= needed,
        f"at most {most} candidates, and {needed} must be approved"
        + ("" if most >= needed else "; add material, or lower `approved` in [gates]"),
    )
    if not campaign.measures_agreement:
        detail = (
            "not measured, because each record has one reviewer; freezing a version needs "
            "--override, and its card says so (or set overlap = 2 in [review])"
        )
        yield Finding("agreement", True, detail)
    pages = {material.articles[p.article].url for p in usable}
    yield _check_splits(campaign, pages, material.chats)


def _check_splits(campaign: Campaign, pages: set[str], chats: int) -> Finding:
    """Whether each split gets enough articles, and a salt that would do if not.

    Chats are divided by their rewritten text, so only their number is known.
    """
    config = campaign.freeze
    splits = config.splits
    counts, needed = count_splits(pages, config.salt, splits), config.minimum_articles
    detail = ", ".join(f"{count} {split}" for split, count in counts.items()) + " articles"
    if chats:
        detail += f", and {chats} chats that are divided once they are rewritten"
    missing = sum(max(0, needed - count) for count in counts.values())
    if missing <= chats:
        return Finding("splits", True, detail)
    better = "" if chats else find_salt(pages, config.salt, splits)
    fix = f'set salt = "{better}" in [freeze]' if better else "add material, or set a share to 0"
    return Finding("splits", False, f"{detail}, but each split needs {needed}; {fix}")


def _check_prompts(
    store: Store, campaign: Campaign, settings: Settings, passages: list[Passage]
) -> Iterator[Finding]:
    """The prompts, rendered on the first passage or chat, and how long they are."""
    try:
        prompts = render_prompts(store, settings, campaign, passages)
    except (SourceError, SettingsError, TeacherError) as error:
        yield Finding("prompts", False, str(error))
        return
    lengths = (f"{label} ({estimate_tokens(chat):,} tokens)" for label, chat in prompts)
    if prompts:
        yield Finding("prompts", True, ", ".join(dict.fromkeys(lengths)))


def _check_samples(
    store: Store, campaign: Campaign, settings: Settings, material: Material
) -> Iterator[Finding]:
    """A few candidates with their scores; their replies are journaled, so they're paid once."""
    plan = generation_plan(campaign, settings, GenerateOptions())
    resources = replace(plan_resources(store, campaign, plan), existing=(), embed=None)
    plan = replace(plan, limit=SAMPLES, resources=resources)
    passages = usable_passages(campaign, material)[:_TRIED]
    try:
        if passages:
            records = islice(run_pipeline(campaign, passages, plan), _TRIED * 3)
            yield from _describe_samples(campaign, "sample", records)
        if material.chats:
            records = islice(rewrite_campaign_chats(campaign, plan), _TRIED)
            yield from _describe_samples(campaign, "rewritten sample", records)
    except (TeacherError, TrainerError) as error:
        yield Finding("samples", False, str(error))


def _describe_samples(
    campaign: Campaign, name: str, results: Iterable[Candidate | Rejection]
) -> Iterator[Finding]:
    records = list(results)
    candidates = [record for record in records if isinstance(record, Candidate)]
    for number, candidate in enumerate(candidates[:SAMPLES], 1):
        yield Finding(f"{name} {number}", True, _describe(campaign, candidate))
    if not candidates:
        reasons = "".join(
            f"\n  {record.reason}: {record.detail} {_quote(record)}"
            for record in records[:_SHOWN]
            if isinstance(record, Rejection)
        )
        yield Finding(f"{name}s", False, f"The teacher's texts were all rejected:{reasons}")


def _describe(campaign: Campaign, candidate: Candidate) -> str:
    """A candidate and how it scores."""
    question = f"{candidate.question}\n  " if candidate.question else ""
    score = _describe_score(campaign, candidate)
    return f"{question}{candidate.review_text}{score}"


def _describe_score(campaign: Campaign, candidate: Candidate) -> str:
    """Whether each answer meets the criterion, and what it lacks."""
    criterion = campaign.criterion
    if criterion is None:
        return ""
    turns = candidate.messages or (Message(Role.ASSISTANT, candidate.text),)
    answers = [m.content for m in turns if m.role is Role.ASSISTANT and m.has_loss]
    is_met = all(criterion.measure(text)[criterion.feature.name] > 0 for text in answers)
    problems = (problem for text in answers for problem in criterion.find_problems(text))
    reasons = f" ({'; '.join(dict.fromkeys(problems))})" if not is_met else ""
    return f"\n  {criterion.feature.label}: {'yes' if is_met else 'no'}{reasons}"
