"""The untrained model, and an auxiliary loss that teaches a few attention heads where to look.

Without help, a model this small can't learn to copy from its prompt in the available number of
steps. In the first layer, three heads look one, two and three tokens back. In the later layers,
some heads learn to attend to the token of the passage that the answer copies next. The result is a
standard Llama model that runs without any of this code.
"""

from dataclasses import asdict

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from recipes.mini.documents import BOS, EOS, PAD
from recipes.mini.recipe import Recipe
from recipes.mini.rows import Batch

_OFFSETS = ((0, 1), (1, 2), (2, 3))  # (head, tokens back) in layer 0
_COPYING = ((1, 0), (1, 1), (2, 0), (3, 0))  # (layer, head)
_FIRST = ((2, 1), (3, 0))  # heads that also locate the start of an answer
_EMBEDDING_SIZE = 0.06
_SHARED, _SHARED_SIZE = 8, 4.0  # dimensions shared by all embeddings; their size
_FREQUENCIES, _SHARPNESS = 12, 11.0  # rotations that distinguish neighbours, and how sharply


def new_model(recipe: Recipe) -> LlamaForCausalLM:
    """Create the untrained model, initialised with the seed in the recipe."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        **asdict(recipe.shape),
        rope_parameters={"rope_type": "default", "rope_theta": recipe.rope_theta},
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    model = LlamaForCausalLM(config)
    model.set_attn_implementation("eager")  # returns its probabilities
    with torch.no_grad():
        _set_offset_heads(model)
        for number, head in sorted({*_COPYING, *_FIRST}):  # these initially write what they read
            layer = model.model.layers[number].self_attn
            rows = slice(head * layer.head_dim, (head + 1) * layer.head_dim)
            layer.o_proj.weight[:, rows] = nn.init.orthogonal_(layer.v_proj.weight[rows]).T
    return model


def _set_offset_heads(model: LlamaForCausalLM) -> None:
    """Make heads in the first layer look back by a fixed offset, and freeze them.

    All embeddings share a direction that shifts all logits equally and so carries no information.
    In the frozen heads, queries and keys read only the shared direction, and differ by a rotation
    that matches the head's offset.
    """
    embedding = model.model.embed_tokens.weight
    embedding.normal_(std=_EMBEDDING_SIZE)
    keep_shared_direction(model)
    unit = embedding / embedding.pow(2).mean(1, keepdim=True).sqrt()
    strength = _SHARPNESS / unit[:, :_SHARED].sum(1).mean()
    model.model.layers[0].input_layernorm.weight.requires_grad_(False)
    layer = model.model.layers[0].self_attn
    size, pairs = layer.head_dim, torch.arange(_FREQUENCIES)
    turns = model.model.rotary_emb.inv_freq[pairs, None]
    for head, back in _OFFSETS:
        for matrix, angle in ((layer.q_proj, 0.0 * turns), (layer.k_proj, back * turns)):
            matrix.weight.requires_grad_(False)
            weight = matrix.weight[head * size : (head + 1) * size]
            weight.zero_()
            weight[pairs, :_SHARED] = strength * angle.cos()
            weight[pairs + size // 2, :_SHARED] = strength * angle.sin()


@torch.no_grad()
def keep_shared_direction(model: LlamaForCausalLM) -> None:
    """Restore the component that all embeddings share, in proportion to each one's size."""
    embedding = model.model.embed_tokens.weight
    size = embedding[:, _SHARED:].pow(2).mean(1, keepdim=True).sqrt()
    embedding[:, :_SHARED] = _SHARED_SIZE * size


def document_mask(batch: Batch) -> torch.Tensor:
    """Return an attention mask (0 or -inf) that hides later tokens and other documents."""
    same = batch.document.unsqueeze(1) == batch.document.unsqueeze(2)
    allowed = same & torch.ones(same.shape[1:], dtype=torch.bool).tril()
    return torch.zeros(same.shape).masked_fill(~allowed, float("-inf")).unsqueeze(1)


def guidance_loss(maps: list[torch.Tensor], batch: Batch) -> torch.Tensor:
    """Compute the mean negative log attention of the copying heads to the tokens to be copied."""
    row, token = torch.nonzero(batch.sources >= 0, as_tuple=True)
    total = maps[0].new_zeros(())
    source = batch.sources[row, token]
    starts = batch.sources[row, token - 1] < 0
    for heads, chosen in ((_COPYING, ~starts), (_FIRST, starts)):
        r, t, s = row[chosen], token[chosen] - 1, source[chosen]
        for layer, head in heads if len(r) else ():
            weight = maps[layer][r, head, t, s]
            total = total - weight.clamp(min=1e-6).log().mean() / len(heads)
    return total
