"""Create a new campaign's folder with a tone or persona file, a campaign file and the material."""

import json
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from db.store import Store
from evaluation.scorers.refusals import RefusalsCriterion
from pipelines.articles import documents
from pipelines.articles.source_page import SCAN, SourceTerms
from pipelines.articles.sources import is_documents, source_path
from pipelines.chats.formats import detect_format
from pipelines.chats.rows import read_rows
from pipelines.errors import SourceError
from pipelines.teachers.registry import PHRASEBOOK
from pipelines.text.languages import recognise_language
from pipelines.text.sentences import split_sentences
from pipelines.text.words import split_words
from pipelines.voices.character import line_data
from timbre.campaign import load_campaign
from timbre.settings import SettingsError
from timbre.workflows.setup.check import find_salt, usable_passages
from timbre.workflows.setup.material import read_material
from timbre.workflows.setup.profile import measure_voice

Kind = Literal["tone", "persona"]
MATERIAL = "material"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_CHATS = (".jsonl", ".json", ".csv", ".tsv", ".ndjson")
_SAMPLES, _SAMPLE_WORDS = 5, 120
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 # TOML, not HTML
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_TEMPLATES.filters["toml"] = lambda value: json.dumps(value, ensure_ascii=False)


@dataclass(frozen=True)
class NewCampaign:
    """The user's description of a new campaign.

    Attributes:
        name: The name of the campaign, which is also the name of its folder.
        kind: Whether the campaign is for a tone or a persona.
        description: A description of how the tone sounds or who the persona is.
        pairs: Pairs of a plain text and its rewritten version in the tone.
        texts: Texts in the tone, or things that the persona says.
        material: A document, a folder, a chat file or another source, or an empty string if there
            is no material yet.
        teacher: The teacher that writes the texts.
        reviewers: The reviewers' names, or an empty tuple if there is only one reviewer.
        language: The language as an ISO 639-1 code, or an empty string to detect it from the texts.
        licence: The licence of the material.
    """

    name: str
    kind: Kind
    description: str
    pairs: tuple[tuple[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    material: str = ""
    teacher: str = PHRASEBOOK
    reviewers: tuple[str, ...] = ()
    language: str = ""
    licence: str = "our own"

    @property
    def recognised_language(self) -> str:
        """The language that the user named or, failing that, the language of the texts."""
        if self.language:
            return self.language
        texts = " ".join([*(after for _, after in self.pairs), *self.texts])
        return recognise_language(f"{texts} {self.description}")


@dataclass(frozen=True)
class CampaignPlan:
    """Settings of a new campaign that depend on the amount of material."""

    questions: int = 1
    overlap: int = 1
    approved: int = 10
    agreement: float = 0.0
    train: float = 0.7
    test: float = 0.3
    salt: str = "1"


def create_campaign(store: Store, new: NewCampaign, parent: Path = Path()) -> Path:
    """Write the folder of a new campaign, and return its path.

    Raises `SettingsError` if the folder already exists, if the name or description can't be used,
    or if a tone has no examples, and `SourceError` if the material can't be found.
    """
    folder = parent / new.name
    _check(new, folder)
    if new.material and not is_documents(new.material) and not _is_chats(Path(new.material)):
        source_path(new.material)  # raises an error if there's no such source
    (folder / MATERIAL).mkdir(parents=True)
    sources, chats = _add_material(new, folder)
    language = new.recognised_language
    text = (_tone if new.kind == "tone" else _persona)(new, language)
    (folder / f"{new.kind}.toml").write_text(text, encoding="utf-8")
    path = folder / "campaign.toml"
    path.write_text(_campaign(new, sources, chats, CampaignPlan()), encoding="utf-8")
    plan = _plan(store, new, str(path))
    path.write_text(_campaign(new, sources, chats, plan), encoding="utf-8")
    return folder


def read_texts(path: Path) -> tuple[str, ...]:
    """Return the first texts of a document or folder, each shortened at the end of a sentence.

    Raises `SourceError` if the path contains no texts.
    """
    terms = SourceTerms(licence="(samples)")
    pages = (p for p in documents.read_pages(path, path.name, terms) if p.model != SCAN)
    texts = tuple(islice(filter(None, (_shorten(page.text) for page in pages)), _SAMPLES))
    if not texts:
        raise SourceError(f"{path} has no texts. Name a file or folder of documents.")
    return texts


def _shorten(text: str) -> str:
    """Shorten a text at the end of a sentence."""
    kept: list[str] = []
    for sentence in split_sentences(" ".join(text.split())):
        if kept and len(split_words(" ".join([*kept, sentence]))) > _SAMPLE_WORDS:
            break
        kept.append(sentence)
    return " ".join(kept)


def _check(new: NewCampaign, folder: Path) -> None:
    if not _NAME.fullmatch(new.name):
        raise SettingsError(
            f"“{new.name}” can't be a campaign's name. Use letters, digits, hyphens and "
            "underscores."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError(f"{folder} exists already. Choose another name, or remove it.")
    if not new.description.strip():
        raise SettingsError(f"Describe the {new.kind} in a sentence or two, with --description.")
    if new.kind == "tone" and not (new.pairs or new.texts):
        raise SettingsError(
            "A tone needs examples. Give pairs as --pair “plain text => text in the tone”, or a "
            "file or folder of texts in the tone with --texts."
        )


def _add_material(new: NewCampaign, folder: Path) -> tuple[list[str], list[str]]:
    """Copy documents and chats into the campaign's folder, and return its sources and chat files.

    Sources other than documents and chats, such as dumps, aren't copied.
    """
    path = Path(new.material)
    if not new.material:
        return [MATERIAL], []
    if not is_documents(new.material) and not _is_chats(path):
        return [new.material], []
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in filter(Path.is_file, files):
        target = folder / MATERIAL / (file.relative_to(path) if path.is_dir() else file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    copied = sorted(file for file in (folder / MATERIAL).rglob("*") if file.is_file())
    chats = [str(file.relative_to(folder)) for file in copied if _is_chats(file)]
    has_documents = any(file.suffix.lower() in documents.EXTENSIONS for file in copied)
    return [MATERIAL] if has_documents or not chats else [], chats if new.kind == "tone" else []


def _is_chats(path: Path) -> bool:
    """Return whether a file contains chats in a supported format."""
    name = path.name.lower().removesuffix(".gz")
    if not name.endswith(_CHATS) or not path.is_file():
        return False
    try:
        detect_format(path.name, list(islice(read_rows(path), 20)))
    except (SourceError, IndexError):
        return False
    return True


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
    if language != "en":
        return description
    return f"You are a helpful assistant. This is how you sound: {description}"


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
    return CampaignPlan(
        questions=questions,
        overlap=2 if several else 1,
        approved=max(2, min(10, texts // 2)) if texts else CampaignPlan.approved,
        agreement=0.2 if several else 0.0,
        salt=find_salt(campaign, pages) or campaign.freeze.salt,
    )


def parse_pairs(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Parse lines of the form `plain text => text in the tone`.

    Raises `SettingsError` if a line has no `=>` or if nothing precedes or follows it.
    """
    for line in lines:
        before, arrow, after = (part.strip() for part in line.partition("=>"))
        if not (before and arrow and after):
            raise SettingsError(
                f"“{line}” isn't a pair. Write it as `plain text => text in the tone`."
            )
        yield before, after
