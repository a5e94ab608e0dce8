"""Log-probabilities of examples match the model's loss, whatever the batch size."""

from pathlib import Path

import pytest
import torch

from tests.trainer.conftest import chat_example, text_example
from trainer.arms import Arm
from trainer.chat import NO_LOSS, Chat
from trainer.errors import TrainerError
from trainer.libraries import quiet_libraries
from trainer.logprobs import example_logprobs
from trainer.models.loading import load_model, load_tokenizer
from trainer.models.precision import choose_precision

EXAMPLES = [chat_example(n) for n in range(5)] + [text_example(1)]


def test_the_loss_is_the_model_s_own(tiny_model: Path) -> None:
    with quiet_libraries():
        model = load_model(tiny_model, choose_precision("float32", "cpu"))
        chat = Chat.from_tokenizer(load_tokenizer(tiny_model))
    rows = example_logprobs(EXAMPLES, Arm("base", str(tiny_model)), "float32")
    for row, example in zip(rows, EXAMPLES, strict=True):
        tokens = chat.encode_example(example)
        ids, labels = torch.tensor([tokens.ids]), torch.tensor([tokens.labels])
        assert row.example == example.id
        assert row.loss == pytest.approx(float(model(ids, labels=labels).loss.detach()), rel=1e-4)
        assert len(row.logprobs) == sum(label != NO_LOSS for label in tokens.labels[1:])


def test_the_batch_size_does_not_change_the_log_probabilities(tiny_model: Path) -> None:
    arm = Arm("base", str(tiny_model))
    alone, together = (
        list(example_logprobs(EXAMPLES, arm, "float32", batch_size=size)) for size in (1, 6)
    )
    for one, other in zip(alone, together, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, rel=1e-4)


def test_an_example_longer_than_the_context_is_rejected(tiny_model: Path) -> None:
    long = chat_example(1, answer="long " * 300)
    with pytest.raises(TrainerError, match="1 of 1 examples are longer than 256 tokens"):
        next(example_logprobs([long], Arm("base", str(tiny_model))))
