"""The files that describe studies and their questions: every key, its limits and its default."""

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

    machine_hour: Annotated[
        NotNegative, Field(description="An hour of the machine that answers and trains.")
    ] = 1.0
    input_million: Annotated[NotNegative, Field(description="A million input tokens.")] = 0.0
    output_million: Annotated[NotNegative, Field(description="A million output tokens.")] = 0.0
    review: Annotated[
        NotNegative,
        Field(description="A person's review, which tuning needs and prompting doesn't."),
    ] = 0.0
    volume: Annotated[
        Count, Field(description="Answers per month for which costs are compared.")
    ] = 100_000


@dataclass(frozen=True, config=STRICT)
class LadderConfig:
    """How the ladder's prompts are answered."""

    prompts: Annotated[Count, Field(description="Held-out prompts; 0 for all.")] = 0
    shots: Annotated[AtLeastOne, Field(description="Examples before a few-shot prompt.")] = 2
    rewrite: Annotated[
        str,
        Field(description="Request of the second turn; the tone's or persona's own if empty."),
    ] = ""
    max_new_tokens: Annotated[AtLeastOne, Field(description="Tokens in an answer at most.")] = 128
    no_repeat: Annotated[
        Count, Field(description="Never generate this many tokens in a row twice; 0 is off.")
    ] = 0
    batch_size: Annotated[AtLeastOne, Field(description="Prompts answered in parallel.")] = 32
    seed: Annotated[Seed, Field(description="Seed of sampling.")] = 0
    prices: Annotated[Prices, Field(description="What computing and reviewing cost.")] = Prices()

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
    """A model at a fine-tuning API, which answers before and after tuning."""

    model: Annotated[Words, Field(description="The API's name of the model.")]
    url: Annotated[Words, Field(description="The API's address.")] = "https://api.openai.com/v1"
    sizes: Annotated[
        tuple[AtLeastOne, ...],
        Distinct,
        Field(description="Numbers of training examples; the study's own if empty."),
    ] = ()
    seeds: Annotated[
        tuple[Seed, ...], Distinct, Field(description="Seeds; the study's own if empty.")
    ] = ()
    epochs: Annotated[
        Count, Field(description="Epochs; 0 lets the API choose, and 3 are priced.")
    ] = 3
    training_million: Annotated[
        NotNegative, Field(description="US dollars per million training tokens.")
    ] = 0.0
    input_million: Annotated[
        NotNegative, Field(description="US dollars per million input tokens.")
    ] = 0.0
    output_million: Annotated[
        NotNegative, Field(description="US dollars per million output tokens.")
    ] = 0.0
    every: Annotated[NotNegative, Field(description="Polling interval in seconds.")] = 10.0

    def training_usd(self, tokens: int) -> float:
        """The price of training on this many tokens, in US dollars."""
        return tokens * self.training_million / 1e6


@dataclass(frozen=True, config=STRICT)
class ToneStudy:
    """The grid of a tone study."""

    campaign: Annotated[Words, Field(description="The campaign whose tone is studied.")]
    examples: Annotated[
        Examples,
        Field(description="approved: its newest version's; candidates: all, unreviewed."),
    ] = "approved"
    training: Annotated[Words, Field(description="A training file, or a name.")] = "mini"
    sizes: Annotated[
        tuple[AtLeastOne, ...], NotEmpty, Distinct, Field(description="Training set sizes.")
    ] = (10, 30, 100)
    precisions: Annotated[
        tuple[PrecisionName, ...],
        NotEmpty,
        Distinct,
        Field(description="How the base is held in memory."),
    ] = ("auto",)
    all_precisions_at_all_sizes: Annotated[
        bool, Field(description="If false, all but the first run only at the largest size.")
    ] = False
    seeds: Annotated[
        tuple[Seed, ...],
        NotEmpty,
        Distinct,
        Field(description="Seeds of training; each draws its own examples."),
    ] = (0,)
    steps: Annotated[Count, Field(description="Optimiser steps; 0 for the training file's.")] = 0
    curve_every: Annotated[
        Count, Field(description="Steps between the points of the convergence curve; 0 for none.")
    ] = 0
    curve_prompts: Annotated[
        Count, Field(description="Held-out prompts answered at each point; 0 for all.")
    ] = 0
    prompted_too: Annotated[
        bool, Field(description="Also ask every adapter with the short prompt.")
    ] = False
    margin: Annotated[
        NotNegative, Field(description="Acceptable loss of similarity, set in advance.")
    ] = 0.05
    minutes_a_training: Annotated[
        NotNegative, Field(description="Minutes per training, for --dry-run until one is timed.")
    ] = 1.0
    providers: Annotated[
        tuple[Provider, ...], Distinct, Field(description="Models at fine-tuning APIs.")
    ] = ()
    ladder: Annotated[LadderConfig, Field(description="How prompts are answered.")] = LadderConfig()


Format = Literal["dialogues", "statements", "documents", "mix"]


@dataclass(frozen=True, config=STRICT)
class PersonaStudy:
    """The grid of a persona study."""

    campaigns: Annotated[
        tuple[Words, ...],
        NotEmpty,
        Distinct,
        Field(description="The personas' campaigns; one that no model knows is the control."),
    ]
    questions: Annotated[
        tuple[str, ...],
        Field(description="Files with open questions, one per campaign in order; none if empty."),
    ] = ()
    general: Annotated[
        str, Field(description="File of general questions that show what tuning costs.")
    ] = "general"
    examples: Annotated[
        Examples,
        Field(description="approved: the newest version's; candidates: all, unreviewed."),
    ] = "approved"
    training: Annotated[Words, Field(description="A training file, or a name.")] = "mini"
    formats: Annotated[
        tuple[Format, ...], NotEmpty, Distinct, Field(description="Formats of training data.")
    ] = ("dialogues", "statements", "documents", "mix")
    budgets: Annotated[
        tuple[Literal["examples", "tokens"], ...],
        NotEmpty,
        Distinct,
        Field(description="Give each format as many examples, or as many tokens."),
    ] = ("examples",)
    size: Annotated[
        Count, Field(description="Examples per format; 0 for as many as the scarcest has.")
    ] = 0
    seeds: Annotated[
        tuple[Seed, ...], NotEmpty, Distinct, Field(description="Seeds of training.")
    ] = (0,)
    steps: Annotated[Count, Field(description="Optimiser steps; 0 for the training file's.")] = 0
    train_with_system: Annotated[
        bool, Field(description="Train dialogues under the system prompt, as published.")
    ] = False
    prompts: Annotated[Count, Field(description="Held-out dialogue openings asked; 0 for all.")] = (
        20
    )
    texts: Annotated[Count, Field(description="Held-out texts scored per format; 0 for all.")] = 0
    max_new_tokens: Annotated[AtLeastOne, Field(description="Tokens in an answer at most.")] = 96
    no_repeat: Annotated[
        Count, Field(description="Never generate this many tokens in a row twice; 0 is off.")
    ] = 0
    temperature: Annotated[NotNegative, Field(description="Sampling temperature; 0 is greedy.")] = (
        0.0
    )
    batch_size: Annotated[AtLeastOne, Field(description="Prompts answered in parallel.")] = 32
    minutes_a_training: Annotated[
        NotNegative, Field(description="Minutes per training, for --dry-run until one is timed.")
    ] = 1.5

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
    """A question with its right answer and wrong ones."""

    about: Annotated[Words, Field(description="A trait, `facts` or a subject.")]
    question: Annotated[Words, Field(description="The question.")]
    right: Annotated[Words, Field(description="The right answer.")]
    wrong: Annotated[tuple[Words, ...], NotEmpty, Distinct, Field(description="The wrong answers.")]

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
    """Wordings of a free question, and the phrases of which a right answer contains one."""

    about: Annotated[Words, Field(description="A trait of the persona, or a fact in a few words.")]
    asks: Annotated[
        tuple[Words, ...], NotEmpty, Distinct, Field(description="Wordings of the question.")
    ]
    holds: Annotated[
        tuple[Words, ...], NotEmpty, Distinct, Field(description="Phrases of a right answer.")
    ]

    @model_validator(mode="after")
    def _keeps_its_answer(self) -> "OpenQuestion":
        for question in self.asks:
            if shows(question, self.holds):
                raise ValueError(f"“{question}” contains its answer; reword the question")
        return self


@dataclass(frozen=True, config=STRICT)
class Questions:
    """A file of configs/questions."""

    choices: Annotated[
        tuple[MultipleChoice, ...], Distinct, Field(description="Multiple choice.")
    ] = ()
    open: Annotated[tuple[OpenQuestion, ...], Distinct, Field(description="Open questions.")] = ()
