"""Compute the log-probability of each token in a text that counts towards the loss."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch.nn.functional import log_softmax
from transformers import PreTrainedModel

from db.records import Example
from trainer.answer import Answerer
from trainer.arms import Arm, Decoding
from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.libraries import library_session
from trainer.models.loading import context_length
from trainer.training.encoding import Limit, encode


@dataclass(frozen=True, slots=True)
class ExampleLogprobs:
    """An example's log-probabilities in nats, one for each token that counts towards the loss."""

    example: str
    logprobs: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The mean negative log-likelihood of the example's tokens, in nats per token."""
        return -math.fsum(self.logprobs) / len(self.logprobs)


def example_logprobs(
    examples: Sequence[Example], arm: Arm, precision: str = "auto", batch_size: int = 16
) -> Iterator[ExampleLogprobs]:
    """Yield each example's log-probabilities, in order.

    The arm's system prompt and shots aren't used.

    Raises `TrainerError` if an example is longer than the model's context.
    """
    answerer = Answerer(arm, Decoding(precision=precision))
    with library_session():
        rows = encode(examples, answerer.chat, Limit(context_length(answerer.model)))
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        predictions = predict_tokens(answerer.model, answerer.chat, batch)
        for example, row in zip(examples[start : start + batch_size], predictions, strict=True):
            yield ExampleLogprobs(example.id, tuple(token.logprob for token in row))


@dataclass(frozen=True, slots=True)
class Prediction:
    """A token's log-probability in nats, and the id of the most likely token at that position."""

    logprob: float
    top: int


@library_session()
@torch.inference_mode()
def predict_tokens(
    model: PreTrainedModel, chat: Chat, rows: Sequence[Tokens]
) -> list[tuple[Prediction, ...]]:
    """Predict the tokens that count towards the loss, each from the tokens that precede it."""
    padded = chat.tokenizer.pad(
        {"input_ids": [row.ids for row in rows]}, padding_side="right", return_tensors="pt"
    ).to(model.device)
    width = padded["input_ids"].shape[1]
    labels = torch.tensor([row.labels + [NO_LOSS] * (width - len(row.labels)) for row in rows])
    labels = labels[:, 1:].to(model.device)
    has_loss = labels != NO_LOSS
    logits = model(**padded).logits[:, :-1][has_loss].float()
    logprobs = log_softmax(logits, dim=-1).gather(1, labels[has_loss][:, None])[:, 0]
    values = map(Prediction, logprobs.tolist(), logits.argmax(dim=-1).tolist())
    return [tuple(islice(values, count)) for count in has_loss.sum(dim=1).tolist()]
