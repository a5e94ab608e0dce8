"""Examples that lie end to end attend as they do under a mask, in each family, at less cost."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from tests.trainer.test_gguf import family
from trainer.libraries import quiet_libraries
from trainer.packing import APART, attend_apart

LENGTHS = (5, 1, 9, 3)
IDS = torch.arange(10, 10 + sum(LENGTHS))[None]
POSITIONS = torch.cat([torch.arange(length) for length in LENGTHS])[None]


def logits(model: PreTrainedModel, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    told = {"input_ids": ids, "position_ids": positions, "use_cache": False}
    found: torch.Tensor = model.train()(**told).logits
    return found


@pytest.mark.parametrize("name", ["llama", "qwen2", "qwen3"])
def test_a_row_of_examples_says_and_learns_what_each_says_and_learns_alone(name: str) -> None:
    with quiet_libraries():
        model = family(name)
        attend_apart(model)
        assert model.config._attn_implementation == APART
        together = logits(model, IDS, POSITIONS)
        together.square().sum().backward()  # type: ignore[no-untyped-call] # torch's
        learnt = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        model.zero_grad()
        model.set_attn_implementation("sdpa")
        alone = [
            logits(model, ids, torch.arange(ids.shape[1])[None])
            for ids in torch.split(IDS, list(LENGTHS), dim=1)
        ]
        torch.cat(alone, dim=1).square().sum().backward()  # type: ignore[no-untyped-call] # torch's
    assert torch.allclose(together, torch.cat(alone, dim=1), atol=1e-4)
    for ours, theirs in zip(learnt, (p.grad for p in model.parameters()), strict=True):
        assert theirs is not None
        assert torch.allclose(ours, theirs, rtol=1e-3, atol=1e-2)


def test_rows_beside_each_other_are_kept_apart_too() -> None:
    with quiet_libraries():
        model = family("llama")
        attend_apart(model)
        once = logits(model, IDS, POSITIONS)
        twice = logits(model, torch.cat([IDS, IDS.flip(1)]), POSITIONS)
    assert torch.allclose(twice[:1], once, atol=1e-5)


def test_a_model_that_attends_to_a_window_keeps_its_own_attention(tmp_path: Path) -> None:
    with quiet_libraries():
        model = family("qwen2")
        model.config.layer_types = ["full_attention", "sliding_attention"]
        attend_apart(model)
    assert model.config._attn_implementation == "sdpa"
