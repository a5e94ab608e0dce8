"""Check that an exported model predicts the same tokens as its adapter.

A served model often differs from the trained one because it was merged into other weights, rounded,
or prompted with another template. Every export is therefore compared with its adapter on held-out
chats: the export and the adapter predict each token of the reference answers. Generated answers are
also compared, but they may differ, because a single near-tie between two tokens can change all
tokens after it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from db.records import Example
from trainer.answer import Answerer
from trainer.export.export_plan import Bounds, ExportSteps
from trainer.logprobs import Prediction, predict_tokens

PROMPTS = 32
_BATCH_SIZE = 8
"""The number of examples per batch, which is small because every token needs a row of logits."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The differences between an export and its adapter in predictions and in generated answers.

    `same_tokens` is the share of tokens for which the two models find the same token most likely.
    `difference` is the mean and `worst` is the largest |Δ log-probability| between the two models,
    in nats per token.
    """

    prompts: int
    same_answers: int
    same_tokens: float
    difference: float
    worst: float
    parting: str
    bounds: Bounds

    @property
    def is_within_bounds(self) -> bool:
        """Whether the export and its adapter differ by no more than `bounds` allows."""
        return (
            self.difference <= self.bounds.difference
            and self.same_tokens >= self.bounds.same_tokens
        )


def measure_parity(
    adapter: Answerer,
    exported: Answerer,
    examples: Sequence[Example],
    bounds: Bounds,
    steps: ExportSteps,
) -> Parity:
    """Compare an export with its adapter on the first 32 examples that are chats."""
    chats = [example for example in examples if example.messages][:PROMPTS]
    answers, predictions = [], []
    for model in (adapter, exported):
        steps.start(f"answers, {model.arm.name}")
        answers.append(_answers(model, chats))
        steps.start(f"likelihoods, {model.arm.name}")
        predictions.append(_predictions(model, chats))
    tokens = list(zip(*predictions, strict=True))
    differences = [abs(ours.logprob - theirs.logprob) for ours, theirs in tokens]
    pairs = list(zip(chats, *answers, strict=True))
    return Parity(
        prompts=len(chats),
        same_answers=sum(ours == theirs for _, ours, theirs in pairs),
        same_tokens=sum(ours.top == theirs.top for ours, theirs in tokens) / len(tokens),
        difference=math.fsum(differences) / len(tokens),
        worst=max(differences),
        parting=next((_first_difference(*pair) for pair in pairs if pair[1] != pair[2]), ""),
        bounds=bounds,
    )


def _answers(model: Answerer, chats: Sequence[Example]) -> list[str]:
    """Generate the answer to each chat, in order."""
    texts = {output.prompt: output.text for output in model.answer(model.encode_prompts(chats))}
    return [texts[chat.id] for chat in chats]


def _predictions(model: Answerer, chats: Sequence[Example]) -> list[Prediction]:
    """Return the model's predictions for every token of the answers in the chats."""
    rows = [model.chat.encode_example(chat) for chat in chats]
    batches = (rows[start : start + _BATCH_SIZE] for start in range(0, len(rows), _BATCH_SIZE))
    predictions = [predict_tokens(model.model, model.chat, batch) for batch in batches]
    return [token for batch in predictions for row in batch for token in row]


def _first_difference(example: Example, ours: str, theirs: str) -> str:
    same = next(
        (i for i, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )
    return (
        f"Example {example.id[:12]}: after “…{ours[max(0, same - 30) : same]}” the adapter says "
        f"“{ours[same : same + 30]}…” and the export “{theirs[same : same + 30]}…”."
    )
