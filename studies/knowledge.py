"""What is asked to find out what a model knows: multiple choice, and questions left open.

Both are files of configs/questions: `general` has ordinary knowledge, by which it is seen what
tuning costs; a persona's own has open questions on its facts and traits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evaluation.measures.persona import shows
from studies.errors import StudyError

FACTS = "facts"
_QUESTIONS = ("What is {} like?", "How does {} behave?", "Describe {} in one sentence.")
_FACT = "Tell me something about yourself, {}."


@dataclass(frozen=True)
class MultipleChoice:
    """A question with its right answer and wrong ones; `about` is a trait, a fact or a field."""

    about: str
    question: str
    right: str
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class OpenQuestion:
    """Questions that are answered freely; an answer that holds one of the phrases is right.

    `about` is a trait of the persona, or names a fact in a few words.
    """

    about: str
    asks: tuple[str, ...]
    holds: tuple[str, ...]


@dataclass(frozen=True)
class Questions:
    """A file of configs/questions."""

    choices: tuple[MultipleChoice, ...] = ()
    open: tuple[OpenQuestion, ...] = ()


def check_questions(questions: Questions, name: str) -> Questions:
    """The questions of a file as they are.

    Raises `StudyError` if one gives its own answer away, or has the right answer among the wrong.
    """
    told = [ask for one in questions.open for ask in one.asks if shows(ask, one.holds)]
    told += [one.question for one in questions.choices if one.right in one.wrong]
    if told:
        raise StudyError(
            f"found the question “{told[0]}” in {name} to give its answer away, or to have it "
            "among the wrong ones; ask in other words"
        )
    return questions


def persona_questions(
    name: str,
    traits: Sequence[tuple[str, str]],
    facts: Sequence[str],
    others: tuple[Sequence[str], Sequence[str]],
) -> Iterator[MultipleChoice]:
    """Questions on each trait (name, description) and each fact, against those of other personas.

    `others` are the descriptions of traits and the facts of personas that this one is not.
    """
    descriptions, strange = others
    for trait, description in traits:
        for question in _QUESTIONS:
            yield MultipleChoice(trait, question.format(name), description, tuple(descriptions))
    for fact in facts:
        yield MultipleChoice(FACTS, _FACT.format(name), fact, tuple(strange))
