"""How likely a model finds what was said: log-probabilities of the tokens that carry loss."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch
from torch.nn.functional import log_softmax
from transformers import PreTrainedModel

from db.records import Example
from trainer.answer import Answerer, Arm, Decoding
from trainer.chat import NO_LOSS, Chat, Tokens
from trainer.encoding import Limit, encode
from trainer.failures import readable_errors
from trainer.libraries import quiet_libraries
from trainer.models import context_length


@dataclass(frozen=True, slots=True)
class Score:
    """An example's log-probabilities, in nats, one for each token that carries loss."""

    example: str
    log_probabilities: tuple[float, ...]

    @property
    def loss(self) -> float:
        """The mean negative log-likelihood, in nats per token."""
        return -math.fsum(self.log_probabilities) / len(self.log_probabilities)


def score(
    examples: Sequence[Example], arm: Arm, precision: str = "auto", batch_size: int = 16
) -> Iterator[Score]:
    """An arm's score of each example, in the order given; an arm's prompts are not added.

    Raises `TrainerError` if an example is longer than the model's context.
    """
    with quiet_libraries(), readable_errors():
        loaded = Answerer(arm, Decoding(precision=precision))
        limit = Limit(context_length(loaded.model), truncate=False)
        taught = encode(examples, loaded.chat, limit)
    for start in range(0, len(taught), batch_size):
        batch = taught[start : start + batch_size]
        with quiet_libraries(), readable_errors():
            rows = log_probabilities(loaded.model, loaded.chat, [tokens for _, tokens in batch])
        for (example, _), row in zip(batch, rows, strict=True):
            yield Score(example.id, row)


@torch.inference_mode()
def log_probabilities(
    model: PreTrainedModel, chat: Chat, rows: Sequence[Tokens]
) -> list[tuple[float, ...]]:
    """The log-probability, in nats, that a model gives each loss-carrying token of each row."""
    padded = chat.tokenizer.pad(
        {"input_ids": [row.ids for row in rows]}, padding_side="right", return_tensors="pt"
    ).to(model.device)
    width = padded["input_ids"].shape[1]
    labels = torch.tensor([row.labels + [NO_LOSS] * (width - len(row.labels)) for row in rows])
    labels = labels[:, 1:].to(model.device)
    learnt = labels != NO_LOSS
    logits = model(**padded).logits[:, :-1][learnt].float()
    found = log_softmax(logits, dim=-1).gather(1, labels[learnt][:, None])[:, 0]
    values = iter(found.tolist())
    return [tuple(islice(values, count)) for count in learnt.sum(dim=1).tolist()]
