"""Outputs of a study as measured arms, and what one answer costs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.records import Example, Output
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.measures.content import content_measures
from evaluation.measures.criteria import Criterion
from studies.strategies import PromptingStrategy
from trainer.chat import Chat
from trainer.embed import embed
from trainer.models import load_tokenizer, resolve


@dataclass(frozen=True)
class Prices:
    """What computing costs, in US dollars; one's own figures go here.

    Attributes:
        machine_hour: The machine that answers and trains, an hour.
        input_million: A million tokens read, where a provider bills tokens.
        output_million: A million tokens written.
        review: One review by a person, whose work tuning needs and prompting does not.
        volume: Answers a month for which costs are compared.
    """

    machine_hour: float = 1.0
    input_million: float = 0.0
    output_million: float = 0.0
    review: float = 0.0
    volume: int = 100_000


@dataclass(frozen=True)
class Usage:
    """What an answer takes, on average: tokens read, tokens written, seconds, US dollars."""

    read: float
    written: float
    seconds: float
    cost: float


def scored(
    way: PromptingStrategy, outputs: Sequence[Output], prompts: Sequence[Example], aim: Criterion
) -> MeasuredArm:
    """A way's outputs with their measures; similarity where the prompt has a plain reference."""
    by_id = {prompt.id: prompt for prompt in prompts}
    known = [output for output in outputs if output.prompt in by_id]
    close = similarity([(o.text, by_id[o.prompt].reference) for o in known])
    rows = []
    for output, alike in zip(known, close, strict=True):
        example = by_id[output.prompt]
        measures = aim.measure(output.text)
        measures |= content_measures(output.text, example.reference, passage_of(example), alike)
        rows.append(
            MeasuredOutput(
                output.prompt, measures, example.article, output.seconds, output.output_tokens
            )
        )
    return MeasuredArm(way.name, way.label, way.description, tuple(rows))


def similarity(pairs: Sequence[tuple[str, str]]) -> list[float | None]:
    """How alike each answer and its reference are in meaning, None where there is no reference."""
    held = [(answer, reference) for answer, reference in pairs if reference]
    if not held:
        return [None] * len(pairs)
    answers, references = (embed(texts) for texts in zip(*held, strict=True))
    close = iter(np.sum(answers * references, axis=1).tolist())
    return [float(next(close)) if reference else None for _, reference in pairs]


def passage_of(example: Example) -> str:
    """The passage that a prompt carries before its question, empty where it carries none."""
    if not example.question or not example.messages:
        return ""
    asked = next((m.content for m in example.messages if m.role.value == "user"), "")
    return asked.removesuffix(example.question).strip() if example.question in asked else ""


def usage(outputs: Sequence[Output], chat: Chat, prices: Prices) -> Usage:
    """What an answer of these takes on average; a rewrite's first turn counts as written."""
    count = max(len(outputs), 1)
    read = sum(len(chat.encode_prompt(output.messages)) for output in outputs) / count
    written = sum(output.output_tokens for output in outputs) / count
    seconds = sum(output.seconds for output in outputs) / count
    tokens = read * prices.input_million + written * prices.output_million
    return Usage(read, written, seconds, tokens / 1e6 + seconds / 3600 * prices.machine_hour)


def chat_of(base: str, revision: str = "") -> Chat:
    """The chat template with which a base model counts its tokens."""
    return Chat.of(load_tokenizer(resolve(base, revision)))
