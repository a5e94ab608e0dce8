"""Multiple-choice and open questions that test what a model knows.

The `general` file in configs/questions tests general knowledge, which shows what a model forgets
when it's tuned. The file for a persona contains open questions about its facts and traits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from studies.config import MultipleChoice

FACTS = "facts"
_QUESTIONS = ("What is {} like?", "How does {} behave?", "Describe {} in one sentence.")
_FACT = "Tell me something about yourself, {}."


@dataclass(frozen=True)
class Distractors:
    """Wrong answers taken from other personas' trait descriptions and facts."""

    traits: tuple[str, ...]
    facts: tuple[str, ...]


def persona_questions(
    name: str, traits: Sequence[tuple[str, str]], facts: Sequence[str], distractors: Distractors
) -> Iterator[MultipleChoice]:
    """Write a question about each trait (name, description) and each fact of a persona."""
    for trait, description in traits:
        wrong = _others(distractors.traits, description)
        for question in _QUESTIONS:
            yield MultipleChoice(trait, question.format(name), description, wrong)
    for fact in facts:
        wrong = _others(distractors.facts, fact)
        yield MultipleChoice(FACTS, _FACT.format(name), fact, wrong)


def _others(answers: Sequence[str], right: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(answer for answer in answers if answer != right))
