"""A campaign file: every key it may hold, with its meaning, limits and default."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.gates import GateBounds

STRICT = ConfigDict(extra="forbid")
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[float, Field(ge=0)]
PersonaKind = Literal["statement", "dialogue", "document"]


@dataclass(frozen=True, config=STRICT)
class GenerateConfig:
    """Which candidates are generated, and by which teacher."""

    teacher: Annotated[
        str,
        Field(description="`phrasebook`, `openai:MODEL@URL`, `anthropic:MODEL`, … (guide)."),
    ] = "phrasebook"
    seed: Annotated[Seed, Field(description="Another seed gives other texts.")] = 0
    questions_per_passage: Annotated[
        AtLeastOne, Field(description="Conversations per passage (tones only).")
    ] = 1
    limit: Annotated[Count, Field(description="Passages used at most; 0 for all.")] = 0
    kinds: Annotated[
        tuple[PersonaKind, ...],
        Field(description="What is written about each passage (personas only); all if empty."),
    ] = ()
    temperature: Annotated[float, Field(ge=0, description="Sampling temperature; 0 is greedy.")] = (
        0.7
    )
    max_tokens: Annotated[AtLeastOne, Field(description="Tokens in a reply at most.")] = 1024
    concurrency: Annotated[AtLeastOne, Field(description="Parallel requests at most.")] = 16
    input_price: Annotated[Dollars, Field(description="US dollars per million input tokens.")] = 0.0
    output_price: Annotated[Dollars, Field(description="US dollars per million output tokens.")] = (
        0.0
    )


@dataclass(frozen=True, config=STRICT)
class ReviewConfig:
    """Who reviews, and how their reviews become a verdict."""

    overlap: Annotated[AtLeastOne, Field(description="Reviewers per record.")] = 2
    verdict: Annotated[
        Literal["majority", "unanimity", "adjudicator"],
        Field(description="The rule that turns reviews into a verdict."),
    ] = "majority"
    adjudicator: Annotated[
        str, Field(description="Who decides ties, if `verdict` is adjudicator.")
    ] = ""
    calibration: Annotated[
        float,
        Field(ge=0, lt=1, description="Share reviewed without suggestions by two or more people."),
    ] = 0.0
    annotators: Annotated[
        tuple[str, ...],
        Field(description="Who gets which records first; anyone gets any record if empty."),
    ] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "ReviewConfig":
        if (self.verdict == "adjudicator") != bool(self.adjudicator):
            raise ValueError(
                f"the verdict is “{self.verdict}” and the adjudicator “{self.adjudicator}”; name "
                "an adjudicator exactly when the verdict is adjudicator"
            )
        needed = max(2, self.overlap) if self.calibration else self.overlap
        people = len(set(self.annotators))
        if people and people < needed:
            raise ValueError(
                f"{people} annotators can't give each record {needed} reviews; name more, or leave "
                "`annotators` out"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class FreezeConfig:
    """How examples are split by source article."""

    train: Annotated[Share, Field(description="Share for training.")] = 0.7
    validation: Annotated[Share, Field(description="Share for validation.")] = 0.1
    test: Annotated[Share, Field(description="Share held out.")] = 0.2
    minimum_articles: Annotated[Count, Field(description="Fewest articles in a split.")] = 1
    salt: Annotated[str, Field(description="Another salt gives another split.")] = "timbre"

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "FreezeConfig":
        shares = (self.train, self.validation, self.test)
        if abs(sum(shares) - 1) >= 1e-9:
            raise ValueError(f"the shares {', '.join(map(str, shares))} must add up to 1")
        return self


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    """How held-out prompts are answered, and what the tuned model is compared with."""

    system_prompt: Annotated[
        str, Field(description="System prompt of the prompted arm; the voice's own if empty.")
    ] = ""
    prompts: Annotated[Count, Field(description="Held-out prompts answered; 0 for all.")] = 0
    max_new_tokens: Annotated[AtLeastOne, Field(description="Tokens in an answer at most.")] = 128
    no_repeat: Annotated[
        Count, Field(description="Never generate this many tokens in a row twice; 0 is off.")
    ] = 0
    seed: Annotated[Seed, Field(description="Seed of sampling and of blind pairs' sides.")] = 0
    judge: Annotated[
        str, Field(description="A model that rates answers, named like a teacher; none if empty.")
    ] = ""
    judged: Annotated[Count, Field(description="Reviewed candidates it rates for its card.")] = 200

    @model_validator(mode="after")
    def _judge_is_a_model(self) -> "EvaluateConfig":
        if self.judge == "phrasebook":
            raise ValueError("the judge “phrasebook” can't rate answers; name a model")
        return self


@dataclass(frozen=True, config=STRICT)
class WatchConfig:
    """Which versions start runs by themselves (`timbre run watch`)."""

    versions: Annotated[
        str, Field(description="Pattern of version names, such as `demo-*`; none if empty.")
    ] = ""
    training: Annotated[
        tuple[str, ...],
        Field(description="Training files, one run each; the campaign's own if empty."),
    ] = ()


@dataclass(frozen=True, config=STRICT)
class CampaignConfig:
    """A campaign file: a tone or a persona, and a section for each stage."""

    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
            description="Its name: letters, digits, hyphens and underscores.",
        ),
    ]
    tone: Annotated[str, Field(description="A tone file, or a name in configs/tones.")] = ""
    persona: Annotated[str, Field(description="A persona file, or a name.")] = ""
    sources: Annotated[
        tuple[str, ...],
        Field(description="What `timbre articles add` takes; every stored article if empty."),
    ] = ()
    training: Annotated[str, Field(description="A training file, or a name.")] = "mini"
    generate: Annotated[GenerateConfig, Field(description="Generation.")] = GenerateConfig()
    review: Annotated[ReviewConfig, Field(description="Review.")] = ReviewConfig()
    gates: Annotated[GateBounds, Field(description="Gates of a version.")] = GateBounds()
    freeze: Annotated[FreezeConfig, Field(description="Splits.")] = FreezeConfig()
    evaluate: Annotated[EvaluateConfig, Field(description="Evaluation.")] = EvaluateConfig()
    watch: Annotated[WatchConfig, Field(description="Automatic runs.")] = WatchConfig()

    @model_validator(mode="after")
    def _has_one_voice(self) -> "CampaignConfig":
        if bool(self.tone) == bool(self.persona):
            raise ValueError(
                f"the tone is “{self.tone}” and the persona “{self.persona}”; name exactly one"
            )
        return self
