"""A language model as a judge: a text rated by a rubric, which is a file with a version.

Nobody is asked here: whoever composes a judge hands over how it is asked. A judge's word is a
measure like any other, and counts for as much as its card says that it agrees with people.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
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
"""What a judge is asked, and the JSON schema of its reply."""
CompletePrompts: TypeAlias = Callable[[Sequence[Prompt]], Sequence[str | None]]
"""Replies in the order of the prompts, None where there is none."""


@dataclass(frozen=True)
class RubricCriterion:
    """One thing that is rated: its name, what it means, and what some of its levels sound like."""

    name: str
    description: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rubric:
    """Criteria and the range of their ratings, in the words of a rubric file."""

    criteria: tuple[RubricCriterion, ...]
    low: int = 1
    high: int = 5
    file: str = "rating.v1"

    @property
    def middle(self) -> float:
        """The rating above which a criterion counts as met."""
        return (self.low + self.high) / 2

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of a reply: a rating for each criterion."""
        ratings = {"type": "integer", "enum": list(range(self.low, self.high + 1))}
        names = [criterion.name for criterion in self.criteria]
        return {
            "type": "object",
            "properties": dict.fromkeys(names, ratings),
            "required": names,
            "additionalProperties": False,
        }

    def prompt(self, question: str, text: str) -> Prompt:
        """How a text, the answer to a question if there is one, is put before a judge."""
        values = {"question": question, "text": text}
        chat = [
            {"role": "system", "content": self._block("system")},
            {"role": "user", "content": self._block("user", **values)},
        ]
        return chat, self.schema

    def _block(self, role: str, **values: str) -> str:
        given = {"criteria": self.criteria, "low": self.low, "high": self.high, **values}
        template = _environment().get_template(f"{self.file}.jinja")
        return "".join(template.blocks[role](template.new_context(given))).strip()


@dataclass(frozen=True)
class Judge:
    """A model by the string that names it, what it samples with, and the rubric it rates by."""

    name: str
    parameters: str
    rubric: Rubric

    @cached_property
    def definition(self) -> str:
        """Everything that could change a rating, as canonical JSON: the model and all its words."""
        chat, schema = self.rubric.prompt("…", "…")
        return canonical(
            {"judge": self.name, "parameters": self.parameters, "rubric": chat, "schema": schema}
        )

    @property
    def source(self) -> str:
        """What its measures are kept under."""
        return f"{RATING_SOURCE}+{digest(self.definition)[:12]}"

    @property
    def features(self) -> tuple[Feature, ...]:
        """A feature for each criterion, named `judge.<criterion>`."""
        low, high = self.rubric.low, self.rubric.high
        return tuple(
            Feature(
                measure_name(c.name),
                c.name.replace("-", " ").capitalize(),
                f"Rating of “{c.name}” by {self.name}, {low} to {high}.",
            )
            for c in self.rubric.criteria
        )

    def rate(
        self, texts: Sequence[tuple[str, str]], ask: CompletePrompts
    ) -> Iterator[dict[str, float] | None]:
        """Each text's ratings by their measures; None where the reply holds no such ratings.

        `texts` are pairs of a question, which may be empty, and the text.
        """
        prompts = [self.rubric.prompt(question, text) for question, text in texts]
        for reply in ask(prompts):
            found = ratings(reply, self.rubric)
            yield {measure_name(name): value for name, value in found.items()} if found else None


def measure_name(criterion: str) -> str:
    """The name of the measure that a rating is kept as."""
    return f"judge.{criterion}"


def ratings(reply: str | None, rubric: Rubric) -> dict[str, float] | None:
    """A rating for each criterion from a reply; None if one is missing or out of range.

    Words around the JSON object, such as a code fence, are passed over.
    """
    for found in _OBJECT.findall(reply or ""):
        try:
            said = json.loads(found)
        except ValueError:
            continue
        if all(_is_rating(said.get(c.name), rubric) for c in rubric.criteria):
            return {c.name: float(said[c.name]) for c in rubric.criteria}
    return None


def _is_rating(value: object, rubric: Rubric) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return whole and rubric.low <= float(str(value)) <= rubric.high


def _environment() -> ImmutableSandboxedEnvironment:
    # No HTML is made here, and escaping would change the texts that are to be rated.
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=False,  # as above
        trim_blocks=True,
        lstrip_blocks=True,
    )


def tone_rubric(name: str, description: str, anchors: Mapping[int, str]) -> Rubric:
    """A tone as a rubric: one criterion on the tone's own scale, its anchors as levels."""
    levels = tuple(f"{value}: {said}" for value, said in sorted(anchors.items()))
    return Rubric((RubricCriterion(name, description, levels),), min(anchors), max(anchors))


def trait_rubric(traits: Sequence[tuple[str, str, Sequence[str], Sequence[str]]]) -> Rubric:
    """A persona as a rubric: a criterion for each trait (name, description, shows, never)."""
    return Rubric(
        tuple(
            RubricCriterion(
                name,
                f"{description} It shows when the text {' or '.join(shows)}.",
                (f"1: the text {' or '.join(never)}, or shows nothing of it",
                 "5: it speaks from the text plainly"),
            )
            for name, description, shows, never in traits
        )
    )  # fmt: skip
