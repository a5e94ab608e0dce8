"""Whether an exported model is the one that was trained: the same answers, the same likelihoods.

What is served is often not what was trained: merged into other weights, rounded, or asked in
another template. So an export is compared with its adapter on held-out prompts before it is kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Example
from trainer.answer import Answerer
from trainer.chat import prompt_of
from trainer.logprobs import log_probabilities

PROMPTS = 32
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far an export may be from its adapter.

    `difference` is the mean |Δ log-probability| allowed, in nats per token; `parted` the share of
    greedy answers that may come out otherwise, as near-ties do when weights are rounded.
    """

    difference: float = 0.02
    parted: float = 0.25


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an export is from its adapter, and the first place where their answers part."""

    prompts: int
    same_answers: int
    difference: float
    worst: float
    parting: str
    bounds: Bounds

    @property
    def passed(self) -> bool:
        """Whether both bounds are kept."""
        parted = 1 - self.same_answers / self.prompts
        return self.difference <= self.bounds.difference and parted <= self.bounds.parted


def parity(
    adapter: Answerer, exported: Answerer, examples: Sequence[Example], bounds: Bounds
) -> Parity:
    """Compare an export with its adapter on the first 32 examples that have an answer."""
    asked = [example for example in examples if example.messages][:PROMPTS]
    said = [answers(model, asked) for model in (adapter, exported)]
    likely = [likelihoods(model, asked) for model in (adapter, exported)]
    apart = [abs(ours - theirs) for ours, theirs in zip(*likely, strict=True)]
    pairs = list(zip(asked, *said, strict=True))
    return Parity(
        prompts=len(asked),
        same_answers=sum(ours == theirs for _, ours, theirs in pairs),
        difference=math.fsum(apart) / len(apart),
        worst=max(apart),
        parting=next((_parting(*pair) for pair in pairs if pair[1] != pair[2]), ""),
        bounds=bounds,
    )


def answers(model: Answerer, examples: Sequence[Example]) -> list[str]:
    """The greedy answers to the examples, in their order."""
    prompts = [model.chat.encode_prompt(prompt_of(example)) for example in examples]
    batches = [prompts[i : i + _BATCH] for i in range(0, len(prompts), _BATCH)]
    return [model.decode(ids) for batch in batches for ids in model.generate(batch)]


def likelihoods(model: Answerer, examples: Sequence[Example]) -> list[float]:
    """The log-probabilities, in nats, of all the words that the examples answer with."""
    rows = [model.chat.encode_example(example) for example in examples]
    batches = [rows[i : i + _BATCH] for i in range(0, len(rows), _BATCH)]
    scored = [log_probabilities(model.model, model.chat, batch) for batch in batches]
    return [value for batch in scored for row in batch for value in row]


def _parting(example: Example, ours: str, theirs: str) -> str:
    same = next(
        (i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    return (
        f"example {example.id[:12]}: after “…{ours[max(0, same - 30) : same]}” the adapter says "
        f"“{ours[same : same + 30]}…” and the export “{theirs[same : same + 30]}…”"
    )
