"""LLM judges, which are models that rate texts using a rubric (a versioned prompt file).

This module only writes the prompts and parses the replies; the caller provides a function that
sends prompts to a model. A judge's ratings are stored as measures, and a judge card shows how
reliable they are.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from db.records import canonical, digest
from evaluation.measures.tone import Feature

RATING_SOURCE = "rating.v1"
_FOLDER = Path(__file__).parent / "rubrics"
_OBJECT = re.compile(r"\{[^{}]*\}")

Chat: TypeAlias = list[dict[str, str]]
Prompt: TypeAlias = tuple[Chat, dict[str, Any]]
"""A chat with an LLM judge, and the JSON schema of the judge's reply."""
CompletePrompts: TypeAlias = Callable[[Sequence[Prompt]], Sequence[str | None]]
"""Returns one reply per prompt, in order, or None for prompts that failed."""


@dataclass(frozen=True)
class RubricCriterion:
    """A quality to rate: its name, its meaning, and descriptions of some rating levels."""

    name: str
    description: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class RatedExample:
    """An example text with its correct rating, for a rubric with one criterion."""

    text: str
    rating: int


@dataclass(frozen=True)
class Rubric:
    """The criteria that a judge rates, and the range of ratings; `file` is the prompt template.

    `steps` lists the ratings that the rubric describes, or is empty if they are evenly spaced.
    `examples` are rated texts; a template with a `reply` block shows them to the judge as earlier
    turns.
    """

    criteria: tuple[RubricCriterion, ...]
    low: int = 1
    high: int = 5
    file: str = "rating.v1"
    steps: tuple[int, ...] = ()
    examples: tuple[RatedExample, ...] = ()

    @property
    def middle(self) -> float:
        """The middle of the rating scale, above which a text counts as meeting a criterion."""
        return float(median(self.steps or (self.low, self.high)))

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a reply, with one rating per criterion."""
        rating = {"type": "integer", "enum": list(range(self.low, self.high + 1))}
        names = [criterion.name for criterion in self.criteria]
        return {
            "type": "object",
            "properties": dict.fromkeys(names, rating),
            "required": names,
            "additionalProperties": False,
        }

    def prompt(self, question: str, text: str) -> Prompt:
        """Build the prompt that asks the judge to rate a text as an answer to a question.

        `question` is empty for a text that doesn't answer a question.
        """
        turns = [
            {"role": role, "content": self._block(block, **values)}
            for example in self.examples
            for role, block, values in (
                ("user", "user", {"question": "", "text": example.text}),
                ("assistant", "reply", {"rating": example.rating}),
            )
        ]
        chat = [
            {"role": "system", "content": self._block("system")},
            *turns,
            {"role": "user", "content": self._block("user", question=question, text=text)},
        ]
        return chat, self.schema

    def _block(self, role: str, **values: str | int) -> str:
        variables = {"criteria": self.criteria, "low": self.low, "high": self.high, **values}
        template = _environment().get_template(f"{self.file}.jinja")
        return "".join(template.blocks[role](template.new_context(variables))).strip()


@dataclass(frozen=True)
class Judge:
    """An LLM judge: the model name, its sampling parameters and its rubric."""

    name: str
    parameters: str
    rubric: Rubric

    @cached_property
    def definition(self) -> str:
        """Canonical JSON of everything that affects a rating, such as the model and the prompt."""
        chat, schema = self.rubric.prompt("…", "…")
        return canonical(
            {"judge": self.name, "parameters": self.parameters, "rubric": chat, "schema": schema}
        )

    @property
    def source(self) -> str:
        """The source name under which this judge's ratings are stored."""
        return f"{RATING_SOURCE}+{digest(self.definition)[:12]}"

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features that the judge rates, one per criterion, named `judge.<criterion>`."""
        return tuple(
            Feature(
                measure_name(c.name),
                c.name.replace("-", " ").capitalize(),
                f"Rating of “{c.name}” by {self.name}, {self.rubric.low} to {self.rubric.high}.",
            )
            for c in self.rubric.criteria
        )

    def rate(
        self, texts: Sequence[tuple[str, str]], complete: CompletePrompts
    ) -> Iterator[dict[str, float] | None]:
        """Yield each text's ratings, keyed by measure name, or None if the reply is invalid.

        `texts` are (question, text) pairs; the question may be empty.
        """
        prompts = [self.rubric.prompt(question, text) for question, text in texts]
        for reply in complete(prompts):
            ratings = parse_ratings(reply, self.rubric)
            yield {measure_name(n): value for n, value in ratings.items()} if ratings else None


def measure_name(criterion: str) -> str:
    """The name of the measure under which the ratings for a criterion are stored."""
    return f"judge.{criterion}"


def parse_ratings(reply: str | None, rubric: Rubric) -> dict[str, float] | None:
    """Parse a judge's reply into a rating for each criterion.

    Returns None if a rating is missing or out of range. Text around the JSON object, such as a code
    fence, is ignored.
    """
    for candidate in _OBJECT.findall(reply or ""):
        try:
            values = json.loads(candidate)
        except ValueError:
            continue
        if all(_is_rating(values.get(c.name), rubric) for c in rubric.criteria):
            return {c.name: float(values[c.name]) for c in rubric.criteria}
    return None


def _is_rating(value: object, rubric: Rubric) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and rubric.low <= float(str(value)) <= rubric.high


def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # HTML escaping would change the texts to rate
        trim_blocks=True,
        lstrip_blocks=True,
    )


def tone_rubric(name: str, description: str, anchors: Mapping[int, str]) -> Rubric:
    """Build a rubric with one criterion, whose levels are the anchors of a tone's scale."""
    levels = tuple(f"{value}: {anchor}" for value, anchor in sorted(anchors.items()))
    criterion, steps = RubricCriterion(name, description, levels), tuple(sorted(anchors))
    return Rubric((criterion,), steps[0], steps[-1], steps=steps)


def example_rubric(rubric: Rubric, examples: Mapping[int, str]) -> Rubric:
    """Add a rated example for each rating to a rubric, in a fixed but unsorted order."""
    rated = [RatedExample(text, value) for value, text in examples.items()]
    ordered = tuple(sorted(rated, key=lambda example: digest(example.text)))
    return replace(rubric, file="rating.v2", examples=ordered)


def trait_rubric(traits: Sequence[tuple[str, str, Sequence[str], Sequence[str]]]) -> Rubric:
    """Build a persona rubric with one criterion per trait.

    Each trait is a tuple of its name, its description, signs that a text shows the trait, and signs
    that a text doesn't show it.
    """
    criteria = (
        RubricCriterion(
            name,
            f"{description} It shows when the text {' or '.join(shows)}.",
            (
                f"1: the text {' or '.join(never)}, or shows nothing of it",
                "5: it speaks from the text plainly",
            ),
        )
        for name, description, shows, never in traits
    )
    return Rubric(tuple(criteria))
