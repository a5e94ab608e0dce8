"""The training itself: one run from a seed, counted in steps, that goes on where it stopped."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM

from trainer.mini import guidance
from trainer.mini.optimiser import Muon
from trainer.mini.recipe import Recipe
from trainer.mini.rows import Batch, Rows
from trainer.mini.tokenizer import BOS, EOS, PAD

Report = Callable[[int, dict[str, float]], None]


def new_model(recipe: Recipe) -> LlamaForCausalLM:
    """The untrained model, by the recipe's seed."""
    torch.manual_seed(recipe.seed)
    shape = recipe.shape
    guidance.register()
    config = LlamaConfig(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        head_dim=shape.head_size,
        max_position_embeddings=shape.context,
        rope_parameters={"rope_type": "default", "rope_theta": shape.rotation_base},
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
    )
    model = LlamaForCausalLM(config)
    model.set_attn_implementation(guidance.GUIDED)
    guidance.look_back(model)
    guidance.hand_on(model)
    return model


def train(rows: Rows, recipe: Recipe, folder: Path, report: Report) -> LlamaForCausalLM:
    """The trained model; checkpoints lie in `folder`, and the last one is gone on from."""
    model = new_model(recipe)
    optimisers = _optimisers(model, recipe)
    start = _restore(folder / "checkpoint.pt", model, optimisers, recipe)
    model.train()
    for step in range(start, recipe.steps):
        for optimiser, rate in zip(optimisers, _rates(step, recipe), strict=True):
            optimiser.param_groups[0]["lr"] = rate
        losses = _backward(model, rows.batch(step), _weight(step, recipe))
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        guidance.keep_common(model)
        report(step, losses)
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
            _keep(folder / "checkpoint.pt", step + 1, model, optimisers, recipe)
    return model


def _optimisers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    layers = [p for n, p in trained if p.ndim == 2 and "embed" not in n]
    others = [p for n, p in trained if p.ndim != 2 or "embed" in n]
    return [
        Muon(layers, recipe.matrix_rate),
        torch.optim.AdamW(others, recipe.vector_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


def _rates(step: int, recipe: Recipe) -> tuple[float, float]:
    up = min(1.0, (step + 1) / recipe.warm_up)
    down = min(1.0, (recipe.steps - step) / (recipe.steps * recipe.decay))
    return recipe.matrix_rate * up * down, recipe.vector_rate * up * down


def _weight(step: int, recipe: Recipe) -> float:
    if step < recipe.copying_steps:
        return recipe.copying_guidance
    return recipe.guidance if step < recipe.guided * recipe.steps else 0.0


def _backward(model: LlamaForCausalLM, batch: Batch, weight: float) -> dict[str, float]:
    maps: list[torch.Tensor] = []
    hidden = model.model(
        input_ids=batch.ids,
        attention_mask=guidance.mask(batch),
        position_ids=batch.positions,
        use_cache=False,
        maps=maps if weight else None,
    ).last_hidden_state
    row, token = torch.nonzero(batch.weights > 0, as_tuple=True)
    logits = model.lm_head(hidden[row, token - 1])
    wanted, weights = batch.ids[row, token], batch.weights[row, token]
    losses = functional.cross_entropy(logits, wanted, reduction="none")
    text = (losses * weights).sum() / weights.sum()
    guided = guidance.loss(maps, batch) if weight else text.new_zeros(())
    (text + weight * guided).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        copied = batch.sources[row, token] >= 0
        hits = (logits.argmax(-1) == wanted)[copied].float().mean()
    return {"loss": text.item(), "guidance": guided.item(), "copied": hits.item()}


def _keep(
    path: Path,
    step: int,
    model: LlamaForCausalLM,
    optimisers: list[torch.optim.Optimizer],
    recipe: Recipe,
) -> None:
    state = {
        "step": step,
        "model": model.state_dict(),
        "optimisers": [o.state_dict() for o in optimisers],
        "recipe": asdict(recipe),
    }
    fresh = path.with_suffix(".new")
    torch.save(state, fresh)
    fresh.replace(path)


def _restore(
    path: Path, model: LlamaForCausalLM, optimisers: list[torch.optim.Optimizer], recipe: Recipe
) -> int:
    if not path.exists():
        return 0
    state: dict[str, Any] = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise ValueError(
            f"found a checkpoint of another recipe in {path}, expected one of this recipe; "
            "name another folder with --out, or delete the checkpoint"
        )
    model.load_state_dict(state["model"])
    for optimiser, kept in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(kept)
    return int(state["step"])
