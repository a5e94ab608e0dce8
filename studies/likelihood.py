"""Measure likelihoods under a model, for perplexity and for multiple-choice questions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from db.records import CandidateKind, Example, Message, Role, Split, digest
from studies.config import MultipleChoice
from studies.result_cache import ResultCache
from studies.strategies import StudyModel
from trainer.arms import Arm
from trainer.logprobs import example_logprobs
from trainer.models.lookup import fingerprint


@dataclass(frozen=True)
class Likelihood:
    """A model's negative log-likelihood on test data in nats, with the token and byte counts."""

    nats: float
    tokens: int
    bytes: int


def plain_text(text: str) -> Example:
    """Create an example from plain text, so that a model can score the text."""
    return Example(
        candidate=digest(text), verdict="", kind=CandidateKind.DOCUMENT, split=Split.TEST, text=text
    )


def measure_likelihood(
    model: StudyModel, examples: Sequence[Example], cache: ResultCache
) -> Likelihood:
    """Measure a model's likelihood of examples; in chats, only answers with loss are scored."""
    scores = _scores(model, examples, cache)
    texts = [
        "".join(m.content for m in e.messages if m.role is Role.ASSISTANT and m.has_loss) or e.text
        for e in examples
    ]
    return Likelihood(
        nats=-sum(nats for nats, _ in scores),
        tokens=sum(count for _, count in scores),
        bytes=sum(len(text.encode()) for text in texts),
    )


def answer_choices(
    model: StudyModel, questions: Sequence[MultipleChoice], cache: ResultCache
) -> tuple[bool, ...]:
    """Return for each question whether the correct answer has the highest likelihood per token."""
    options = [(each.question, option) for each in questions for option in each.options]
    answers = [_answered(question, option) for question, option in options]
    means = iter(nats / count for nats, count in _scores(model, answers, cache))
    results = []
    for each in questions:
        right, *wrong = [next(means) for _ in each.options]
        results.append(right > max(wrong))
    return tuple(results)


def _answered(question: str, answer: str) -> Example:
    turns = (Message(Role.USER, question), Message(Role.ASSISTANT, answer))
    return replace(plain_text(answer), kind=CandidateKind.DIALOGUE, text="", messages=turns)


def _scores(
    model: StudyModel, examples: Sequence[Example], cache: ResultCache
) -> list[tuple[float, int]]:
    """Return the log-likelihood in nats and the number of tokens for each example."""
    if not examples:
        return []
    key = {
        "score": [example.id for example in examples],
        "base": fingerprint(model.base, model.revision),
        "run": model.run,
    }

    def compute() -> dict[str, Any]:
        arm = Arm("scored", model.base, model.revision, model.adapter, model.run)
        rows = [each.logprobs for each in example_logprobs(examples, arm)]
        return {"scores": [[sum(row), len(row)] for row in rows]}

    return [(nats, count) for nats, count in cache.get_or_compute(key, compute)["scores"]]
