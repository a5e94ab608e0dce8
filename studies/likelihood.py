"""How likely a model finds texts, each scored once: perplexity, and choices between answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.records import CandidateKind, Example, Message, Role, Split, digest
from studies.knowledge import MultipleChoice
from studies.result_cache import ResultCache
from studies.strategies import Model
from trainer.answer import Arm
from trainer.logprobs import ExampleLogprobs, example_logprobs
from trainer.models import fingerprint


@dataclass(frozen=True)
class Fit:
    """How a model finds a set of texts: nats, tokens and bytes over all of them."""

    nats: float
    tokens: int
    bytes: int


def plain_text(text: str) -> Example:
    """A text that nobody says, as an example to be scored."""
    return Example(
        candidate=digest(text), verdict="", kind=CandidateKind.DOCUMENT, split=Split.TEST, text=text
    )


def fit(model: Model, examples: Sequence[Example], shelf: ResultCache) -> Fit:
    """How a model finds examples; of a dialogue what the assistant says is counted."""
    found = _scores(model, examples, shelf)
    said = [
        "".join(m.content for m in e.messages if m.role is Role.ASSISTANT) if e.messages else e.text
        for e in examples
    ]
    return Fit(
        nats=-sum(nats for nats, _ in found),
        tokens=sum(count for _, count in found),
        bytes=sum(len(text.encode()) for text in said),
    )


def answer_choices(
    model: Model, asked: Sequence[MultipleChoice], shelf: ResultCache
) -> tuple[bool, ...]:
    """Of each question whether the right answer is likelier, by token, than every wrong one."""
    options = [(one, option) for one in asked for option in (one.right, *one.wrong)]
    answers = [_answered(one.question, option) for one, option in options]
    means = iter(nats / count for nats, count in _scores(model, answers, shelf))
    found = []
    for one in asked:
        right, *wrong = [next(means) for _ in (one.right, *one.wrong)]
        found.append(right > max(wrong))
    return tuple(found)


def _answered(question: str, answer: str) -> Example:
    turns = (Message(Role.USER, question), Message(Role.ASSISTANT, answer))
    return replace(plain_text(answer), kind=CandidateKind.DIALOGUE, text="", messages=turns)


def _scores(
    model: Model, examples: Sequence[Example], shelf: ResultCache
) -> list[tuple[float, int]]:
    """Log-likelihood in nats and number of tokens of each example."""
    if not examples:
        return []
    key = {
        "score": [example.id for example in examples],
        "base": fingerprint(model.base, model.revision),
        "run": model.run,
    }

    def make() -> dict[str, Any]:
        arm = Arm("scored", model.base, model.revision, model.adapter, model.run)
        found: list[ExampleLogprobs] = list(example_logprobs(examples, arm))
        return {"scores": [[sum(s.logprobs), len(s.logprobs)] for s in found]}

    return [(nats, count) for nats, count in shelf.kept(key, make)["scores"]]
