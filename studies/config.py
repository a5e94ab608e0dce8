"""Configuration of studies and their questions: every key with its limits and its default."""

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.measures.persona import shows
from trainer.config import PrecisionName

if TYPE_CHECKING:
    from trainer.arms import Decoding

T = TypeVar("T")
STRICT = ConfigDict(extra="forbid")
Words = Annotated[str, Field(pattern=r"\S")]
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Examples = Literal["approved", "candidates"]


def _without_repeats(values: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(values)) < len(values):
        raise ValueError(f"a value is listed twice: {', '.join(map(str, values))}")
    return values


Distinct = AfterValidator(_without_repeats)
NotEmpty = Field(min_length=1)


@dataclass(frozen=True, config=STRICT)
class Prices:
    """Prices in US dollars; put your own here."""

    machine_hour: NotNegative = Field(
        default=1.0, description="Price per hour of the machine that trains and answers."
    )
    input_million: NotNegative = Field(default=0.0, description="Price per million input tokens.")
    output_million: NotNegative = Field(default=0.0, description="Price per million output tokens.")
    review: NotNegative = Field(
        default=0.0, description="Price per human review; only tuning needs reviews."
    )
    volume: Count = Field(
        default=100_000, description="Number of answers per month in the cost comparison."
    )


@dataclass(frozen=True, config=STRICT)
class LadderConfig:
    """Settings for answering the held-out prompts with every prompting strategy."""

    prompts: Count = Field(default=0, description="Number of held-out prompts; 0 for all.")
    shots: AtLeastOne = Field(default=2, description="Examples in a few-shot prompt.")
    rewrite: str = Field(
        default="",
        description="Text of the rewrite request (default: the tone's or persona's default).",
    )
    max_new_tokens: AtLeastOne = Field(
        default=128, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of token sequences that an answer may not repeat; 0 allows all.",
    )
    batch_size: AtLeastOne = Field(default=32, description="Prompts answered in parallel.")
    seed: Seed = Field(default=0, description="Random seed for sampling.")
    prices: Prices = Field(default=Prices(), description="Prices of computing and reviews.")

    @property
    def decoding(self) -> "Decoding":
        """The decoding settings."""
        from trainer.arms import Decoding

        return Decoding(
            max_new_tokens=self.max_new_tokens,
            no_repeat=self.no_repeat,
            batch_size=self.batch_size,
            seed=self.seed,
        )


@dataclass(frozen=True, config=STRICT)
class Provider:
    """A model at a fine-tuning API that the study asks before and after tuning."""

    model: Words = Field(description="Name of the model at the API.")
    url: Words = Field(default="https://api.openai.com/v1", description="Base URL of the API.")
    sizes: Annotated[tuple[AtLeastOne, ...], Distinct] = Field(
        default=(), description="Training set sizes to try (default: the study's sizes)."
    )
    seeds: Annotated[tuple[Seed, ...], Distinct] = Field(
        default=(), description="Random seeds (default: the study's seeds)."
    )
    epochs: Count = Field(default=3, description="Epochs; 0 lets the API choose (priced as 3).")
    training_million: NotNegative = Field(
        default=0.0, description="US dollars per million training tokens."
    )
    input_million: NotNegative = Field(
        default=0.0, description="US dollars per million input tokens."
    )
    output_million: NotNegative = Field(
        default=0.0, description="US dollars per million output tokens."
    )
    every: NotNegative = Field(default=10.0, description="Polling interval in seconds.")

    def training_usd(self, tokens: int) -> float:
        """The price of training on this many tokens, in US dollars."""
        return tokens * self.training_million / 1e6


@dataclass(frozen=True, config=STRICT)
class ToneStudy:
    """Configuration of a tone study: its grid of trainings, and its providers."""

    campaign: Words = Field(description="Campaign whose tone is studied.")
    examples: Examples = Field(
        default="approved",
        description="`approved`: those of the newest version; `candidates`: all, unreviewed.",
    )
    training: Words = Field(default="mini", description="Training file, or its name.")
    sizes: Annotated[tuple[AtLeastOne, ...], NotEmpty, Distinct] = Field(
        default=(10, 30, 100), description="Training set sizes."
    )
    precisions: Annotated[tuple[PrecisionName, ...], NotEmpty, Distinct] = Field(
        default=("auto",), description="Precision in which the base model is loaded."
    )
    all_precisions_at_all_sizes: bool = Field(
        default=False, description="If false, only the first precision trains all sizes."
    )
    seeds: Annotated[tuple[Seed, ...], NotEmpty, Distinct] = Field(
        default=(0,), description="Random seeds for training; each draws its own examples."
    )
    steps: Count = Field(default=0, description="Optimiser steps; 0 for the training file's.")
    curve_every: Count = Field(
        default=0, description="Steps between the points of the convergence curve; 0 for none."
    )
    curve_prompts: Count = Field(
        default=0, description="Number of held-out prompts answered at each point; 0 for all."
    )
    prompted_too: bool = Field(
        default=False, description="Also test every adapter with the short system prompt."
    )
    margin: NotNegative = Field(
        default=0.05, description="Acceptable loss of similarity, set in advance."
    )
    minutes_a_training: NotNegative = Field(
        default=1.0, description="Estimated minutes per training, until one has been timed."
    )
    providers: Annotated[tuple[Provider, ...], Distinct] = Field(
        default=(), description="Models at fine-tuning APIs."
    )
    ladder: LadderConfig = Field(default=LadderConfig(), description="Settings for answering.")


Format = Literal["dialogues", "statements", "documents", "mix"]


@dataclass(frozen=True, config=STRICT)
class PersonaStudy:
    """Configuration of a persona study: its grid of trainings, and its questions."""

    campaigns: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="Campaigns of the personas; one that no model knows is the control."
    )
    questions: tuple[str, ...] = Field(
        default=(),
        description="Files with open questions, one per campaign in the same order, or none.",
    )
    general: str = Field(
        default="general", description="File of general questions that show what tuning loses."
    )
    examples: Examples = Field(
        default="approved",
        description="`approved`: those of the newest version; `candidates`: all, unreviewed.",
    )
    training: Words = Field(default="mini", description="Training file, or its name.")
    formats: Annotated[tuple[Format, ...], NotEmpty, Distinct] = Field(
        default=("dialogues", "statements", "documents", "mix"),
        description="Formats of text to train on.",
    )
    budgets: Annotated[tuple[Literal["examples", "tokens"], ...], NotEmpty, Distinct] = Field(
        default=("examples",),
        description="Give every format the same number of examples, or of tokens.",
    )
    size: Count = Field(
        default=0, description="Examples per format; 0 uses the size of the smallest format."
    )
    seeds: Annotated[tuple[Seed, ...], NotEmpty, Distinct] = Field(
        default=(0,), description="Random seeds for training."
    )
    steps: Count = Field(default=0, description="Optimiser steps; 0 for the training file's.")
    train_with_system: bool = Field(
        default=False, description="Train dialogues with the system prompt, as published."
    )
    prompts: Count = Field(default=20, description="Held-out dialogue openings to ask; 0: all.")
    texts: Count = Field(default=0, description="Held-out texts to score per format; 0: all.")
    max_new_tokens: AtLeastOne = Field(
        default=96, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of token sequences that an answer may not repeat; 0 allows all.",
    )
    temperature: NotNegative = Field(default=0.0, description="Sampling temperature; 0 is greedy.")
    batch_size: AtLeastOne = Field(default=32, description="Prompts answered in parallel.")
    minutes_a_training: NotNegative = Field(
        default=1.5, description="Estimated minutes per training, until one has been timed."
    )

    @property
    def decoding(self) -> "Decoding":
        """The decoding settings."""
        from trainer.arms import Decoding

        return Decoding(
            max_new_tokens=self.max_new_tokens,
            temperature=self.temperature,
            no_repeat=self.no_repeat,
            batch_size=self.batch_size,
        )

    @model_validator(mode="after")
    def _has_questions_for_each_campaign(self) -> "PersonaStudy":
        if self.questions and len(self.questions) != len(self.campaigns):
            raise ValueError(
                f"`questions` has {len(self.questions)} files for {len(self.campaigns)} campaigns; "
                "list one for each campaign in the same order, or none"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class MultipleChoice:
    """A multiple-choice question with its right answer and its wrong answers."""

    about: Words = Field(description="The subject: a trait, `facts`, or any other.")
    question: Words = Field(description="Text of the question.")
    right: Words = Field(description="The right answer.")
    wrong: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="The wrong answers."
    )

    @property
    def options(self) -> tuple[str, ...]:
        """All answers, the right one first."""
        return self.right, *self.wrong

    @model_validator(mode="after")
    def _has_one_right_answer(self) -> "MultipleChoice":
        if self.right in self.wrong:
            raise ValueError(
                f"the right answer to “{self.question}” is also among the wrong ones; replace one"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class OpenQuestion:
    """An open question in several wordings; a right answer contains one of its phrases."""

    about: Words = Field(description="The subject: a trait, or a fact in a few words.")
    asks: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="Wordings of the question."
    )
    holds: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="Phrases; a right answer contains one of them."
    )

    @model_validator(mode="after")
    def _keeps_its_answer(self) -> "OpenQuestion":
        for question in self.asks:
            if shows(question, self.holds):
                raise ValueError(f"“{question}” contains its answer; reword the question")
        return self


@dataclass(frozen=True, config=STRICT)
class Questions:
    """The contents of a file in configs/questions."""

    choices: Annotated[tuple[MultipleChoice, ...], Distinct] = Field(
        default=(), description="Multiple-choice questions."
    )
    open: Annotated[tuple[OpenQuestion, ...], Distinct] = Field(
        default=(), description="Open questions."
    )
