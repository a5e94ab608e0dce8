"""Every key of a campaign file, with its meaning, limits and default."""

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

    teacher: str = Field(
        default="phrasebook",
        description="Teacher model: `phrasebook`, `openai:MODEL@URL`, `anthropic:MODEL`, …",
    )
    seed: Seed = Field(default=0, description="Random seed; another seed gives other texts.")
    questions_per_passage: AtLeastOne = Field(
        default=1, description="Conversations per passage (tones only)."
    )
    limit: Count = Field(default=0, description="Maximum number of passages; 0 for all.")
    kinds: tuple[PersonaKind, ...] = Field(
        default=(),
        description="Kinds of text generated for each passage (personas only; default: all).",
    )
    temperature: float = Field(default=0.7, ge=0, description="Sampling temperature; 0 is greedy.")
    max_tokens: AtLeastOne = Field(default=1024, description="Maximum number of tokens in a reply.")
    concurrency: AtLeastOne = Field(default=16, description="Maximum number of parallel requests.")
    input_price: Dollars = Field(default=0.0, description="US dollars per million input tokens.")
    output_price: Dollars = Field(default=0.0, description="US dollars per million output tokens.")


@dataclass(frozen=True, config=STRICT)
class ReviewConfig:
    """Who reviews, and how their reviews become a verdict."""

    overlap: AtLeastOne = Field(default=2, description="Reviewers per record.")
    verdict: Literal["majority", "unanimity", "adjudicator"] = Field(
        default="majority", description="The rule that turns reviews into a verdict."
    )
    adjudicator: str = Field(
        default="", description="User who decides ties if `verdict` is adjudicator."
    )
    calibration: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of candidates that two or more people review without suggestions.",
    )
    annotators: tuple[str, ...] = Field(
        default=(),
        description="Annotators to assign records to; if empty, anyone can review any record.",
    )

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
    """How examples are split into train, validation and test by their source articles."""

    train: Share = Field(default=0.7, description="Share for training.")
    validation: Share = Field(default=0.1, description="Share for validation.")
    test: Share = Field(default=0.2, description="Share held out for testing.")
    minimum_articles: Count = Field(
        default=1, description="Minimum number of articles in each split."
    )
    salt: str = Field(
        default="timbre", description="Salt of the split; another salt gives another split."
    )

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "FreezeConfig":
        shares = (self.train, self.validation, self.test)
        if abs(sum(shares) - 1) >= 1e-9:
            raise ValueError(f"the shares {', '.join(map(str, shares))} must add up to 1")
        return self


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    """How held-out prompts are answered, and what the tuned model is compared with."""

    system_prompt: str = Field(
        default="", description="System prompt of the prompted arm (default: the voice's own)."
    )
    prompts: Count = Field(default=0, description="Held-out prompts answered; 0 for all.")
    max_new_tokens: AtLeastOne = Field(
        default=128, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of token sequences that an answer may not repeat; 0 allows all.",
    )
    seed: Seed = Field(
        default=0, description="Random seed for sampling and for the order of blind pairs."
    )
    judge: str = Field(
        default="", description="A model that rates answers, named like a teacher (default: none)."
    )
    judged: Count = Field(
        default=200, description="Number of reviewed candidates that the judge rates for its card."
    )

    @model_validator(mode="after")
    def _judge_is_a_model(self) -> "EvaluateConfig":
        if self.judge == "phrasebook":
            raise ValueError("the judge “phrasebook” can't rate answers; name a model")
        return self


@dataclass(frozen=True, config=STRICT)
class WatchConfig:
    """Which versions start training runs automatically (`timbre run watch`)."""

    versions: str = Field(
        default="", description="Pattern of version names, such as `demo-*` (default: none)."
    )
    training: tuple[str, ...] = Field(
        default=(), description="Training files, one run each (default: the campaign's own)."
    )


@dataclass(frozen=True, config=STRICT)
class CampaignConfig:
    """A campaign file: a tone or a persona, and a section for each stage."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
        description="The campaign's name: letters, digits, hyphens and underscores.",
    )
    tone: str = Field(default="", description="A tone file, or a name from configs/tones.")
    persona: str = Field(default="", description="A persona file, or a name.")
    sources: tuple[str, ...] = Field(
        default=(),
        description="Article sources, as for `timbre articles add` (default: all stored ones).",
    )
    training: str = Field(default="mini", description="A training file, or a name.")
    generate: GenerateConfig = Field(
        default=GenerateConfig(), description="How candidates are generated."
    )
    review: ReviewConfig = Field(default=ReviewConfig(), description="How candidates are reviewed.")
    gates: GateBounds = Field(
        default=GateBounds(), description="Thresholds that a version must meet."
    )
    freeze: FreezeConfig = Field(default=FreezeConfig(), description="How examples are split.")
    evaluate: EvaluateConfig = Field(
        default=EvaluateConfig(), description="How models are evaluated."
    )
    watch: WatchConfig = Field(
        default=WatchConfig(), description="Which versions start runs automatically."
    )

    @model_validator(mode="after")
    def _has_one_voice(self) -> "CampaignConfig":
        if bool(self.tone) == bool(self.persona):
            raise ValueError(
                f"the tone is “{self.tone}” and the persona “{self.persona}”; name exactly one"
            )
        return self
