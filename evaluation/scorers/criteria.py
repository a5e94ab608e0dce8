"""The `[criteria]` section of a tone or persona file, and its scorers by name."""

from collections.abc import Iterator
from functools import cached_property

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.scorers.emoji import EmojiCriterion
from evaluation.scorers.length import LengthCriterion
from evaluation.scorers.markdown import MarkdownCriterion, MarkdownRule
from evaluation.scorers.openings import EdgeCriterion, OpeningsCriterion
from evaluation.scorers.patterns import PatternsCriterion
from evaluation.scorers.person import PersonCriterion
from evaluation.scorers.readability import ReadabilityCriterion
from evaluation.scorers.refusals import RefusalRule, RefusalsCriterion
from evaluation.scorers.rubric import RubricQuality
from evaluation.scorers.scorer import STRICT, Score, Scorer
from evaluation.scorers.sentences import SentencesCriterion
from evaluation.scorers.words import WordsCriterion


@dataclass(frozen=True, config=STRICT)
class Criteria:
    """Optional requirements for texts in a tone or persona, in addition to `[target]`."""

    words: WordsCriterion | None = Field(
        default=None, description="Words and phrases that a text should use or must not use."
    )
    patterns: PatternsCriterion | None = Field(
        default=None, description="Regular expressions that a text must or must not match."
    )
    length: LengthCriterion | None = Field(
        default=None, description="Minimum and maximum number of words in a text."
    )
    sentences: SentencesCriterion | None = Field(
        default=None,
        description="Limits on the average and the maximum number of words per sentence.",
    )
    markdown: MarkdownRule = Field(
        default="allowed", description="Whether Markdown is allowed, forbidden or required."
    )
    refusals: RefusalRule = Field(
        default="allowed",
        description="Whether refusals and phrases such as “as an AI” are allowed or forbidden.",
    )
    person: PersonCriterion | None = Field(
        default=None, description="Grammatical persons that a text must or must not use."
    )
    openings: EdgeCriterion | None = Field(
        default=None, description="Phrases that a text must or must not begin with."
    )
    closings: EdgeCriterion | None = Field(
        default=None, description="Phrases that a text must or must not end with."
    )
    emoji: EmojiCriterion | None = Field(
        default=None, description="Minimum and maximum number of emoji in a text."
    )
    readability: ReadabilityCriterion | None = Field(
        default=None, description="Minimum and maximum readability score of a text."
    )
    rubric: tuple[RubricQuality, ...] = Field(
        default=(),
        description="Qualities that the campaign's LLM judge rates. Gates and promotions don't "
        "depend on these ratings.",
    )

    @model_validator(mode="after")
    def _rubric_names_differ(self) -> "Criteria":
        names = [quality.name for quality in self.rubric]
        if len(set(names)) < len(names):
            raise ValueError(
                f"two qualities in `rubric` have the same name ({', '.join(names)}); rename one"
            )
        return self

    @cached_property
    def scorers(self) -> dict[str, Scorer]:
        """The scorers of the criteria that are set, keyed by name."""
        optional: dict[str, Scorer | None] = {
            "words": self.words,
            "patterns": self.patterns,
            "length": self.length,
            "sentences": self.sentences,
            "markdown": MarkdownCriterion(self.markdown) if self.markdown != "allowed" else None,
            "refusals": RefusalsCriterion() if self.refusals != "allowed" else None,
            "person": self.person,
            "openings": OpeningsCriterion(self.openings) if self.openings else None,
            "closings": OpeningsCriterion(self.closings, True) if self.closings else None,
            "emoji": self.emoji,
            "readability": self.readability,
        }
        return {name: scorer for name, scorer in optional.items() if scorer}

    @property
    def requirements(self) -> tuple[str, ...]:
        """Describe each requirement in words."""
        return tuple(scorer.describe() for scorer in self.scorers.values())

    @property
    def unstated_requirements(self) -> tuple[str, ...]:
        """The requirements that the built-in prompts about passages don't already contain."""
        stated = {"refusals"} | ({"markdown"} if self.markdown == "forbidden" else set())
        return tuple(s.describe() for name, s in self.scorers.items() if name not in stated)

    def find_problems(self, language: str) -> list[str]:
        """Return an error message for each criterion that doesn't support the language."""
        problems = ((n, scorer.find_problem(language)) for n, scorer in self.scorers.items())
        return [f"`criteria.{name}`: {problem}." for name, problem in problems if problem]

    def scores(self, text: str, language: str) -> Iterator[tuple[str, Score]]:
        """Score a text by every criterion that is set."""
        for name, scorer in self.scorers.items():
            yield name, scorer.score(text, language)

    def find_violation(self, text: str, language: str) -> str:
        """Return the first thing in a text that a criterion forbids, or an empty string.

        A generated text with a violation is rejected. A text that only misses a bound isn't
        rejected automatically, so that reviewers can decide.
        """
        scores = self.scores(text, language)
        found = (f"{name}: {score.detail}" for name, score in scores if score.is_forbidden)
        return next(found, "")
