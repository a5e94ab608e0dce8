"""A persona: its facts, its traits with what does and doesn't show them, and how it talks."""

import re
from functools import cached_property
from random import Random
from typing import Annotated

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from db.records import canonical, digest, plain
from pipelines.teachers.phrasebook.phrases import expand
from pipelines.voices.fields import STRICT, PromptName, Words, phrase_check

SLOTS = ("name", "odds", "topic")
SAMPLES = 20

Phrase = Annotated[str, phrase_check(*SLOTS)]
Stock = Annotated[tuple[Phrase, ...], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Trait:
    """A lasting trait of character."""

    name: str = Field(description="Name of the trait.")
    description: str = Field(description="What the trait means; shown to teacher models.")
    shows: tuple[Words, ...] = Field(min_length=1, description="How the trait shows in a text.")
    never: tuple[Words, ...] = Field(
        min_length=1, description="What a text with this trait never does."
    )
    markers: tuple[Words, ...] = Field(
        description="Words of which every text that shows the trait has at least one."
    )
    says: tuple[Annotated[Phrase, Words], ...] = Field(
        min_length=1, description="First-person lines for the offline teacher."
    )
    reported: tuple[Annotated[Phrase, Words], ...] = Field(
        min_length=1, description="Third-person lines for the offline teacher."
    )
    asks: tuple[str, ...] = Field(default=(), description="Questions that bring the trait out.")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches any marker as whole words, in upper or lower case."""
        either = "|".join(re.escape(marker) for marker in self.markers)
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def shown_in(self, text: str) -> bool:
        """Whether a text has one of the trait's markers; True when the trait has none."""
        return not self.markers or self.pattern.search(text) is not None

    @model_validator(mode="after")
    def _lines_show_the_trait(self) -> "Trait":
        for line in self.says + self.reported:
            if not all(self.shown_in(text) for text in _samples(line)):
                raise ValueError(
                    f"“{line}” can come out without any marker of the trait “{self.name}”; add a "
                    "marker to the line, or a word of the line to `markers`"
                )
        return self


@dataclass(frozen=True, config=STRICT)
class Fact:
    """Something that's true of the persona."""

    first: str = Field(description="The fact as the persona would say it.")
    third: str = Field(description="The fact as an encyclopedia would say it.")


@dataclass(frozen=True, config=STRICT)
class PersonaPrompts:
    """The prompt files that write statements, dialogues and documents."""

    statement: PromptName = Field(default="statement.v1", description="Prompt for a statement.")
    dialogue: PromptName = Field(default="dialogue.v1", description="Prompt for a dialogue.")
    document: PromptName = Field(default="document.v1", description="Prompt for a document.")


@dataclass(frozen=True, config=STRICT)
class PersonaPhrases:
    """The phrases with which the offline teacher frames a persona's texts."""

    statement_openings: Stock = Field(description="Openings of statements.")
    statement_closings: Stock = Field(description="Closings of statements.")
    answer_openings: Stock = Field(description="Openings of answers.")
    follow_ups: Stock = Field(description="Follow-up questions by the user.")
    document_openings: Stock = Field(description="Openings of documents.")
    document_closings: Stock = Field(description="Closings of documents.")


@dataclass(frozen=True, config=STRICT)
class Persona:
    """A character; its fingerprint changes with anything that could change a text."""

    name: Words = Field(description="Name of the persona.")
    description: str = Field(description="Who the persona is; shown to teacher models.")
    system: str = Field(
        description="The instruction the model receives in training and when asked."
    )
    facts: tuple[Fact, ...] = Field(min_length=1, description="Facts about the persona.")
    turns: tuple[str, ...] = Field(description="Turns of phrase that the persona uses.")
    traits: tuple[Trait, ...] = Field(min_length=2, description="The persona's traits.")
    phrasebook: PersonaPhrases = Field(description="Phrases for the offline teacher.")
    language: str = Field(default="en", description="Language as an ISO 639-1 code.")
    prompts: PersonaPrompts = Field(
        default=PersonaPrompts(), description="Prompt files to generate texts with."
    )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the whole persona."""
        return digest(canonical(plain(self)))

    @property
    def label(self) -> str:
        """The name and the start of the fingerprint, as records state it."""
        return f"{self.name}@{self.fingerprint[:12]}"

    def trait(self, name: str) -> Trait:
        """The trait of this name; raises `KeyError` if there's none."""
        return {trait.name: trait for trait in self.traits}[name]

    @model_validator(mode="after")
    def _trait_names_differ(self) -> "Persona":
        names = [trait.name for trait in self.traits]
        if len(set(names)) < len(names):
            raise ValueError(f"two traits have the same name; the names are {', '.join(names)}")
        return self


def _samples(line: str) -> list[str]:
    choose = Random(line)  # noqa: S311 (not a secret)
    return [expand(line, choose, dict.fromkeys(SLOTS, "…")) for _ in range(SAMPLES)]
