"""A campaign: what is generated, judged, frozen and reported together, as one TOML file."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from timbre.settings import SettingsError

Section = TypeVar("Section")


@dataclass(frozen=True)
class Generation:
    """Which candidates are made: `limit` counts passages, 0 for all."""

    teacher: str = "phrasebook"
    seed: int = 0
    questions_per_passage: int = 1
    limit: int = 0


@dataclass(frozen=True)
class Reviewing:
    """How people judge: `overlap` reviewers a record, and the rule that makes a verdict."""

    overlap: int = 2
    verdict: str = "majority"
    adjudicator: str = ""


@dataclass(frozen=True)
class Gates:
    """What a version must meet; `agreement` bounds the lower end of the interval of alpha.

    Attributes:
        approved: Fewest approved records.
        agreement: Lowest lower bound of Krippendorff's alpha on the decision.
        near_duplicate: Jaccard similarity of 5-word shingles from which two texts count as one.
        shortest: Fewest words of an approved text.
        longest: Most words of an approved text.
        trait_balance: Lowest ratio of the rarest to the most frequent trait (personas only).
    """

    approved: int = 10
    agreement: float = 0.2
    near_duplicate: float = 0.8
    shortest: int = 3
    longest: int = 400
    trait_balance: float = 0.2


@dataclass(frozen=True)
class Freezing:
    """How examples are split: shares by source article, and fewest articles on a side."""

    train: float = 0.7
    validation: float = 0.1
    test: float = 0.2
    minimum_articles: int = 1
    salt: str = "timbre"


@dataclass(frozen=True)
class Evaluating:
    """How held-out prompts are answered, and what the tuned model is compared with.

    Attributes:
        system_prompt: What the prompted arm is told; empty leaves that arm out.
        prompts: How many held-out examples are answered, 0 for all.
        max_new_tokens: Longest answer, in tokens.
        no_repeat: No run of so many tokens is generated twice in an answer, 0 for no such rule.
        seed: Seed of the sampling and of the sides of blind pairs.
    """

    system_prompt: str = ""
    prompts: int = 0
    max_new_tokens: int = 128
    no_repeat: int = 0
    seed: int = 0


@dataclass(frozen=True)
class Campaign:
    """One campaign: a tone or a persona, and a section for each stage.

    `sources` are what `timbre articles add` takes; none means every article in the store.
    `training` names a file of configs/training.
    """

    name: str
    tone: str = ""
    persona: str = ""
    sources: tuple[str, ...] = ()
    training: str = "mini"
    generate: Generation = field(default_factory=Generation)
    review: Reviewing = field(default_factory=Reviewing)
    gates: Gates = field(default_factory=Gates)
    freeze: Freezing = field(default_factory=Freezing)
    evaluate: Evaluating = field(default_factory=Evaluating)

    @property
    def candidates_dataset(self) -> str:
        """Name of the Argilla dataset in which candidates are judged."""
        return f"{self.name}-candidates"

    @property
    def outputs_dataset(self) -> str:
        """Name of the Argilla dataset in which outputs are compared."""
        return f"{self.name}-outputs"


def load_campaign(path: Path) -> Campaign:
    """The campaign that a TOML file describes.

    Raises `SettingsError` if the file is no TOML, has an unknown key, a value of the wrong
    type, or names neither or both of tone and persona.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"found {path.name} to be no TOML ({error}); correct the file"
        ) from error
    sections = {"generate": Generation, "review": Reviewing, "gates": Gates}
    sections |= {"freeze": Freezing, "evaluate": Evaluating}
    values = {
        key: _section(sections[key], value, f"{path.name} [{key}]") if key in sections else value
        for key, value in table.items()
    }
    if isinstance(values.get("sources"), list):
        values["sources"] = tuple(str(source) for source in values["sources"])
    campaign = _section(Campaign, values, path.name)
    if not campaign.name or bool(campaign.tone) == bool(campaign.persona):
        raise SettingsError(
            f"found a name “{campaign.name}”, tone “{campaign.tone}” and persona "
            f"“{campaign.persona}” in {path.name}, expected a name and either a tone or a persona"
        )
    return campaign


def _section(kind: type[Section], values: Any, where: str) -> Section:
    if not isinstance(values, dict):
        raise SettingsError(f"found no table in {where}, expected key = value lines")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SettingsError(
            f"found the unknown key “{unknown[0]}” in {where}, expected one of {', '.join(known)}"
        )
    for key, value in values.items():
        _check_type(value, known[key].type, f"“{key}” in {where}")
    try:
        return kind(**values)
    except TypeError as error:
        raise SettingsError(f"found {where} incomplete: {error}; add what is missing") from error


def _check_type(value: object, expected: object, where: str) -> None:
    allowed: dict[object, tuple[type, ...]] = {str: (str,), int: (int,), float: (int, float)}
    types = allowed.get(expected)
    if types and (not isinstance(value, types) or isinstance(value, bool)):
        name = getattr(expected, "__name__", str(expected))
        raise SettingsError(f"found {value!r} for {where}, expected {name}; correct the value")
