"""The data types of a persona: facts, traits, examples, prompts and phrases."""

import re
from dataclasses import replace
from functools import cached_property
from random import Random
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from db.records import canonical, digest, plain
from pipelines.teachers.phrasebook.phrases import expand
from pipelines.voices.constitution import PHRASES
from pipelines.voices.fields import STRICT, OptionalPrompt, Words, fill_prompts, phrase_check

SLOTS = ("name", "odds", "topic")
SAMPLES = 20

Phrase = Annotated[str, phrase_check(*SLOTS)]
Stock = Annotated[tuple[Phrase, ...], Field(min_length=1)]


@dataclass(frozen=True, config=STRICT)
class Trait:
    """A lasting character trait."""

    name: str = Field(description="The name of the trait.")
    description: str = Field(
        description="A description of the trait, which is shown to teacher models."
    )
    shows: tuple[Words, ...] = Field(
        min_length=1, description="Ways in which a text can show the trait."
    )
    never: tuple[Words, ...] = Field(
        min_length=1, description="Things that must not occur in a text with this trait."
    )
    markers: tuple[Words, ...] = Field(
        description="Words or phrases that mark the trait. Every text that shows the trait "
        "contains at least one."
    )
    says: tuple[Annotated[Phrase, Words], ...] = Field(
        min_length=1, description="First-person sentences that the offline teacher can use."
    )
    reported: tuple[Annotated[Phrase, Words], ...] = Field(
        min_length=1, description="Third-person sentences that the offline teacher can use."
    )
    asks: tuple[str, ...] = Field(default=(), description="Questions that bring out the trait.")

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A pattern that matches any marker as whole words, ignoring case."""
        either = "|".join(re.escape(marker) for marker in self.markers)
        return re.compile(rf"(?<!\w)(?:{either})(?!\w)", re.IGNORECASE)

    def wording_in(self, text: str) -> str:
        """Return the first marker of the trait in a text, or an empty string if there is none."""
        match = self.pattern.search(text) if self.markers else None
        return match.group() if match else ""

    def shown_in(self, text: str) -> bool:
        """Return whether a text shows the trait. A trait without markers matches every text."""
        return not self.markers or self.pattern.search(text) is not None

    @model_validator(mode="after")
    def _lines_show_the_trait(self) -> "Trait":
        for line in self.says + self.reported:
            if not all(self.shown_in(text) for text in _samples(line)):
                raise ValueError(
                    f"“{line}” can produce text without any marker of the trait “{self.name}”; add "
                    "a marker to the line, or add a word from the line to `markers`"
                )
        return self


@dataclass(frozen=True, config=STRICT)
class Fact:
    """A fact about a persona, in the first and in the third person."""

    first: str = Field(description="The fact in the first person, as the persona would say it.")
    third: str = Field(
        description="The fact in the third person, as an encyclopedia would state it."
    )


@dataclass(frozen=True, config=STRICT)
class PersonaPrompts:
    """The prompt files for writing statements, dialogues and documents."""

    statement: OptionalPrompt = Field(
        default="", description="Name of the prompt file for statements (default: `statement.v2`)."
    )
    dialogue: OptionalPrompt = Field(
        default="", description="Name of the prompt file for dialogues (default: `dialogue.v3`)."
    )
    document: OptionalPrompt = Field(
        default="", description="Name of the prompt file for documents (default: `document.v2`)."
    )


OFFLINE_PROMPTS = PersonaPrompts("statement.v1", "dialogue.v1", "document.v1")
"""The default prompts for the phrasebook, which reads the tags in these prompts."""
MODEL_PROMPTS = PersonaPrompts("statement.v2", "dialogue.v3", "document.v2")
"""The default prompts for models, chosen in the benchmark docs/benchmarks/prompts.md."""


@dataclass(frozen=True, config=STRICT)
class PersonaExample:
    """An example text about a passage, which shows teacher models what to write."""

    kind: Literal["statement", "dialogue", "document"] = Field(
        description="The kind of text: `statement`, `dialogue` or `document`."
    )
    passage: Words = Field(description="The passage that the text is about.")
    traits: tuple[str, ...] = Field(min_length=1, description="The traits that the text shows.")
    text: str = Field(default="", description="The text of the statement or document.")
    turns: tuple[Words, ...] = Field(
        default=(), description="The turns of the dialogue. The user speaks first."
    )

    @property
    def shown(self) -> str:
        """The persona's turns in a dialogue, or the whole statement or document."""
        return self.text or " ".join(self.turns[1::2])

    @property
    def reply(self) -> dict[str, Any]:
        """The example's text in the format of a parsed reply from a teacher."""
        if self.kind == "dialogue":
            roles = ("user", "assistant") * len(self.turns)
            turns = zip(roles, self.turns, strict=False)
            return {"messages": [{"role": role, "content": text} for role, text in turns]}
        return {self.kind: self.text}

    @model_validator(mode="after")
    def _has_the_text_of_its_kind(self) -> "PersonaExample":
        is_dialogue = self.kind == "dialogue"
        if is_dialogue == bool(self.text.strip()) or is_dialogue != bool(self.turns):
            needed, other = ("turns", "text") if is_dialogue else ("text", "turns")
            raise ValueError(f"a {self.kind} must have `{needed}` and no `{other}`")
        if len(self.turns) % 2:
            raise ValueError(
                f"`turns` lists {len(self.turns)} turns, but the number must be even, because the "
                "persona speaks last; add or remove a turn"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class PersonaPhrases:
    """The phrases that the offline teacher uses to open and close a persona's texts."""

    statement_openings: Stock = Field(description="Phrases that can open a statement.")
    statement_closings: Stock = Field(description="Phrases that can close a statement.")
    answer_openings: Stock = Field(description="Phrases that can open an answer.")
    follow_ups: Stock = Field(description="Follow-up questions that the user can ask.")
    document_openings: Stock = Field(description="Phrases that can open a document.")
    document_closings: Stock = Field(description="Phrases that can close a document.")


@dataclass(frozen=True, config=STRICT)
class Persona:
    """A persona, as defined in a persona file."""

    name: Words = Field(description="The name of the persona.")
    description: str = Field(
        description="A description of the persona, which is shown to teacher models."
    )
    system: str = Field(
        description="The system prompt that the model receives in training and at inference."
    )
    facts: tuple[Fact, ...] = Field(min_length=1, description="Facts about the persona.")
    turns: tuple[str, ...] = Field(description="Turns of phrase that the persona uses.")
    traits: tuple[Trait, ...] = Field(min_length=2, description="The persona's traits.")
    phrasebook: PersonaPhrases = Field(
        default=PersonaPhrases(**{key: tuple(lines) for key, lines in PHRASES.items()}),
        description="Phrases that the offline teacher uses (default: general phrases).",
    )
    language: str = Field(default="en", description="ISO 639-1 code of the persona's language.")
    prompts: PersonaPrompts = Field(
        default=PersonaPrompts(), description="Prompt files used to generate texts."
    )
    examples: tuple[PersonaExample, ...] = Field(
        default=(), description="Example texts that show teacher models what to write."
    )

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 hash of the persona's canonical JSON.

        For the hash, prompts that the persona doesn't name are replaced with those for the
        phrasebook.

        The hash doesn't cover the examples, because the provenance of each text records the prompts
        and examples that its teacher was shown.
        """
        persona = plain(replace(self, prompts=self.prompts_for(OFFLINE_PROMPTS)))
        return digest(canonical({key: persona[key] for key in persona if key != "examples"}))

    def prompts_for(self, defaults: PersonaPrompts) -> PersonaPrompts:
        """Return the persona's prompts, using `defaults` for prompts that its file doesn't name."""
        return fill_prompts(self.prompts, defaults)

    @property
    def label(self) -> str:
        """The persona's name and the start of its fingerprint, as stored in records."""
        return f"{self.name}@{self.fingerprint[:12]}"

    def trait(self, name: str) -> Trait:
        """Return the trait with this name. Raises `KeyError` if the persona has no such trait."""
        return {trait.name: trait for trait in self.traits}[name]

    @model_validator(mode="after")
    def _trait_names_differ(self) -> "Persona":
        names = [trait.name for trait in self.traits]
        if len(set(names)) < len(names):
            raise ValueError(f"two traits have the same name ({', '.join(names)}); rename one")
        return self

    @model_validator(mode="after")
    def _examples_show_their_traits(self) -> "Persona":
        for example in self.examples:
            text = example.shown
            for name in example.traits:
                trait = next((trait for trait in self.traits if trait.name == name), None)
                if trait is None:
                    raise ValueError(
                        f"the example “{text[:40]}…” lists “{name}”, which isn't a trait of this "
                        "persona; correct the name"
                    )
                if not trait.shown_in(text):
                    raise ValueError(
                        f"the example “{text[:40]}…” contains no marker of the trait “{name}”; add "
                        "one, or remove the trait from the example"
                    )
        return self


def _samples(line: str) -> list[str]:
    choose = Random(line)  # noqa: S311 (not a secret)
    return [expand(line, choose, dict.fromkeys(SLOTS, "…")) for _ in range(SAMPLES)]
