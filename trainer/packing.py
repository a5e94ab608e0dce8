"""Attention among examples that lie end to end, each by itself, without a mask over all of them.

A library's attention on a CPU compares every token of such a row with every other and masks what
belongs to another example, which was a third of each step on short chats. Here the examples are
laid side by side for the attention alone.
"""

from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

APART = "examples_apart"
_FAMILIES = ("llama", "qwen2", "qwen3")


def attend_apart(model: PreTrainedModel) -> None:
    """Let a model on a CPU attend so, where its family attends to all that came before.

    Other families, and GPUs, keep their own attention, to the same result.
    """
    config: Any = model.config
    layers = set(getattr(config, "layer_types", None) or ("full_attention",))
    whole = layers == {"full_attention"} and config.model_type in _FAMILIES
    if model.device.type == "cpu" and whole and config._attn_implementation == "sdpa":
        AttentionInterface.register(APART, attention_apart)
        AttentionMaskInterface.register(APART, lambda *_, **__: None)
        model.set_attn_implementation(APART)


def attention_apart(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    _mask: torch.Tensor | None,
    **how: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention within each example; an example begins where its position is 0.

    Tensors are (rows, heads, tokens, size of a head) as transformers hands them over, with their
    `position_ids` (rows, tokens); the result is (rows, tokens, heads, size of a head).
    """
    rows, _, tokens, _ = query.shape
    position = how["position_ids"].expand(rows, tokens).reshape(-1)
    example = (position == 0).cumsum(0) - 1
    shape = int(example[-1]) + 1, int(position.max()) + 1
    place = example * shape[1] + position

    def side_by_side(tensor: torch.Tensor) -> torch.Tensor:
        flat = tensor.transpose(1, 2).flatten(0, 1)
        laid = flat.new_zeros(shape[0] * shape[1], *flat.shape[1:]).index_copy(0, place, flat)
        return laid.view(*shape, *flat.shape[1:]).transpose(1, 2)

    # what pads an example lies behind it, so that being causal hides it
    apart, _ = sdpa_attention_forward(
        module, side_by_side(query), side_by_side(key), side_by_side(value), None, **how
    )
    whole = apart.flatten(0, 1).index_select(0, place)
    return whole.view(rows, tokens, *whole.shape[1:]), None
