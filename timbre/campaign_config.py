"""All keys of a campaign file, with their meanings, limits and defaults."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from db.versions.splits import Splits
from evaluation.gates import GateBounds

STRICT = ConfigDict(extra="forbid")
Count = Annotated[int, Field(ge=0)]
AtLeastOne = Annotated[int, Field(ge=1)]
Seed = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Dollars = Annotated[float, Field(ge=0)]
PairKind = Literal["edit", "verdict", "rewrite", "vote"]
PersonaKind = Literal["statement", "dialogue", "document"]


@dataclass(frozen=True, config=STRICT)
class GenerateConfig:
    """Settings for generating candidates: which ones to generate, and which teacher to use."""

    teacher: str = Field(
        default="phrasebook",
        description="Teacher model, such as `phrasebook`, `openai:MODEL@URL` or `anthropic:MODEL`.",
    )
    seed: Seed = Field(
        default=0,
        description="Random seed for generation. A different seed produces different texts.",
    )
    questions_per_passage: AtLeastOne = Field(
        default=1, description="Number of conversations per passage (tones only)."
    )
    turns: Literal[2, 4, 6] = Field(
        default=2,
        description="Maximum number of turns in a conversation about a passage (tones only).",
    )
    limit: Count = Field(
        default=0, description="Maximum number of passages to use (0 means no limit)."
    )
    kinds: tuple[PersonaKind, ...] = Field(
        default=(),
        description="Kinds of text to generate for each passage (personas only, default: all "
        "kinds).",
    )
    temperature: float = Field(
        default=0.7, ge=0, description="Sampling temperature (0 means greedy decoding)."
    )
    examples: str = Field(
        default="",
        description="Name of a version whose approved texts the teacher sees as examples (default: "
        "the teacher sees the examples in the tone or persona file).",
    )
    max_tokens: AtLeastOne = Field(default=1024, description="Maximum number of tokens in a reply.")
    concurrency: AtLeastOne = Field(default=16, description="Maximum number of parallel requests.")
    input_price: Dollars = Field(
        default=0.0, description="Price in US dollars per million input tokens."
    )
    output_price: Dollars = Field(
        default=0.0, description="Price in US dollars per million output tokens."
    )


@dataclass(frozen=True, config=STRICT)
class ReviewConfig:
    """Settings for reviews: who reviews, and how reviews are combined into a verdict."""

    overlap: AtLeastOne = Field(default=2, description="Number of reviewers per record.")
    verdict: Literal["majority", "unanimity", "adjudicator"] = Field(
        default="majority", description="Rule for combining a record's reviews into a verdict."
    )
    adjudicator: str = Field(
        default="", description="User whose decision is final when `verdict` is `adjudicator`."
    )
    calibration: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Share of candidates that at least two people review without seeing "
        "suggestions.",
    )
    annotators: tuple[str, ...] = Field(
        default=(),
        description="Annotators to assign records to (default: anyone can review any record).",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> "ReviewConfig":
        if self.verdict == "adjudicator" and not self.adjudicator:
            raise ValueError(
                "`verdict` is “adjudicator”, but `adjudicator` is empty; set it to the name of the "
                "reviewer who decides"
            )
        if self.verdict != "adjudicator" and self.adjudicator:
            raise ValueError(
                f"`adjudicator` is “{self.adjudicator}”, but `verdict` is “{self.verdict}”, which "
                "doesn't use an adjudicator; omit `adjudicator`, or set `verdict` to “adjudicator”"
            )
        needed = max(2, self.overlap) if self.calibration else self.overlap
        people = len(set(self.annotators))
        if people and people < needed:
            raise ValueError(
                f"each record needs {needed} reviewers, but `annotators` lists only {people}; list "
                "more, or omit `annotators`"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class FreezeConfig:
    """Settings for splitting examples into train, validation and test sets by source article."""

    train: Share = Field(default=0.7, description="Share of examples used for training.")
    validation: Share = Field(default=0.1, description="Share of examples used for validation.")
    test: Share = Field(default=0.2, description="Share of examples held out for testing.")
    minimum_articles: Count = Field(
        default=1, description="Minimum number of articles in each split."
    )
    salt: str = Field(
        default="timbre",
        description="Salt for the hashes by which articles are assigned to splits. A different "
        "salt produces different splits.",
    )
    pairs: tuple[PairKind, ...] = Field(
        default=(),
        description="Sources of the version's preference pairs (default: no pairs): `edit` (an "
        "edited text over the text before the edit), `verdict` (an approved over a rejected "
        "answer to the same prompt), `rewrite` (an approved rewrite over the plain answer) and "
        "`vote` (the preferred one of two blind answers to a training prompt).",
    )

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "FreezeConfig":
        shares = (self.train, self.validation, self.test)
        if abs(sum(shares) - 1) >= 1e-9:
            raise ValueError(
                f"the shares {', '.join(map(str, shares))} don't add up to 1; change one of them"
            )
        return self

    @property
    def splits(self) -> Splits:
        """The shares and the minimum as the store uses them."""
        return Splits(self.train, self.validation, self.test, self.minimum_articles)


@dataclass(frozen=True, config=STRICT)
class EvaluateConfig:
    """Settings for answering held-out prompts and comparing the tuned model with other arms."""

    system_prompt: str = Field(
        default="",
        description="System prompt for the prompted base model, which is compared with the tuned "
        "model (default: the system prompt of the tone or persona).",
    )
    prompts: Count = Field(
        default=0, description="Number of held-out prompts that each model answers (0 means all)."
    )
    max_new_tokens: AtLeastOne = Field(
        default=128, description="Maximum number of tokens in an answer."
    )
    no_repeat: Count = Field(
        default=0,
        description="Length of the token n-grams that must not be repeated in an answer (0 allows "
        "repetition).",
    )
    seed: Seed = Field(
        default=0,
        description="Random seed for sampling answers and for choosing which answer is on the left "
        "in a blind comparison.",
    )
    judge: str = Field(
        default="",
        description="Model that rates answers, specified in the same format as `teacher` "
        "(default: none).",
    )
    judged: Count = Field(
        default=200,
        description="Number of reviewed candidates that the judge also rates, so that its ratings "
        "can be compared with the reviewers' ratings.",
    )

    @model_validator(mode="after")
    def _judge_is_a_model(self) -> "EvaluateConfig":
        if self.judge == "phrasebook":
            raise ValueError(
                "the teacher “phrasebook” can't rate answers; choose a model as the judge"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class WatchConfig:
    """Settings for starting training runs automatically for new versions (`timbre run watch`)."""

    versions: str = Field(
        default="",
        description="Pattern for version names, such as `demo-*` (default: none). Training starts "
        "automatically for each new version whose name matches the pattern.",
    )
    training: tuple[str, ...] = Field(
        default=(),
        description="Training files to use, each in a separate run (default: the campaign's "
        "training file).",
    )


@dataclass(frozen=True, config=STRICT)
class CampaignConfig:
    """The contents of a campaign file: a tone or persona, and a section for each stage."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
        description="The name of the campaign, which may contain letters, digits, hyphens and "
        "underscores.",
    )
    tone: str = Field(
        default="", description="Path of a tone file, or the name of a tone in configs/tones."
    )
    persona: str = Field(
        default="",
        description="Path of a persona file, or the name of a persona in configs/personas.",
    )
    sources: tuple[str, ...] = Field(
        default=(),
        description="Article sources, in any form that `timbre articles add` accepts (default: all "
        "stored articles).",
    )
    chats: tuple[str, ...] = Field(
        default=(),
        description="Files with chats whose answers Timbre rewrites in the tone (tones only).",
    )
    licence: str = Field(
        default="",
        description="Licence to record for material that doesn't state one, such as `our own`.",
    )
    training: str = Field(
        default="mini",
        description="Path of a training file, or the name of a file in configs/training.",
    )
    generate: GenerateConfig = Field(
        default=GenerateConfig(), description="Settings for generating candidates."
    )
    review: ReviewConfig = Field(
        default=ReviewConfig(), description="Settings for reviewing candidates."
    )
    gates: GateBounds = Field(
        default=GateBounds(), description="Thresholds that a version must meet."
    )
    freeze: FreezeConfig = Field(
        default=FreezeConfig(),
        description="Settings for splitting examples into train, validation and test sets.",
    )
    evaluate: EvaluateConfig = Field(
        default=EvaluateConfig(), description="Settings for evaluating models."
    )
    watch: WatchConfig = Field(
        default=WatchConfig(), description="Settings for starting runs automatically."
    )

    @model_validator(mode="after")
    def _writes_one_long_conversation(self) -> "CampaignConfig":
        generate = self.generate
        if generate.turns > 2 and self.persona:
            raise ValueError(
                "`generate.turns` works only for tones, but this campaign has a persona; remove "
                "`generate.turns`"
            )
        if generate.turns > 2 and generate.questions_per_passage > 1:
            raise ValueError(
                "`generate.turns` and `generate.questions_per_passage` can't both be set, because "
                "Timbre generates only one conversation of several turns per passage; remove one "
                "of the two keys"
            )
        return self

    @model_validator(mode="after")
    def _chats_can_be_rewritten(self) -> "CampaignConfig":
        if self.chats and self.persona:
            raise ValueError(
                "`chats` lists chats to rewrite in a tone, but this campaign has a persona; remove "
                "`chats`, or set `tone` instead of `persona`"
            )
        if self.chats and not self.licence.strip():
            raise ValueError(
                "`chats` is set but `licence` isn't, so it's unclear whether you may use these "
                "chats; set `licence` to their licence, or to the consent that you have"
            )
        return self

    @model_validator(mode="after")
    def _has_one_voice(self) -> "CampaignConfig":
        if bool(self.tone) == bool(self.persona):
            raise ValueError(
                f"`tone` is “{self.tone}” and `persona` is “{self.persona}”, but exactly one of "
                "them must be set"
            )
        return self
