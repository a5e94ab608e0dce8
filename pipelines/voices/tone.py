"""A tone of voice: what it sounds like, how people rate it, and how a text is rewritten in it."""

from functools import cached_property
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

    value: Annotated[int, Field(description="The rating.")]
    label: Annotated[Words, Field(description="What the rating means, in a few words.")]
    example: Annotated[Words, Field(description="A text that deserves this rating.")]


@dataclass(frozen=True, config=STRICT)
class Scale:
    """The question reviewers rate a text by, and its anchors, lowest first."""

    question: Annotated[Words, Field(description="The question reviewers answer with a rating.")]
    anchors: Annotated[
        tuple[Anchor, ...], Field(min_length=2, description="The ratings, lowest first.")
    ]

    @property
    def middle(self) -> float:
        """The middle of the scale: ratings above it are in the tone."""
        return (self.anchors[0].value + self.anchors[-1].value) / 2

    @model_validator(mode="after")
    def _values_rise(self) -> "Scale":
        values = [anchor.value for anchor in self.anchors]
        if values != sorted(set(values)):
            raise ValueError(f"the anchors' values must rise; they are {values}")
        return self


@dataclass(frozen=True, config=STRICT)
class Guideline:
    """One instruction, shown on a text before and after."""

    do: Annotated[Words, Field(description="What to do.")]
    plain: Annotated[Words, Field(description="A text before.")]
    rewritten: Annotated[Words, Field(description="The same text in the tone.")]


@dataclass(frozen=True, config=STRICT)
class TonePrompts:
    """The prompt files that write the question, the plain answer and the answer in the tone."""

    question: Annotated[PromptName, Field(description="Asks a question about a passage.")] = (
        "question.v1"
    )
    plain: Annotated[PromptName, Field(description="Answers it in plain words.")] = (
        "plain_answer.v1"
    )
    answer: Annotated[PromptName, Field(description="Rewrites the answer in the tone.")] = (
        "tone_answer.v1"
    )


@dataclass(frozen=True, config=STRICT)
class Measures:
    """The measures that show the tone in numbers."""

    names: Annotated[tuple[str, ...], Field(description="Names of measures.")] = ()
    language: Annotated[str, Field(description="The language they're made for.")] = "en"


@dataclass(frozen=True, config=STRICT)
class TargetBound:
    """A measure with the lowest and highest value that's still in the tone."""

    measure: Annotated[str, Field(description="A measure's name.")]
    at_least: Annotated[float | None, Field(description="Lowest value, none for no limit.")] = None
    at_most: Annotated[float | None, Field(description="Highest value, none for no limit.")] = None


@dataclass(frozen=True, config=STRICT)
class Target:
    """When an answer counts as being in the tone: within every bound, with enough of the signs."""

    bounds: Annotated[tuple[TargetBound, ...], Field(description="Bounds on measures.")] = ()
    signs: Annotated[int, Field(ge=0, description="How many signs an answer must show.")] = 0
    signs_of: Annotated[
        tuple[str, ...], Field(description="Measures that are a sign of the tone when above 0.")
    ] = ()


@dataclass(frozen=True, config=STRICT)
class TonePhrases:
    """What the offline teacher rewrites with: its moves, and its stock of phrases."""

    moves: Annotated[tuple[Move, ...], Field(description="Rewriting steps it applies.")] = ()
    openers: Annotated[tuple[Phrase, ...], Field(description="Phrases that open an answer.")] = ()
    links: Annotated[tuple[Phrase, ...], Field(description="Phrases that link sentences.")] = ()
    questions: Annotated[tuple[Phrase, ...], Field(description="Questions that close it.")] = ()
    opener_share: Annotated[Share, Field(description="Share of answers with an opener.")] = 0.0
    link_share: Annotated[Share, Field(description="Share of answers with a link.")] = 0.0
    question_share: Annotated[Share, Field(description="Share of answers with a question.")] = 0.0


@dataclass(frozen=True, config=STRICT)
class Tone:
    """A tone of voice; its fingerprint changes with anything that could change a text."""

    name: Annotated[Words, Field(description="What the tone is called.")]
    description: Annotated[str, Field(description="What it sounds like; teachers read this.")]
    system: Annotated[
        str, Field(description="The instruction the model receives in training and when asked.")
    ]
    scale: Annotated[Scale, Field(description="How reviewers rate it.")]
    guidelines: Annotated[
        tuple[Guideline, ...], Field(min_length=1, description="Instructions with examples.")
    ]
    language: Annotated[str, Field(description="Its language, as an ISO 639-1 code.")] = "en"
    prompts: Annotated[TonePrompts, Field(description="The prompt files it uses.")] = TonePrompts()
    measures: Annotated[Measures, Field(description="Measures that show it.")] = Measures()
    target: Annotated[Target, Field(description="When an answer is in the tone.")] = Target()
    phrasebook: Annotated[
        TonePhrases, Field(description="What the offline teacher writes with.")
    ] = TonePhrases()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the canonical JSON of the whole tone."""
        return digest(canonical(plain(self)))
