"""A persona as a file: who it is, its traits with how each shows and how not, how it talks."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random

from db.records import canonical, digest, plain
from pipelines.constitution import constitution_form, is_constitution
from pipelines.form import FormError, fill, read_form
from pipelines.prompting import prompt_names
from pipelines.teachers.phrases import expand, faults

SLOTS = frozenset({"topic", "name", "odds"})
SAMPLES = 20


@dataclass(frozen=True)
class Trait:
    """A lasting way of being, by how it shows and how it never does.

    `markers` are words or phrases of which at least one is in any text that shows the trait;
    `says` are first-person lines and `reported` third-person ones the offline teacher writes with;
    `asks` are things to ask that bring the trait out.
    """

    name: str
    description: str
    shows: tuple[str, ...]
    never: tuple[str, ...]
    markers: tuple[str, ...]
    says: tuple[str, ...]
    reported: tuple[str, ...]
    asks: tuple[str, ...] = ()

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Finds a marker, at word boundaries, whatever its case."""
        either = "|".join(re.escape(marker) for marker in self.markers)
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def shown_in(self, text: str) -> bool:
        """Whether a text has one of the trait's markers; without markers nobody can tell."""
        return not self.markers or self.pattern.search(text) is not None


@dataclass(frozen=True)
class Fact:
    """Something true of the persona, as it would say it and as an encyclopedia would."""

    first: str
    third: str


@dataclass(frozen=True)
class PersonaPrompts:
    """The prompt files, as name.vN: for statements, dialogues and documents."""

    statement: str = "statement.v1"
    dialogue: str = "dialogue.v1"
    document: str = "document.v1"


@dataclass(frozen=True)
class PersonaPhrases:
    """What the offline teacher frames a persona's texts with."""

    statement_openings: tuple[str, ...]
    statement_closings: tuple[str, ...]
    answer_openings: tuple[str, ...]
    follow_ups: tuple[str, ...]
    document_openings: tuple[str, ...]
    document_closings: tuple[str, ...]


@dataclass(frozen=True)
class Persona:
    """A character; its fingerprint changes with anything that could change a text."""

    name: str
    description: str
    system: str
    facts: tuple[Fact, ...]
    turns: tuple[str, ...]
    traits: tuple[Trait, ...]
    phrasebook: PersonaPhrases
    language: str = "en"
    prompts: PersonaPrompts = field(default_factory=PersonaPrompts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the whole persona."""
        return digest(canonical(plain(self)))

    @property
    def called(self) -> str:
        """The name with the fingerprint's beginning, as records state it."""
        return f"{self.name}@{self.fingerprint[:12]}"

    def trait(self, name: str) -> Trait:
        """The trait of a name.

        Raises `KeyError` if the persona has no such trait.
        """
        return {trait.name: trait for trait in self.traits}[name]


def load_persona(path: Path | str) -> Persona:
    """The persona that a persona file (.toml) or a constitution describes.

    Raises `FormError` naming the first thing that is wrong with the file.
    """
    if is_constitution(Path(path)):
        return fill(Persona, constitution_form(Path(path)), str(path))
    persona = read_form(Persona, Path(path))
    if wrong := _wrong(persona):
        raise FormError(f"{path}: {wrong[0]}")
    return persona


def check_persona(path: Path | str) -> list[str]:
    """What is wrong with a persona file, in sentences; empty when nothing is."""
    try:
        if is_constitution(Path(path)):
            load_persona(path)
            return []
        return _wrong(read_form(Persona, Path(path)))
    except FormError as error:
        return [str(error)]


def _wrong(persona: Persona) -> list[str]:
    known = prompt_names()
    prompts = (persona.prompts.statement, persona.prompts.dialogue, persona.prompts.document)
    names = [trait.name for trait in persona.traits]
    wrong = [
        f"no prompt file is called “{p}”: there is {', '.join(known)}"
        for p in prompts
        if p not in known
    ]
    if len(names) < 2 or len(set(names)) < len(names):  # two traits make a persona
        wrong.append("there are not two or more traits with names of their own: add some")
    if not persona.name.strip():
        wrong.append("there is no name: say one")
    if not persona.facts:
        wrong.append("there is no fact: say at least one thing that is true of the persona")
    phrases = [phrase for stock in plain(persona.phrasebook).values() for phrase in stock]
    wrong += [
        f"the phrasebook's {key} is empty: add a phrase"
        for key, stock in plain(persona.phrasebook).items()
        if not stock
    ]
    wrong += [fault for phrase in phrases for fault in faults(phrase, SLOTS)]
    return wrong + [fault for trait in persona.traits for fault in _wrong_trait(trait)]


def _wrong_trait(trait: Trait) -> list[str]:
    empty = [
        f"the trait “{trait.name}” has no {key}, or a blank one: add some"
        for key in ("shows", "never", "markers", "says", "reported")
        if not (texts := getattr(trait, key)) or not all(text.strip() for text in texts)
    ]
    lines = trait.says + trait.reported
    broken = [fault for line in lines for fault in faults(line, SLOTS)]
    if empty or broken:
        return empty + broken
    return [
        f"“{line}” can be said without a marker of its trait “{trait.name}”: add one to either"
        for line in lines
        if not all(trait.shown_in(text) for text in _samples(line))
    ]


def _samples(line: str) -> list[str]:
    choose = Random(line)  # noqa: S311 # no secret
    return [expand(line, choose, dict.fromkeys(SLOTS, "…")) for _ in range(SAMPLES)]
