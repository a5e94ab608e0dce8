"""Attention that is guided while training: a few heads are clean_reply where to look.

A model this small does not find out by itself, in the steps it has, how to copy from its prompt.
In the first layer three heads are to look one, two and three tokens back; in the later layers a
head is to look at the very place in the passage that the next token of the answer comes from.
What results is an ordinary Llama model: nothing of this is needed to run it.
"""

from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, LlamaForCausalLM

from trainer.mini.rows import Batch

GUIDED = "timbre_guided"
_OFFSETS = ((0, 1), (1, 2), (2, 3))  # (head, tokens back) in layer 0
_COPYING = ((1, 0), (1, 1), (2, 0), (3, 0))  # (layer, head)
_FIRST = ((2, 1), (3, 0))  # heads that also find where an answer starts
_SMALLEST = 1e-6
_EMBEDDING_SIZE = 0.06
_COMMON, _COMMON_SIZE = 8, 4.0  # dimensions that all embeddings have in common; their size
_FREQUENCIES, _SHARPNESS = 12, 11.0  # rotations that tell neighbours apart, and by how much


def attend(
    module: nn.Module,
    *states: torch.Tensor,
    scaling: float,
    maps: list[torch.Tensor] | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Plain attention that appends its probabilities [rows, heads, tokens, tokens] to `maps`.

    `states` are query, key, value and mask, as transformers hands them over.
    """
    del module
    query, key, value, mask = states
    scores = torch.matmul(query * scaling, key.transpose(2, 3)) + mask
    seen = torch.softmax(scores, dim=-1)
    if maps is not None:
        maps.append(seen)
    return torch.matmul(seen, value).transpose(1, 2).contiguous(), None


def register() -> None:
    """Make `attend` known to transformers under the name `GUIDED`."""
    AttentionInterface.register(GUIDED, attend)


@torch.no_grad()
def look_back(model: LlamaForCausalLM) -> None:
    """Begin with heads of the first layer that look back by their offset.

    All embeddings get a direction in common (it moves all logits alike, so it says nothing); the
    heads' queries and keys read it alone and differ by the rotation of their offset.
    """
    common = slice(0, _COMMON)
    embedding = model.model.embed_tokens.weight
    embedding.normal_(std=_EMBEDDING_SIZE)
    keep_common(model)
    unit = embedding / embedding.pow(2).mean(1, keepdim=True).sqrt()
    strength = _SHARPNESS / unit[:, common].sum(1).mean()
    model.model.layers[0].input_layernorm.weight.requires_grad_(False)
    attention = model.model.layers[0].self_attn
    size, pairs = attention.head_dim, torch.arange(_FREQUENCIES)
    turns = model.model.rotary_emb.inv_freq[pairs]
    for head, back in _OFFSETS:
        rows = slice(head * size, (head + 1) * size)
        for matrix, angle in ((attention.q_proj, 0.0 * turns), (attention.k_proj, back * turns)):
            matrix.weight.requires_grad_(False)
            weight = matrix.weight[rows]
            weight.zero_()
            weight[pairs, common] = (strength * angle.cos())[:, None].expand(-1, _COMMON)
            weight[pairs + size // 2, common] = (strength * angle.sin())[:, None].expand(
                -1, _COMMON
            )


@torch.no_grad()
def hand_on(model: LlamaForCausalLM) -> None:
    """Begin with copying heads that hand on what they see: what they write is what they read."""
    for layer, head in sorted({*_COPYING, *_FIRST}):
        attention = model.model.layers[layer].self_attn
        rows = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
        value = attention.v_proj.weight[rows]
        nn.init.orthogonal_(value)
        attention.o_proj.weight[:, rows] = value.T


@torch.no_grad()
def keep_common(model: LlamaForCausalLM) -> None:
    """Keep the direction that all embeddings have in common, in proportion to each one's size."""
    embedding = model.model.embed_tokens.weight
    size = embedding[:, _COMMON:].pow(2).mean(1, keepdim=True).sqrt()
    embedding[:, :_COMMON] = _COMMON_SIZE * size


def mask(batch: Batch) -> torch.Tensor:
    """What a token may see, as 0 or -inf: what came before it in its own document."""
    same = batch.document.unsqueeze(1) == batch.document.unsqueeze(2)
    allowed = same & torch.ones(same.shape[1:], dtype=torch.bool).tril()
    return torch.zeros(same.shape).masked_fill(~allowed, float("-inf")).unsqueeze(1)


def loss(maps: list[torch.Tensor], batch: Batch) -> torch.Tensor:
    """How far the copying heads look from where they should: mean negative log attention."""
    row, token = torch.nonzero(batch.sources >= 0, as_tuple=True)
    total = maps[0].new_zeros(())
    if not len(row):
        return total
    source = batch.sources[row, token]
    begins = batch.sources[row, token - 1] < 0
    for places, wanted in ((_COPYING, ~begins), (_FIRST, begins)):
        r, t, s = row[wanted], token[wanted] - 1, source[wanted]
        for layer, head in places if len(r) else ():
            looked = maps[layer][r, head, t, s]
            total = total - looked.clamp(min=_SMALLEST).log().mean() / len(places)
    return total
