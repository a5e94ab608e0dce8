"""Find everything in a campaign that would fail later, before reviewers start their work."""

from collections.abc import Iterator

from annotation.errors import AnnotationError
from db.records import Candidate, Passage, Rejection
from db.store import Store
from db.versions.splits import count_splits, find_salt
from pipelines.errors import SourceError, TeacherError
from pipelines.meter import estimate_tokens
from pipelines.voices.persona import Persona
from pipelines.voices.readiness import find_teacher_problem
from timbre.campaign import Campaign, load_campaign
from timbre.settings import Settings, SettingsError
from timbre.workflows.generate.plan import GenerateOptions, generation_plan
from timbre.workflows.generate.prompts import render_prompts
from timbre.workflows.setup.finding import Finding
from timbre.workflows.setup.material import Material, in_language, read_material, usable_passages
from timbre.workflows.setup.samples import check_samples, explain

_SHOWN = 3
_TITLE = 60


def check_campaign(store: Store, settings: Settings, name: str) -> Iterator[Finding]:
    """Check a campaign whose files have no problems, in the order in which its parts are used."""
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
        yield from check_samples(store, campaign, settings, material)


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
    other = len(material.passages) - len(in_language(campaign, material))
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
    """The title of what was rejected, what is wrong with it, and its text."""
    article = material.articles.get(rejection.subject)
    title = article.title if article else rejection.subject[:_TITLE]
    return f"{title}: {explain(rejection)}"


def _check_gates(store: Store, campaign: Campaign, material: Material) -> Iterator[Finding]:
    """Check that there is enough material for a version that meets the campaign's gates."""
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
    """Check that each split gets enough articles, or suggest another salt for splitting.

    The split of a chat depends on its rewritten text, so only the number of chats is known.
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
    """Fill each prompt with the first passage or chat, and report its length in tokens."""
    try:
        prompts = render_prompts(store, settings, campaign, passages)
    except (SourceError, SettingsError, TeacherError) as error:
        yield Finding("prompts", False, str(error))
        return
    lengths = (f"{label} ({estimate_tokens(chat):,} tokens)" for label, chat in prompts)
    if prompts:
        yield Finding("prompts", True, ", ".join(dict.fromkeys(lengths)))
