"""Packed examples attend and learn as they do alone, in each supported family."""

from pathlib import Path

import pytest
import torch
from transformers import PreTrainedModel

from tests.trainer.export.test_gguf import family
from trainer.libraries import quiet_libraries
from trainer.training.packing import PACKED, use_packed_attention

LENGTHS = (5, 1, 9, 3)
IDS = torch.arange(10, 10 + sum(LENGTHS))[None]
POSITIONS = torch.cat([torch.arange(length) for length in LENGTHS])[None]


def logits(model: PreTrainedModel, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    inputs = {"input_ids": ids, "position_ids": positions, "use_cache": False}
    output: torch.Tensor = model.train()(**inputs).logits
    return output


@pytest.mark.parametrize("name", ["llama", "qwen2", "qwen3"])
def test_packed_examples_have_the_logits_and_gradients_of_separate_ones(name: str) -> None:
    with quiet_libraries():
        model = family(name)
        use_packed_attention(model)
        assert model.config._attn_implementation == PACKED
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


def test_rows_of_a_batch_do_not_attend_to_each_other() -> None:
    with quiet_libraries():
        model = family("llama")
        use_packed_attention(model)
        once = logits(model, IDS, POSITIONS)
        twice = logits(model, torch.cat([IDS, IDS.flip(1)]), POSITIONS)
    assert torch.allclose(twice[:1], once, atol=1e-5)


def test_a_model_with_sliding_window_attention_keeps_it(tmp_path: Path) -> None:
    with quiet_libraries():
        model = family("qwen2")
        model.config.layer_types = ["full_attention", "sliding_attention"]
        use_packed_attention(model)
    assert model.config._attn_implementation == "sdpa"
