"""Check that an exported model gives the same answers and likelihoods as its adapter.

A served model often differs from the trained one because it was merged into other weights, rounded,
or prompted with another template. Exports are therefore compared with their adapter on held-out
prompts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Example
from trainer.answer import Answerer
from trainer.export.export_plan import Bounds
from trainer.logprobs import token_logprobs

PROMPTS = 32
_BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class Parity:
    """How far an export differs from its adapter, and the first difference in an answer."""

    prompts: int
    same_answers: int
    difference: float
    worst: float
    parting: str
    bounds: Bounds

    @property
    def is_within_bounds(self) -> bool:
        """Whether both differences are within their bounds."""
        parted = 1 - self.same_answers / self.prompts
        return self.difference <= self.bounds.difference and parted <= self.bounds.parted


def measure_parity(
    adapter: Answerer, exported: Answerer, examples: Sequence[Example], bounds: Bounds
) -> Parity:
    """Compare an export with its adapter on the first 32 chats."""
    chats = [example for example in examples if example.messages][:PROMPTS]
    batches = [chats[i : i + _BATCH_SIZE] for i in range(0, len(chats), _BATCH_SIZE)]
    answers = [_answers(model, batches) for model in (adapter, exported)]
    logprobs = [_logprobs(model, batches) for model in (adapter, exported)]
    differences = [abs(ours - theirs) for ours, theirs in zip(*logprobs, strict=True)]
    pairs = list(zip(chats, *answers, strict=True))
    return Parity(
        prompts=len(chats),
        same_answers=sum(ours == theirs for _, ours, theirs in pairs),
        difference=math.fsum(differences) / len(differences),
        worst=max(differences),
        parting=next((_first_difference(*pair) for pair in pairs if pair[1] != pair[2]), ""),
        bounds=bounds,
    )


def _answers(model: Answerer, batches: Sequence[Sequence[Example]]) -> list[str]:
    return [
        output.text for batch in batches for output in model.answer(model.encode_prompts(batch))
    ]


def _logprobs(model: Answerer, batches: Sequence[Sequence[Example]]) -> list[float]:
    """The log-probabilities, in nats, of all tokens in the answers of the examples."""
    rows = ([model.chat.encode_example(example) for example in batch] for batch in batches)
    values = [token_logprobs(model.model, model.chat, batch) for batch in rows]
    return [value for batch in values for row in batch for value in row]


def _first_difference(example: Example, ours: str, theirs: str) -> str:
    same = next(
        (i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    return (
        f"Example {example.id[:12]}: after “…{ours[max(0, same - 30) : same]}” the adapter says "
        f"“{ours[same : same + 30]}…” and the export “{theirs[same : same + 30]}…”."
    )
