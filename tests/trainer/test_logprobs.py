"""Scores are the log-probabilities a model gives to what was said, whatever the batch."""

from pathlib import Path

import pytest
import torch

from tests.trainer.conftest import chat_example, text_example
from trainer.answer import Arm
from trainer.chat import NO_LOSS, Chat
from trainer.errors import TrainerError
from trainer.libraries import quiet_libraries
from trainer.logprobs import score
from trainer.models import load_model, load_tokenizer
from trainer.precision import choose_precision

EXAMPLES = [chat_example(n) for n in range(5)] + [text_example(1)]


def test_a_score_is_what_the_model_s_own_loss_says(tiny_model: Path) -> None:
    with quiet_libraries():
        model = load_model(tiny_model, choose_precision("float32", "cpu"))
        chat = Chat.of(load_tokenizer(tiny_model))
    for scored, example in zip(
        score(EXAMPLES, Arm("base", str(tiny_model))), EXAMPLES, strict=True
    ):
        tokens = chat.encode_example(example)
        ids, labels = torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
        assert scored.example == example.id
        assert scored.loss == pytest.approx(
            float(model(ids, labels=labels).loss.detach()), rel=1e-4
        )
        assert len(scored.log_probabilities) == sum(label != NO_LOSS for label in tokens.labels[1:])


def test_batches_change_nothing(tiny_model: Path) -> None:
    arm = Arm("base", str(tiny_model))
    alone, together = (list(score(EXAMPLES, arm, batch_size=size)) for size in (1, 6))
    for one, other in zip(alone, together, strict=True):
        assert one.log_probabilities == pytest.approx(other.log_probabilities, rel=1e-4)


def test_an_example_over_the_context_is_refused(tiny_model: Path) -> None:
    long = chat_example(1, answer="long " * 300)
    with pytest.raises(TrainerError, match="found 1 of 1 examples longer than 256 tokens"):
        next(score([long], Arm("base", str(tiny_model))))
