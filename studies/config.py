"""Configuration of studies and their questions, with the limits and default of every key."""

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
        raise ValueError(
            f"the values {', '.join(map(str, values))} contain a duplicate; list each value once"
        )
    return values


Distinct = AfterValidator(_without_repeats)
NotEmpty = Field(min_length=1)


@dataclass(frozen=True, config=STRICT)
class Prices:
    """Prices in US dollars; replace the defaults with your own."""

    machine_hour: NotNegative = Field(
        default=1.0,
        description="Price in US dollars per hour of machine time for training and for generating "
        "answers.",
    )
    input_million: NotNegative = Field(
        default=0.0, description="Price in US dollars per million input tokens."
    )
    output_million: NotNegative = Field(
        default=0.0, description="Price in US dollars per million output tokens."
    )
    review: NotNegative = Field(
        default=0.0,
        description="Price in US dollars per human review. Only tuning requires reviews.",
    )
    volume: Count = Field(
        default=100_000, description="Number of answers per month to assume in the cost comparison."
    )


@dataclass(frozen=True, config=STRICT)
class LadderConfig:
    """Settings for answering the held-out prompts with every prompting strategy."""

    prompts: Count = Field(
        default=0, description="Number of held-out prompts that each model answers (0 means all)."
    )
    shots: AtLeastOne = Field(default=2, description="Number of examples in a few-shot prompt.")
    rewrite: str = Field(
        default="",
        description="Instruction for rewriting a draft (default: a standard instruction for a "
        "tone or persona).",
    )
    max_new_tokens: AtLeastOne = Field(
        default=128, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of the token n-grams that must not be repeated in an answer (0 allows "
        "repetition).",
    )
    batch_size: AtLeastOne = Field(
        default=32, description="Number of prompts answered in parallel."
    )
    seed: Seed = Field(default=0, description="Random seed for sampling.")
    prices: Prices = Field(
        default=Prices(), description="Prices of computing time, tokens and reviews."
    )

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
    """A model offered by a fine-tuning API, which the study tests before and after tuning."""

    model: Words = Field(description="The model name as the API expects it.")
    url: Words = Field(default="https://api.openai.com/v1", description="Base URL of the API.")
    sizes: Annotated[tuple[AtLeastOne, ...], Distinct] = Field(
        default=(), description="Training set sizes to try (default: the study's sizes)."
    )
    seeds: Annotated[tuple[Seed, ...], Distinct] = Field(
        default=(), description="Random seeds for training (default: the study's seeds)."
    )
    epochs: Count = Field(
        default=3,
        description="Number of training epochs. If the number is 0, the API chooses it, and cost "
        "estimates assume 3 epochs.",
    )
    training_million: NotNegative = Field(
        default=0.0, description="Price in US dollars per million training tokens."
    )
    input_million: NotNegative = Field(
        default=0.0, description="Price in US dollars per million input tokens."
    )
    output_million: NotNegative = Field(
        default=0.0, description="Price in US dollars per million output tokens."
    )
    every: NotNegative = Field(default=10.0, description="Polling interval in seconds.")

    def training_usd(self, tokens: int) -> float:
        """Return the price in US dollars of training on this many tokens."""
        return tokens * self.training_million / 1e6


@dataclass(frozen=True, config=STRICT)
class ToneStudy:
    """Configuration of a tone study: its grid of training runs, and its fine-tuning providers."""

    campaign: Words = Field(description="The campaign whose tone the study examines.")
    examples: Examples = Field(
        default="approved",
        description="Examples to train on: `approved` uses the campaign's newest version, and "
        "`candidates` uses all generated candidates without review.",
    )
    training: Words = Field(
        default="mini",
        description="Path of a training file, or the name of a file in configs/training.",
    )
    sizes: Annotated[tuple[AtLeastOne, ...], NotEmpty, Distinct] = Field(
        default=(10, 30, 100), description="Training set sizes to try."
    )
    precisions: Annotated[tuple[PrecisionName, ...], NotEmpty, Distinct] = Field(
        default=("auto",), description="Precisions in which to load the base model."
    )
    all_precisions_at_all_sizes: bool = Field(
        default=False,
        description="Whether to combine every training set size with every precision. By default, "
        "all sizes except the largest are combined only with the first precision.",
    )
    seeds: Annotated[tuple[Seed, ...], NotEmpty, Distinct] = Field(
        default=(0,),
        description="Random seeds for training. The seed also determines which examples are "
        "sampled.",
    )
    steps: Count = Field(
        default=0,
        description="Number of optimiser steps (0 uses the value from the training file).",
    )
    curve_every: Count = Field(
        default=0,
        description="Number of steps between points on the convergence curve (0 means no curve).",
    )
    curve_prompts: Count = Field(
        default=0,
        description="Number of held-out prompts that the model answers at each point on the curve "
        "(0 means all).",
    )
    prompted_too: bool = Field(
        default=False,
        description="Whether to evaluate every adapter both without and with the campaign's system "
        "prompt.",
    )
    margin: NotNegative = Field(
        default=0.05,
        description="Largest acceptable loss of similarity to the reference answers. Choose this "
        "margin before you run the study.",
    )
    minutes_a_training: NotNegative = Field(
        default=1.0,
        description="Estimated duration of a training run in minutes, which is used until a run "
        "has been timed.",
    )
    providers: Annotated[tuple[Provider, ...], Distinct] = Field(
        default=(), description="Models to fine-tune through APIs."
    )
    ladder: LadderConfig = Field(
        default=LadderConfig(), description="Settings for answering the held-out prompts."
    )


Format = Literal["dialogues", "statements", "documents", "mix"]


@dataclass(frozen=True, config=STRICT)
class PersonaStudy:
    """Configuration of a persona study: its grid of training runs, and its questions."""

    campaigns: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="The campaigns of the personas to study. Include a persona that no model "
        "knows, as a control."
    )
    questions: tuple[str, ...] = Field(
        default=(),
        description="Files with open questions: either one file per campaign, in the same order, "
        "or none.",
    )
    general: str = Field(
        default="general",
        description="File with general-knowledge questions, to find out what the model forgets "
        "during tuning.",
    )
    examples: Examples = Field(
        default="approved",
        description="Examples to train on: `approved` uses the campaign's newest version, and "
        "`candidates` uses all generated candidates without review.",
    )
    training: Words = Field(
        default="mini",
        description="Path of a training file, or the name of a file in configs/training.",
    )
    formats: Annotated[tuple[Format, ...], NotEmpty, Distinct] = Field(
        default=("dialogues", "statements", "documents", "mix"),
        description="Text formats to train on.",
    )
    budgets: Annotated[tuple[Literal["examples", "tokens"], ...], NotEmpty, Distinct] = Field(
        default=("examples",),
        description="Quantities to keep equal across formats: `examples`, `tokens` or both. The "
        "study trains on each format once per quantity.",
    )
    size: Count = Field(
        default=0,
        description="Number of examples per format (0 uses as many examples as the smallest format "
        "has).",
    )
    seeds: Annotated[tuple[Seed, ...], NotEmpty, Distinct] = Field(
        default=(0,), description="Random seeds for training."
    )
    steps: Count = Field(
        default=0,
        description="Number of optimiser steps (0 uses the value from the training file).",
    )
    train_with_system: bool = Field(
        default=False,
        description="Whether to include the system prompt when training on dialogues, as the "
        "published study did.",
    )
    prompts: Count = Field(
        default=20,
        description="Number of held-out dialogues whose first message each model answers (0 means "
        "all).",
    )
    texts: Count = Field(
        default=0, description="Number of held-out texts to score per format (0 means all)."
    )
    max_new_tokens: AtLeastOne = Field(
        default=96, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of the token n-grams that must not be repeated in an answer (0 allows "
        "repetition).",
    )
    temperature: NotNegative = Field(
        default=0.0, description="Sampling temperature (0 means greedy decoding)."
    )
    batch_size: AtLeastOne = Field(
        default=32, description="Number of prompts answered in parallel."
    )
    minutes_a_training: NotNegative = Field(
        default=1.5,
        description="Estimated duration of a training run in minutes, which is used until a run "
        "has been timed.",
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
                f"the number of `questions` files ({len(self.questions)}) differs from the number "
                f"of `campaigns` ({len(self.campaigns)}); list one file per campaign in the same "
                "order, or none"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class MultipleChoice:
    """A multiple-choice question with one correct answer and several wrong ones."""

    about: Words = Field(
        description="The subject of the question: a trait, `facts`, or another topic."
    )
    question: Words = Field(description="The text of the question.")
    right: Words = Field(description="The correct answer.")
    wrong: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="The wrong answers."
    )

    @property
    def options(self) -> tuple[str, ...]:
        """All answers, starting with the correct one."""
        return self.right, *self.wrong

    @model_validator(mode="after")
    def _has_one_right_answer(self) -> "MultipleChoice":
        if self.right in self.wrong:
            raise ValueError(
                f"the right answer to “{self.question}” is also listed as a wrong answer; replace "
                "one of them"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class OpenQuestion:
    """An open question in several wordings, with phrases that mark an answer as correct."""

    about: Words = Field(
        description="The subject of the question: a trait, or a fact in a few words."
    )
    asks: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="Alternative wordings of the question."
    )
    holds: Annotated[tuple[Words, ...], NotEmpty, Distinct] = Field(
        description="Accepted phrases. An answer is correct if it contains at least one of them."
    )

    @model_validator(mode="after")
    def _keeps_its_answer(self) -> "OpenQuestion":
        for question in self.asks:
            if shows(question, self.holds):
                raise ValueError(f"“{question}” contains its answer; reword the question")
        return self


@dataclass(frozen=True, config=STRICT)
class Questions:
    """The contents of a question file in configs/questions."""

    choices: Annotated[tuple[MultipleChoice, ...], Distinct] = Field(
        default=(), description="Multiple-choice questions."
    )
    open: Annotated[tuple[OpenQuestion, ...], Distinct] = Field(
        default=(), description="Open questions."
    )
