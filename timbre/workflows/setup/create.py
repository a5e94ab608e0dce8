"""Create a new campaign's folder with a tone or persona file, a campaign file and the material."""

import json
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from db.store import Store
from db.versions.splits import find_salt
from evaluation.scorers.refusals import RefusalsCriterion
from pipelines.teachers.registry import PHRASEBOOK
from pipelines.voices.character import line_data
from timbre.campaign import load_campaign
from timbre.workflows.setup.material import read_material, usable_passages
from timbre.workflows.setup.material_files import find_material
from timbre.workflows.setup.new_campaign import NewCampaign, check_folder
from timbre.workflows.setup.profile import measure_voice

_MIN_ARTICLES = 3
_FOLDER = Path(__file__).parent / "templates"
_SYSTEM = tomllib.loads((_FOLDER / "system.toml").read_text(encoding="utf-8"))
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 # TOML, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["toml"] = lambda value: json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class CampaignPlan:
    """Settings of a new campaign that depend on the amount of material."""

    questions: int = 1
    overlap: int = 1
    approved: int = 10
    agreement: float = 0.0
    train: float = 0.7
    test: float = 0.3
    minimum_articles: int = 1
    salt: str = "1"


@dataclass(frozen=True)
class CreatedCampaign:
    """The folder of a new campaign, and a line for each file of the material that it can't use."""

    folder: Path
    unused: tuple[str, ...]


def create_campaign(store: Store, new: NewCampaign, parent: Path = Path()) -> CreatedCampaign:
    """Write the folder of a new campaign.

    Raises `SettingsError` if the folder already exists or the name can't be used, and `SourceError`
    if the material can't be found or used.
    """
    folder = check_folder(new.name, parent)
    material = find_material(new.material, has_chats=new.kind == "tone")
    sources, chats = material.copy_to(folder)
    language = new.recognised_language
    text = (_tone if new.kind == "tone" else _persona)(new, language)
    (folder / f"{new.kind}.toml").write_text(text, encoding="utf-8")
    path = folder / "campaign.toml"
    path.write_text(_campaign(new, sources, chats, CampaignPlan()), encoding="utf-8")
    plan = _plan(store, new, str(path))
    path.write_text(_campaign(new, sources, chats, plan), encoding="utf-8")
    return CreatedCampaign(folder, material.unused)


def _tone(new: NewCampaign, language: str) -> str:
    rewritten = [after for _, after in new.pairs]
    texts = [*rewritten, *new.texts]
    return _TEMPLATES.get_template("tone.toml.jinja").render(
        name=new.name,
        description=new.description,
        language=language,
        system=_system(new.description, language),
        pairs=new.pairs,
        samples=new.texts,
        best=texts[0],
        profile=measure_voice(texts, [before for before, _ in new.pairs], language),
        has_phrasebook=new.teacher == PHRASEBOOK and language == "en",
    )


def _system(description: str, language: str) -> str:
    """The system prompt; in languages that Timbre has no words of, the description alone."""
    return f"{_SYSTEM.get(language, '')} {description}".strip()


def _persona(new: NewCampaign, language: str) -> str:
    values = line_data(new.name.replace("-", " ").replace("_", " ").title(), new.description).values
    return _TEMPLATES.get_template("persona.toml.jinja").render(
        **{**values, "turns": new.texts},
        language=language,
        has_refusals=not RefusalsCriterion().find_problem(language),
    )


def _campaign(
    new: NewCampaign, sources: Sequence[str], chats: Sequence[str], plan: CampaignPlan
) -> str:
    return _TEMPLATES.get_template("campaign.toml.jinja").render(
        name=new.name,
        kind=new.kind,
        voice_file=f"{new.kind}.toml",
        sources=sources,
        chats=chats,
        licence=new.licence,
        teacher=new.teacher,
        reviewers=new.reviewers,
        plan=plan,
    )


def _plan(store: Store, new: NewCampaign, path: str) -> CampaignPlan:
    """Choose the settings of a new campaign that depend on the amount of material."""
    campaign = load_campaign(path)
    material = read_material(store, campaign)
    passages = usable_passages(campaign, material)
    pages = {material.articles[passage.article].url for passage in passages}
    questions = 3 if new.kind == "tone" and 0 < len(passages) < 30 else 1
    texts = len(passages) * (questions if new.kind == "tone" else 3) + material.chats
    several = len(new.reviewers) > 1
    # A test split with the texts of a single article says little.
    minimum = max(1, min(_MIN_ARTICLES, len(pages) // 4))
    splits, salt = replace(campaign.freeze.splits, minimum_articles=minimum), campaign.freeze.salt
    return CampaignPlan(
        questions=questions,
        overlap=2 if several else 1,
        approved=max(2, min(10, texts // 2)) if texts else CampaignPlan.approved,
        agreement=0.2 if several else 0.0,
        minimum_articles=minimum,
        salt=find_salt(pages, salt, splits) or salt,
    )
