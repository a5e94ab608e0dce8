"""Ways to get an answer in a tone: prompts short and long, examples shown, a check and a rewrite.

Each way asks the same held-out prompts. Examples are shown as turns before the prompt; a rewrite
is a second turn, asked for where the first answer misses the aim.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from db.records import Example, Message, Output, Role
from evaluation.measures.criteria import Criterion
from trainer.answer import Arm, Decoding, answer
from trainer.chat import prompt_of
from trainer.embed import embed

Progress = Callable[[int, int], None]


class Shots(StrEnum):
    """Which examples are shown before a prompt."""

    NONE = "none"
    FIXED = "fixed"
    NEAREST = "nearest"


@dataclass(frozen=True)
class Model:
    """The model that is asked: a base, and an adapter where it is a tuned one."""

    base: str
    revision: str = ""
    adapter: Path | None = None
    run: str | None = None


@dataclass(frozen=True)
class PromptingStrategy:
    """A rung of the ladder; `rewrite` is what a second turn asks for, empty for one turn."""

    name: str
    label: str
    description: str
    system: str = ""
    shots: Shots = Shots.NONE
    rewrite: str = ""
    tuned: bool = False


@dataclass(frozen=True)
class PromptContext:
    """What the prompting_strategies draw on: examples to show, how many, how to decode, and what is aimed at."""

    pool: tuple[Example, ...]
    shots: int
    decoding: Decoding
    aim: Criterion


def ask(
    way: PromptingStrategy,
    model: Model,
    prompts: Sequence[Example],
    room: PromptContext,
    progress: Progress | None = None,
) -> list[Output]:
    """The answers of a model to the prompts in one way; tokens and time of every turn counted.

    Raises `TrainerError` if the prompts with what is shown before them do not fit the model.
    """
    shown = with_examples(way.shots, prompts, room)
    drafts = _answers(way, model, shown, room, progress)
    if not way.rewrite:
        return [drafts[prompt.id] for prompt in prompts]
    missed = [p for p in prompts if not _right(drafts[p.id].text, room.aim)]
    again = {p.id: _second_turn(shown[p.id], drafts[p.id].text, way.rewrite) for p in missed}
    better = _answers(way, model, again, room, progress) if again else {}
    return [_settled(drafts[p.id], better.get(p.id), room.aim) for p in prompts]


def with_examples(
    shots: Shots, prompts: Sequence[Example], room: PromptContext
) -> dict[str, Example]:
    """Each prompt as it is asked, by its id: after fixed examples, the nearest ones, or none.

    The nearest are those whose question is closest in meaning, the closest one last.
    """
    if shots is Shots.NONE or not room.pool:
        return {prompt.id: prompt for prompt in prompts}
    if shots is Shots.FIXED:
        chosen = [range(min(room.shots, len(room.pool)))] * len(prompts)
        picks: Iterable[Sequence[int]] = chosen
    else:
        close = embed([_asked(p) for p in prompts]) @ embed([_asked(e) for e in room.pool]).T
        picks = np.argsort(close, axis=1)[:, -room.shots :].tolist()
    return {
        prompt.id: _after([room.pool[place] for place in picked], prompt)
        for prompt, picked in zip(prompts, picks, strict=True)
    }


def _asked(example: Example) -> str:
    return example.question or example.messages[0].content


def _after(shown: Sequence[Example], prompt: Example) -> Example:
    turns = [m for example in shown for m in example.messages if m.role is not Role.SYSTEM]
    return replace(prompt, messages=(*turns, *prompt.messages))


def _second_turn(prompt: Example, draft: str, request: str) -> Example:
    """The prompt with its draft and the request to rewrite it, the answer still open."""
    turns = (*prompt_of(prompt), Message(Role.ASSISTANT, draft or "…"), Message(Role.USER, request))
    return replace(prompt, messages=(*turns, prompt.messages[-1]))


def _answers(
    way: PromptingStrategy,
    model: Model,
    asked: dict[str, Example],
    room: PromptContext,
    progress: Progress | None,
) -> dict[str, Output]:
    """Answers by the id of the prompt they answer, whatever was shown before it."""
    arm = Arm(way.name, model.base, model.revision, model.adapter, model.run, way.system)
    owner = {example.id: prompt for prompt, example in asked.items()}
    made = answer(list(asked.values()), arm, room.decoding, progress)
    return {owner[o.prompt]: replace(o, prompt=owner[o.prompt]) for o in made}


def _right(text: str, aim: Criterion) -> bool:
    return aim.measure(text)[aim.feature.name] > 0


def _settled(draft: Output, rewritten: Output | None, aim: Criterion) -> Output:
    """The rewrite where it meets the aim, else the draft; both were paid for."""
    if rewritten is None:
        return draft
    kept = rewritten if _right(rewritten.text, aim) else draft
    return replace(
        kept,
        output_tokens=draft.output_tokens + rewritten.output_tokens,
        seconds=draft.seconds + rewritten.seconds,
    )
