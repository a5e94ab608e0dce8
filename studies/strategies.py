"""Prompting strategies: short and long system prompts, few-shot examples, and rewriting.

Every strategy answers the same held-out prompts. Few-shot examples are added as turns before the
prompt. The rewrite strategy asks for a second answer if the first one misses the target.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from db.records import Example, Message, Output, Role
from evaluation.arms import MeasuredArm, MeasuredOutput
from evaluation.criteria import Criterion
from evaluation.measuring import measure_outputs
from trainer.answer import answer
from trainer.arms import Arm, Decoding
from trainer.chat import prompt_of
from trainer.embed import embed

BASE, SHORT, TUNED, TUNED_PROMPTED = "base", "short", "tuned", "tuned-prompted"


class Shots(StrEnum):
    """The ways to choose few-shot examples for a prompt."""

    NONE = "none"
    FIXED = "fixed"
    NEAREST = "nearest"


@dataclass(frozen=True)
class StudyModel:
    """A base model with an optional adapter; `run` identifies the adapter."""

    base: str
    revision: str = ""
    adapter: Path | None = None
    run: str | None = None


@dataclass(frozen=True)
class PromptingStrategy:
    """A way to prompt a model.

    `rewrite` is the request in the second turn, and is empty if there is only one turn. All fields
    are part of the cache key for the answers, so their values and order must not change.
    """

    name: str
    label: str
    description: str
    system: str = ""
    shots: Shots = Shots.NONE
    rewrite: str = ""
    is_tuned: bool = False


@dataclass(frozen=True)
class PromptingTask:
    """The data of a prompting task: held-out prompts, examples, the criterion and the prompt texts.

    `system` is the short system prompt, `rules` is the long one, and `rewrite` is the text that
    requests a rewrite.
    """

    prompts: tuple[Example, ...]
    examples: tuple[Example, ...]
    criterion: Criterion
    system: str
    rules: str
    rewrite: str


def prompting_strategies(task: PromptingTask, has_adapter: bool) -> Iterator[PromptingStrategy]:
    """List the strategies from cheap to expensive; if there is an adapter, the last two use it."""
    system = task.system
    yield PromptingStrategy(BASE, "Base", "the base model without a system prompt")
    yield PromptingStrategy(SHORT, "Short prompt", "a short system prompt", system)
    yield PromptingStrategy(
        "rules", "Long rules", "a system prompt with every rule and example", task.rules
    )
    yield PromptingStrategy(
        "few", "Few-shot", "the short prompt after fixed examples", system, Shots.FIXED
    )
    nearest = "the short prompt after the examples closest in meaning"
    yield PromptingStrategy("near", "Few-shot, nearest", nearest, system, Shots.NEAREST)
    check = "the short prompt; an answer that misses the target is rewritten once"
    yield PromptingStrategy("rewrite", "Rewrite and check", check, system, rewrite=task.rewrite)
    if has_adapter:
        bare = "the adapter without a system prompt"
        yield PromptingStrategy(TUNED, "Tuned", bare, is_tuned=True)
        prompted = "the adapter with the short prompt"
        yield PromptingStrategy(TUNED_PROMPTED, "Tuned, prompted", prompted, system, is_tuned=True)


@dataclass(frozen=True)
class PromptContext:
    """Shared inputs for all strategies: few-shot examples, decoding settings and the criterion."""

    examples: tuple[Example, ...]
    shots: int
    decoding: Decoding
    criterion: Criterion

    def is_met(self, text: str) -> bool:
        """Return whether an answer meets the criterion."""
        return self.criterion.measure(text)[self.criterion.feature.name] > 0


def answer_prompts(
    strategy: PromptingStrategy,
    model: StudyModel,
    prompts: Sequence[Example],
    context: PromptContext,
    on_progress: Callable[[int, int], None],
) -> list[Output]:
    """Answer prompts with a model; the cost of a rewrite is added to the cost of its draft.

    Raises `TrainerError` if a prompt and its few-shot examples are too long for the model.
    """

    def generate(examples: dict[str, Example]) -> dict[str, Output]:
        """Generate answers, keyed by the id of the original prompt (the one without examples)."""
        arm = Arm(
            strategy.name, model.base, model.revision, model.adapter, model.run, strategy.system
        )
        original = {example.id: prompt for prompt, example in examples.items()}
        outputs = answer(list(examples.values()), arm, context.decoding, on_progress)
        return {original[o.prompt]: replace(o, prompt=original[o.prompt]) for o in outputs}

    shown = with_examples(strategy.shots, prompts, context)
    drafts = generate(shown)
    if not strategy.rewrite:
        return [drafts[prompt.id] for prompt in prompts]
    missed = [p for p in prompts if not context.is_met(drafts[p.id].text)]
    requests = {
        p.id: _second_turn(shown[p.id], drafts[p.id].text, strategy.rewrite) for p in missed
    }
    rewrites = generate(requests) if requests else {}
    return [_better(drafts[p.id], rewrites.get(p.id), context) for p in prompts]


def with_examples(
    shots: Shots, prompts: Sequence[Example], context: PromptContext
) -> dict[str, Example]:
    """Return the prompts, keyed by id, with their few-shot examples (none, fixed or nearest).

    The nearest examples are those whose questions have the highest cosine similarity; the closest
    one comes last.
    """
    examples = context.examples
    if shots is Shots.NONE or not examples:
        return {prompt.id: prompt for prompt in prompts}
    if shots is Shots.FIXED:
        picks: Iterable[Sequence[int]] = [range(min(context.shots, len(examples)))] * len(prompts)
    else:
        cosines = embed([_question(p) for p in prompts]) @ embed([_question(e) for e in examples]).T
        picks = np.argsort(cosines, axis=1)[:, -context.shots :].tolist()
    return {
        prompt.id: _after([examples[index] for index in indices], prompt)
        for prompt, indices in zip(prompts, picks, strict=True)
    }


def measure_arm(
    strategy: PromptingStrategy,
    outputs: Sequence[Output],
    prompts: Sequence[Example],
    criterion: Criterion,
) -> MeasuredArm:
    """Measure the outputs of a strategy."""
    by_id = {prompt.id: prompt for prompt in prompts}
    known = [(output, by_id[output.prompt]) for output in outputs if output.prompt in by_id]
    passages = [passage_of(prompt) for _, prompt in known]
    measured = measure_outputs(known, passages, criterion, embed, criterion.language)
    rows = tuple(
        MeasuredOutput(o.prompt, measures, prompt.article, o.seconds, o.output_tokens)
        for (o, prompt), measures in zip(known, measured, strict=True)
    )
    return MeasuredArm(strategy.name, strategy.label, strategy.description, rows)


def by_length(examples: Iterable[Example]) -> tuple[Example, ...]:
    """Sort examples by length, shortest first."""
    lengths = {e: sum(len(message.content) for message in e.messages) for e in examples}
    return tuple(sorted(lengths, key=lambda example: (lengths[example], example.id)))


def passage_of(example: Example) -> str:
    """Return the passage before the question in a prompt, or an empty string if there is none."""
    if not example.question or not example.messages:
        return ""
    text = next((m.content for m in example.messages if m.role is Role.USER), "")
    return text.removesuffix(example.question).strip() if example.question in text else ""


def _question(example: Example) -> str:
    return example.question or example.messages[0].content


def _after(examples: Sequence[Example], prompt: Example) -> Example:
    turns = [m for example in examples for m in example.messages if m.role is not Role.SYSTEM]
    return replace(prompt, messages=(*turns, *prompt.messages))


def _second_turn(prompt: Example, draft: str, request: str) -> Example:
    """Build a prompt whose last message requests a rewrite of the draft."""
    turns = (*prompt_of(prompt), Message(Role.ASSISTANT, draft or "…"), Message(Role.USER, request))
    return replace(prompt, messages=(*turns, prompt.messages[-1]))


def _better(draft: Output, rewrite: Output | None, context: PromptContext) -> Output:
    """Return the rewrite if it meets the criterion, or else the draft, with the total cost."""
    if rewrite is None:
        return draft
    return replace(
        rewrite if context.is_met(rewrite.text) else draft,
        output_tokens=draft.output_tokens + rewrite.output_tokens,
        seconds=draft.seconds + rewrite.seconds,
    )
