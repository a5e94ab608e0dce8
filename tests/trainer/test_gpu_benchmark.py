"""The benchmark for GPUs runs on a CPU with tiny shapes, so that it works where a GPU is lent."""

import re

import pytest
import torch

from benchmarks.gpu import LARGER, PRECISIONS, SHAPES, TINY, Shape, random_base, tables
from db.records import Message, Role
from trainer.config import TrainingConfig


def test_every_row_has_figures() -> None:
    config = TrainingConfig("mini", steps=2, batch_size=2, learning_rate=1e-4)
    lines = tables(TINY[:1], TINY[1:], config)
    rows = [line for line in lines if line.startswith("| tiny")]
    assert not [row for row in rows if "failed" in row or "memory" in row]
    trained = [row for row in rows if row.count("|") == 8]
    assert len(trained) == 9
    losses = [float(row.split(" | ")[-1].strip(" |")) for row in trained]
    for bare, padded, packed in zip(losses[::3], losses[1::3], losses[2::3], strict=True):
        assert padded == pytest.approx(packed, abs=0.002)
        assert padded == pytest.approx(bare, rel=0.01)
    assert re.fullmatch(r"\| tiny Qwen3 \| trains, \d+ MB \|", rows[-1])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_layers_are_copies_with_their_own_memory(precision: str) -> None:
    model = random_base(TINY[1], precision).load()
    assert len(model.model.layers) == model.config.num_hidden_layers == 3
    weights = [layer.mlp.up_proj.weight for layer in model.model.layers]
    assert len({weight.data_ptr() for weight in weights}) == 3
    assert torch.isfinite(model(torch.tensor([[1, 2, 3]])).logits).all()


@pytest.mark.parametrize(
    ("shape", "billions"), [(SHAPES[0], 1.24), (SHAPES[1], 4.02), (LARGER[2], 32)]
)
def test_shapes_have_the_parameters_of_their_models(shape: Shape, billions: float) -> None:
    queries, keys = (count * shape.head_size for count in shape.heads)
    attention = shape.hidden * (2 * queries + 2 * keys)
    layer = attention + 3 * shape.hidden * shape.intermediate
    total = shape.layers * layer + shape.vocabulary * shape.hidden
    assert total / 1e9 == pytest.approx(billions, rel=0.03)


def test_the_borrowed_template_renders_chats() -> None:
    chat = random_base(TINY[0], "float32").chat
    assert chat.encode_prompt([Message(Role.USER, "Is it?")])
