"""The training loop: one run from a seed, which resumes from its last checkpoint."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from recipes.mini.model import document_mask, guidance_loss, keep_shared_direction, new_model
from recipes.mini.recipe import Recipe
from recipes.mini.rows import Batch, Rows

_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5


def train(
    rows: Rows, recipe: Recipe, folder: Path, on_step: Callable[[int, dict[str, float]], None]
) -> LlamaForCausalLM:
    """Train the model, or resume from the checkpoint in `folder`.

    Raises `ValueError` if the checkpoint is of another recipe.
    """
    model = new_model(recipe)
    optimisers = _optimisers(model, recipe)
    checkpoint = folder / "checkpoint.pt"
    start = _resume(checkpoint, model, optimisers, recipe)
    model.train()
    for step in range(start, recipe.steps):
        warm_up = min(1.0, (step + 1) / recipe.warm_up)
        decay = min(1.0, (recipe.steps - step) / (recipe.steps * recipe.decay))
        rates = (recipe.matrix_rate * warm_up * decay, recipe.vector_rate * warm_up * decay)
        for optimiser, rate in zip(optimisers, rates, strict=True):
            optimiser.param_groups[0]["lr"] = rate
        losses = _backward(model, rows.batch(step), _guidance_weight(step, recipe))
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        keep_shared_direction(model)
        on_step(step, losses)
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
            state = {
                "step": step + 1,
                "model": model.state_dict(),
                "optimisers": [optimiser.state_dict() for optimiser in optimisers],
                "recipe": asdict(recipe),
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return model


def _resume(
    path: Path, model: LlamaForCausalLM, optimisers: list[torch.optim.Optimizer], recipe: Recipe
) -> int:
    """Load a checkpoint, if there is one, and return the step to continue from."""
    if not path.exists():
        return 0
    state: dict[str, Any] = torch.load(path, weights_only=True)
    if state["recipe"] != asdict(recipe):
        raise ValueError(
            f"{path} is a checkpoint of another recipe. Choose another folder with --out, or "
            "delete the checkpoint."
        )
    model.load_state_dict(state["model"])
    for optimiser, saved in zip(optimisers, state["optimisers"], strict=True):
        optimiser.load_state_dict(saved)
    return int(state["step"])


def _guidance_weight(step: int, recipe: Recipe) -> float:
    if step < recipe.copying_steps:
        return recipe.copying_guidance
    return recipe.guidance if step < recipe.guided * recipe.steps else 0.0


def _backward(model: LlamaForCausalLM, batch: Batch, guidance: float) -> dict[str, float]:
    """Compute the gradients of a batch and return its losses."""
    maps: list[torch.Tensor] = []
    hidden = model.model(
        input_ids=batch.ids,
        attention_mask=document_mask(batch),
        position_ids=batch.positions,
        use_cache=False,
        maps=maps if guidance else None,
    ).last_hidden_state
    row, token = torch.nonzero(batch.weights > 0, as_tuple=True)
    logits = model.lm_head(hidden[row, token - 1])
    targets, weights = batch.ids[row, token], batch.weights[row, token]
    losses = functional.cross_entropy(logits, targets, reduction="none")
    text = (losses * weights).sum() / weights.sum()
    attention = guidance_loss(maps, batch) if guidance else text.new_zeros(())
    (text + guidance * attention).backward()  # type: ignore[no-untyped-call]
    with torch.no_grad():
        is_copied = batch.sources[row, token] >= 0
        hits = (logits.argmax(-1) == targets)[is_copied].float().mean()
    return {"loss": text.item(), "guidance": attention.item(), "copied": hits.item()}


def _optimisers(model: LlamaForCausalLM, recipe: Recipe) -> list[torch.optim.Optimizer]:
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    matrices = [p for name, p in trained if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in trained if p.ndim != 2 or "embed" in name]
    return [
        Muon(matrices, recipe.matrix_rate),
        torch.optim.AdamW(others, recipe.vector_rate, betas=(0.9, 0.98), weight_decay=0.0),
    ]


class Muon(torch.optim.Optimizer):
    """Muon in float32: Nesterov momentum, orthogonalised, for matrices only.

    torch's own Muon rounds to bfloat16, which is slow on a CPU without it. The iteration is the
    quintic Newton-Schulz of Keller Jordan's Muon (https://kellerjordan.github.io/posts/muon/).
    """

    def __init__(self, matrices: Iterable[torch.Tensor], rate: float, momentum: float = 0.95):
        """Optimise matrices at a learning rate."""
        super().__init__(list(matrices), {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Apply the gradients; matrices of the same shape are orthogonalised together."""
        del closure
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = {}
            for matrix in group["params"]:
                shapes.setdefault(matrix.shape, []).append(matrix)
            for shape, matrices in shapes.items():
                updates = [self._momentum(m, m.grad, group["momentum"]) for m in matrices]
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, update in zip(matrices, _orthogonal(torch.stack(updates)), strict=True):
                    matrix.add_(update, alpha=-rate)

    def _momentum(
        self, matrix: torch.Tensor, gradient: torch.Tensor | None, momentum: float
    ) -> torch.Tensor:
        state = self.state[matrix]
        if gradient is None:
            gradient = torch.zeros_like(matrix)
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(state["momentum"], momentum)


def _orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices (n, rows, columns) with their singular values brought near 1."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if is_tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    result: torch.Tensor = x.mT if is_tall else x
    return result
