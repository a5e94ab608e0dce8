"""A tone of voice: how it sounds, how people rate it, and how to rewrite a text in the tone."""

from functools import cached_property
from statistics import median
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from db.records import canonical, digest, plain
from pipelines.voices.fields import STRICT, PromptName, Share, Words, phrase_check

Move = Literal["lead_ins", "split", "address", "plain_words", "contract"]
Phrase = Annotated[str, phrase_check("topic")]


@dataclass(frozen=True, config=STRICT)
class Anchor:
    """A point on the rating scale, with what a text of this value sounds like."""

    value: int = Field(ge=0, le=10, description="The rating, 0 to 10.")
    label: Words = Field(description="What the rating means, in a few words.")
    example: Words = Field(description="A text that deserves this rating.")


@dataclass(frozen=True, config=STRICT)
class Scale:
    """The question reviewers rate a text by, and its anchors, lowest first."""

    question: Words = Field(description="The question reviewers answer with a rating.")
    anchors: tuple[Anchor, ...] = Field(
        min_length=2, max_length=10, description="The ratings, lowest first."
    )

    @property
    def values(self) -> tuple[int, ...]:
        """The ratings, lowest first."""
        return tuple(anchor.value for anchor in self.anchors)

    @property
    def middle(self) -> float:
        """The rating in the middle of the steps: ratings above it are in the tone."""
        return float(median(self.values))

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Scale":
        if list(self.values) != sorted(set(self.values)):
            raise ValueError(f"the anchors' values must rise; they are {list(self.values)}")
        labels = [anchor.label.strip().casefold() for anchor in self.anchors]
        repeated = [label for label in labels if labels.count(label) > 1]
        if repeated:
            raise ValueError(f"two anchors have the label “{repeated[0]}”; give each its own")
        return self


@dataclass(frozen=True, config=STRICT)
class Guideline:
    """An instruction with an example before and after."""

    do: Words = Field(description="What to do.")
    plain: Words = Field(description="An example before rewriting.")
    rewritten: Words = Field(description="The same example in the tone.")


@dataclass(frozen=True, config=STRICT)
class TonePrompts:
    """The prompt files that write the question, the plain answer and the answer in the tone."""

    question: PromptName = Field(
        default="question.v1", description="Prompt for a question about a passage."
    )
    plain: PromptName = Field(default="plain_answer.v1", description="Prompt for a plain answer.")
    answer: PromptName = Field(
        default="tone_answer.v1", description="Prompt for the answer in the tone."
    )


@dataclass(frozen=True, config=STRICT)
class Measures:
    """The measures that quantify the tone."""

    names: tuple[str, ...] = Field(default=(), description="Names of measures.")
    language: str = Field(default="en", description="Language that the measures are made for.")


@dataclass(frozen=True, config=STRICT)
class TargetBound:
    """The lowest and highest value of a measure for an answer in the tone."""

    measure: str = Field(description="Name of the measure.")
    at_least: float | None = Field(default=None, description="Lowest value, none for no limit.")
    at_most: float | None = Field(default=None, description="Highest value, none for no limit.")


@dataclass(frozen=True, config=STRICT)
class Target:
    """The criteria for an answer in the tone: all bounds hold and enough signs are present."""

    bounds: tuple[TargetBound, ...] = Field(default=(), description="Bounds on measures.")
    signs: int = Field(default=0, ge=0, description="Number of signs that an answer must show.")
    signs_of: tuple[str, ...] = Field(
        default=(), description="Measures that are a sign of the tone when above 0."
    )


@dataclass(frozen=True, config=STRICT)
class TonePhrases:
    """The offline teacher's rewriting steps and stock of phrases."""

    moves: tuple[Move, ...] = Field(default=(), description="Rewriting steps to apply.")
    openers: tuple[Phrase, ...] = Field(default=(), description="Phrases that open an answer.")
    links: tuple[Phrase, ...] = Field(default=(), description="Phrases that link sentences.")
    questions: tuple[Phrase, ...] = Field(default=(), description="Questions that end an answer.")
    opener_share: Share = Field(default=0.0, description="Share of answers with an opener.")
    link_share: Share = Field(default=0.0, description="Share of answers with a link.")
    question_share: Share = Field(default=0.0, description="Share of answers with a question.")


@dataclass(frozen=True, config=STRICT)
class Tone:
    """A tone of voice; its fingerprint changes with anything that could change a text."""

    name: Words = Field(description="Name of the tone.")
    description: str = Field(description="What the tone sounds like; shown to teacher models.")
    system: str = Field(
        description="The instruction the model receives in training and when asked."
    )
    scale: Scale = Field(description="The scale on which reviewers rate the tone.")
    guidelines: tuple[Guideline, ...] = Field(
        min_length=1, description="Instructions with examples."
    )
    language: str = Field(default="en", description="Language as an ISO 639-1 code.")
    prompts: TonePrompts = Field(
        default=TonePrompts(), description="Prompt files to generate texts with."
    )
    measures: Measures = Field(default=Measures(), description="Measures that show the tone.")
    target: Target = Field(default=Target(), description="When an answer is in the tone.")
    phrasebook: TonePhrases = Field(
        default=TonePhrases(), description="Steps and phrases for the offline teacher."
    )

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the whole tone."""
        return digest(canonical(plain(self)))
