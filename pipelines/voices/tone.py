"""A tone of voice: how it sounds, how people rate it, and how to rewrite a text in it."""

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
    """A point on the rating scale, with a description of how a text at this point sounds."""

    value: int = Field(ge=0, le=10, description="The rating, from 0 to 10.")
    label: Words = Field(description="A short description of what the rating means.")
    example: Words = Field(description="An example of a text that deserves this rating.")


@dataclass(frozen=True, config=STRICT)
class Scale:
    """The question that reviewers answer to rate a text, and its anchors, lowest first."""

    question: Words = Field(description="The question that reviewers answer with a rating.")
    anchors: tuple[Anchor, ...] = Field(
        min_length=2,
        max_length=10,
        description="The points on the rating scale, from lowest to highest.",
    )

    @property
    def values(self) -> tuple[int, ...]:
        """The ratings, lowest first."""
        return tuple(anchor.value for anchor in self.anchors)

    @property
    def middle(self) -> float:
        """The middle rating. Texts with a higher rating are in the tone."""
        return float(median(self.values))

    @model_validator(mode="after")
    def _is_a_scale(self) -> "Scale":
        if list(self.values) != sorted(set(self.values)):
            raise ValueError(
                f"the anchor values {list(self.values)} must increase; list each value once, "
                "lowest first"
            )
        labels = [anchor.label.strip().casefold() for anchor in self.anchors]
        repeated = [label for label in labels if labels.count(label) > 1]
        if repeated:
            raise ValueError(f"two anchors have the label “{repeated[0]}”; rename one")
        return self


@dataclass(frozen=True, config=STRICT)
class Guideline:
    """A writing instruction with an example before and after."""

    do: Words = Field(description="What the writer should do.")
    plain: Words = Field(description="Original text of the example, before rewriting.")
    rewritten: Words = Field(description="The same text, rewritten in the tone.")


@dataclass(frozen=True, config=STRICT)
class TonePrompts:
    """The prompt files for the question, the plain answer and the answer in the tone."""

    question: PromptName = Field(
        default="question.v1", description="Name of the prompt file for questions about a passage."
    )
    plain: PromptName = Field(
        default="plain_answer.v1", description="Name of the prompt file for plain answers."
    )
    answer: PromptName = Field(
        default="tone_answer.v1", description="Name of the prompt file for answers in the tone."
    )


@dataclass(frozen=True, config=STRICT)
class Measures:
    """The measures that quantify the tone."""

    names: tuple[str, ...] = Field(default=(), description="Names of the measures to compute.")
    language: str = Field(
        default="en", description="ISO 639-1 code of the language that the measures support."
    )


@dataclass(frozen=True, config=STRICT)
class TargetBound:
    """The range that a measure must have for an answer to be in the tone."""

    measure: str = Field(description="The name of the measure.")
    at_least: float | None = Field(default=None, description="Minimum value (default: no limit).")
    at_most: float | None = Field(default=None, description="Maximum value (default: no limit).")


@dataclass(frozen=True, config=STRICT)
class Target:
    """The criteria for an answer in the tone: all bounds hold and enough signs are present."""

    bounds: tuple[TargetBound, ...] = Field(
        default=(), description="Bounds that the measures of an answer must meet."
    )
    signs: int = Field(
        default=0, ge=0, description="Minimum number of signs that an answer must show."
    )
    signs_of: tuple[str, ...] = Field(
        default=(), description="Measures that count as a sign of the tone when they are above 0."
    )


@dataclass(frozen=True, config=STRICT)
class TonePhrases:
    """The rewriting steps and phrases of the offline teacher."""

    moves: tuple[Move, ...] = Field(
        default=(), description="Rewriting steps that the offline teacher applies."
    )
    openers: tuple[Phrase, ...] = Field(default=(), description="Phrases that can open an answer.")
    links: tuple[Phrase, ...] = Field(
        default=(), description="Phrases that can link two sentences."
    )
    questions: tuple[Phrase, ...] = Field(
        default=(), description="Questions that can end an answer."
    )
    opener_share: Share = Field(
        default=0.0, description="Share of answers that start with an opener."
    )
    link_share: Share = Field(
        default=0.0, description="Share of answers that contain a linking phrase."
    )
    question_share: Share = Field(
        default=0.0, description="Share of answers that end with a question."
    )


@dataclass(frozen=True, config=STRICT)
class Tone:
    """A tone of voice. The fingerprint covers everything that could change a generated text."""

    name: Words = Field(description="The name of the tone.")
    description: str = Field(description="What the tone sounds like. Teacher models see this text.")
    system: str = Field(
        description="The system prompt that the model receives in training and at inference."
    )
    scale: Scale = Field(description="The scale on which reviewers rate the tone.")
    guidelines: tuple[Guideline, ...] = Field(
        min_length=1, description="Instructions, each with an example before and after rewriting."
    )
    language: str = Field(default="en", description="ISO 639-1 code of the tone's language.")
    prompts: TonePrompts = Field(
        default=TonePrompts(), description="Prompt files used to generate texts."
    )
    measures: Measures = Field(default=Measures(), description="Measures that quantify the tone.")
    target: Target = Field(
        default=Target(),
        description="Criteria that an answer must meet to count as being in the tone.",
    )
    phrasebook: TonePhrases = Field(
        default=TonePhrases(),
        description="Rewriting steps and phrases that the offline teacher uses.",
    )

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 hash of the whole tone as canonical JSON."""
        return digest(canonical(plain(self)))
