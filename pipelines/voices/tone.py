"""The data types of a tone of voice: guidelines, rating scale, examples, prompts and phrases."""

from dataclasses import replace
from functools import cached_property
from statistics import median
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from db.records import canonical, digest, plain
from pipelines.prompting import reply_block
from pipelines.voices.fields import STRICT, OptionalPrompt, Share, Words, fill_prompts, phrase_check

Move = Literal["lead_ins", "split", "address", "plain_words", "contract"]
Phrase = Annotated[str, phrase_check("topic")]


@dataclass(frozen=True, config=STRICT)
class Anchor:
    """A point on the rating scale, with a description of how a text at this point sounds."""

    value: int = Field(ge=0, le=10, description="The rating, from 0 to 10.")
    label: Words = Field(description="A short description of what the rating means.")
    example: str = Field(
        default="", description="An example of a text that deserves this rating (default: none)."
    )


@dataclass(frozen=True, config=STRICT)
class Scale:
    """A rating scale: the question that reviewers answer, and the points from lowest to highest."""

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
        """The middle rating; texts with a higher rating count as being in the tone."""
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
    """A writing instruction, with an example text before and after it is applied."""

    do: Words = Field(description="The instruction that the writer should follow.")
    plain: Words = Field(description="The original text of the example, before rewriting.")
    rewritten: Words = Field(description="The same text, rewritten in the tone.")


@dataclass(frozen=True, config=STRICT)
class TonePrompts:
    """The prompt files that write the question, the plain answer and the answer in the tone.

    If there is no prompt file for plain answers, the plain answer is a sentence from the passage.
    """

    question: OptionalPrompt = Field(
        default="",
        description="Name of the prompt file for questions about a passage (default: "
        "`question.v2`).",
    )
    plain: OptionalPrompt = Field(
        default="",
        description="Name of the prompt file for plain answers (default: none, in which case plain "
        "answers are sentences from the passage).",
    )
    answer: OptionalPrompt = Field(
        default="",
        description="Name of the prompt file for answers in the tone (default: `tone_answer.v2`).",
    )
    turn: OptionalPrompt = Field(
        default="",
        description="Name of the prompt file for answers within a conversation (default: "
        "`tone_turn.v1`).",
    )

    @model_validator(mode="after")
    def _fit_each_other(self) -> "TonePrompts":
        asks_freely = bool(self.question) and not reply_block(self.question)
        if asks_freely != bool(self.plain):
            raise ValueError(
                f"`question` is “{self.question}” and `plain` is “{self.plain}”, but these don't "
                "work together. Set both, for example to question.v1 and plain_answer.v1, or set "
                "`question` to question.v2 and leave out `plain`"
            )
        return self


OFFLINE_PROMPTS = TonePrompts("question.v1", "plain_answer.v1", "tone_answer.v1", "tone_answer.v1")
"""The default prompts for the phrasebook, which reads the tags in these prompts."""
MODEL_PROMPTS = TonePrompts("question.v2", "", "tone_answer.v2", "tone_turn.v1")
"""The default prompts for models, chosen in the benchmark docs/benchmarks/prompts.md."""


@dataclass(frozen=True, config=STRICT)
class ToneExample:
    """An example for teacher models: plain text, and the same text in the tone."""

    plain: Words = Field(description="The text before rewriting.")
    rewritten: Words = Field(description="The text in the tone, with the same facts.")


@dataclass(frozen=True, config=STRICT)
class Measures:
    """The measures that quantify a tone."""

    names: tuple[str, ...] = Field(default=(), description="Names of the measures to compute.")
    language: str = Field(
        default="en",
        description="ISO 639-1 code of the language that the measures are designed for.",
    )


@dataclass(frozen=True, config=STRICT)
class TargetBound:
    """The range in which a measure must lie for an answer to count as being in the tone."""

    measure: str = Field(description="The name of the measure.")
    at_least: float | None = Field(default=None, description="Minimum value (default: no limit).")
    at_most: float | None = Field(default=None, description="Maximum value (default: no limit).")


@dataclass(frozen=True, config=STRICT)
class Target:
    """The criteria for an answer in the tone: bounds on measures, and a minimum number of signs."""

    bounds: tuple[TargetBound, ...] = Field(
        default=(), description="Minimum and maximum values of an answer's measures."
    )
    signs: int = Field(
        default=0,
        ge=0,
        description="Minimum number of signs of the tone in an answer.",
    )
    signs_of: tuple[str, ...] = Field(
        default=(),
        description="Measures that each count as a sign of the tone if their value is above 0.",
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
        default=0.0, description="Share of answers that start with an opening phrase."
    )
    link_share: Share = Field(
        default=0.0, description="Share of answers that contain a linking phrase."
    )
    question_share: Share = Field(
        default=0.0, description="Share of answers that end with a question."
    )


@dataclass(frozen=True, config=STRICT)
class Tone:
    """A tone of voice, as defined in a tone file."""

    name: Words = Field(description="The name of the tone.")
    description: str = Field(
        description="A description of the tone, which is shown to teacher models."
    )
    system: str = Field(
        description="The system prompt that the model receives in training and at inference."
    )
    scale: Scale = Field(description="The scale on which reviewers rate the tone.")
    guidelines: tuple[Guideline, ...] = Field(
        default=(), description="Instructions, each with an example before and after rewriting."
    )
    language: str = Field(default="en", description="ISO 639-1 code of the tone's language.")
    prompts: TonePrompts = Field(
        default=TonePrompts(), description="Prompt files used to generate texts."
    )
    measures: Measures = Field(default=Measures(), description="Measures that quantify the tone.")
    target: Target = Field(
        default=Target(),
        description="Criteria that decide whether an answer is in the tone.",
    )
    phrasebook: TonePhrases = Field(
        default=TonePhrases(),
        description="Rewriting steps and phrases that the offline teacher uses.",
    )
    examples: tuple[ToneExample, ...] = Field(
        default=(),
        description="Examples that show teacher models how to rewrite (default: the examples in "
        "the guidelines).",
    )
    samples: tuple[Words, ...] = Field(
        default=(),
        description="Texts in the tone that are shown to teacher models (default: none).",
    )

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 hash of the tone's canonical JSON.

        For the hash, prompts that the tone doesn't name are replaced with those for the phrasebook.

        The hash doesn't cover examples and samples, because the provenance of each text records the
        prompts and examples that its teacher was shown.
        """
        tone = plain(replace(self, prompts=self.prompts_for(OFFLINE_PROMPTS)))
        del tone["examples"], tone["samples"], tone["prompts"]["turn"]
        return digest(canonical(tone))

    @model_validator(mode="after")
    def _shows_the_tone(self) -> "Tone":
        if not (self.guidelines or self.examples or self.samples):
            raise ValueError(
                "`guidelines`, `examples` and `samples` are all missing; add at least one of them, "
                "so that teachers and reviewers see how the tone sounds"
            )
        return self

    def prompts_for(self, defaults: TonePrompts) -> TonePrompts:
        """Return the tone's prompts, using `defaults` for prompts that its file doesn't name."""
        return fill_prompts(self.prompts, defaults)
