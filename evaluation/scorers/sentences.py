"""Limit the length of sentences in words."""

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from evaluation.measures.text import sentences, words
from evaluation.scorers.length import LengthCriterion
from evaluation.scorers.scorer import STRICT, Count, Score


@dataclass(frozen=True, config=STRICT)
class SentencesCriterion:
    """The maximum length of sentences, on average and for any single sentence."""

    average: Count | None = Field(
        default=None, description="Maximum average number of words per sentence."
    )
    longest: Count | None = Field(
        default=None, description="Maximum number of words in any sentence."
    )

    @model_validator(mode="after")
    def _has_bounds(self) -> "SentencesCriterion":
        if self.average is None and self.longest is None:
            raise ValueError("`average` and `longest` are both missing; set at least one of them")
        return self

    def find_problem(self, language: str) -> str:
        """Return an error message if words can't be counted in the language, otherwise ""."""
        return LengthCriterion(at_least=0).find_problem(language)

    def describe(self) -> str:
        """Describe in words how long sentences may be."""
        average = f"at most {self.average} words per sentence on average"
        longest = f"no sentence of more than {self.longest} words"
        parts = [average if self.average is not None else ""]
        return "; ".join(filter(None, [*parts, longest if self.longest is not None else ""]))

    def score(self, text: str, language: str) -> Score:
        """Score a text by its mean number of words per sentence."""
        lengths = [len(words(sentence)) for sentence in sentences(text)] or [0]
        mean = sum(lengths) / len(lengths)
        if self.longest is not None and max(lengths) > self.longest:
            return Score(False, mean, f"its longest sentence has {max(lengths)} words")
        is_met = self.average is None or mean <= self.average
        detail = "" if is_met else f"its sentences have {mean:.1f} words on average"
        return Score(is_met, mean, detail)
