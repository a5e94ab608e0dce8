"""The training loop, which is reproducible from a seed and resumes from its last checkpoint."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from transformers import LlamaForCausalLM

from recipes.mini.model import document_mask, guidance_loss, keep_shared_direction, new_model
from recipes.mini.recipe import Recipe
from recipes.mini.rows import Batch, Rows

_A, _B, _C = 3.4445, -4.7750, 2.0315
_log = logging.getLogger(__name__)


def train(rows: Rows, recipe: Recipe, folder: Path) -> LlamaForCausalLM:
    """Train the model, or resume from the checkpoint in `folder`."""
    model = new_model(recipe)
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    muon = Muon(p for name, p in trained if p.ndim == 2 and "embed" not in name)
    others = [p for name, p in trained if p.ndim != 2 or "embed" in name]
    adamw = torch.optim.AdamW(others, betas=(0.9, 0.98), weight_decay=0.0)
    state: dict[str, Any] = {"model": model, "muon": muon, "adamw": adamw}
    checkpoint, start = folder / "checkpoint.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        start = saved["step"]
        for name, part in state.items():
            part.load_state_dict(saved[name])
    model.train()
    for step in range(start, recipe.steps):
        warm_up = min(1.0, (step + 1) / recipe.warm_up)
        decay = min(1.0, (recipe.steps - step) / (recipe.steps * recipe.decay))
        muon.param_groups[0]["lr"] = recipe.matrix_rate * warm_up * decay
        adamw.param_groups[0]["lr"] = recipe.vector_rate * warm_up * decay
        guidance = recipe.guidance if step < recipe.guided * recipe.steps else 0.0
        if step < recipe.copying_steps:
            guidance = recipe.copying_guidance
        losses = _backward(model, rows.batch(step), guidance)
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
        muon.step()
        adamw.step()
        model.zero_grad()
        keep_shared_direction(model)
        _log.info("step %d of %d: %s", step + 1, recipe.steps, losses)
        if (step + 1) % recipe.checkpoint_every == 0 or step + 1 == recipe.steps:
            new = {name: part.state_dict() for name, part in state.items()}
            torch.save({"step": step + 1, **new}, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return model


def _backward(model: LlamaForCausalLM, batch: Batch, guidance: float) -> dict[str, float]:
    """Compute the gradients of a batch and return its losses."""
    output = model.model(
        input_ids=batch.ids,
        attention_mask=document_mask(batch),
        position_ids=batch.positions,
        use_cache=False,
        output_attentions=guidance > 0,
    )
    row, token = torch.nonzero(batch.weights > 0, as_tuple=True)
    logits = model.lm_head(output.last_hidden_state[row, token - 1])
    weights = batch.weights[row, token]
    losses = functional.cross_entropy(logits, batch.ids[row, token], reduction="none")
    text = (losses * weights).sum() / weights.sum()
    attention = guidance_loss(output.attentions, batch) if guidance else text.new_zeros(())
    (text + guidance * attention).backward()  # type: ignore[no-untyped-call]
    return {"loss": text.item(), "guidance": attention.item()}


class Muon(torch.optim.Optimizer):
    """Muon in float32: orthogonalised Nesterov momentum, for matrices only.

    PyTorch's own Muon rounds to bfloat16, which is slow on CPUs without bfloat16 units. Updates are
    orthogonalised with the quintic Newton-Schulz iteration of Keller Jordan's Muon
    (https://kellerjordan.github.io/posts/muon/).
    """

    def __init__(self, matrices: Iterable[torch.Tensor], momentum: float = 0.95) -> None:
        """Set up the optimiser; the learning rate is the `lr` of its parameter group."""
        super().__init__(list(matrices), {"lr": 0.0, "momentum": momentum})

    @torch.no_grad()
    def step(self, _: None = None) -> None:  # type: ignore[override]
        """Update the matrices; updates of the same shape are orthogonalised together."""
        (group,) = self.param_groups
        shapes: dict[torch.Size, list[torch.Tensor]] = {}
        for matrix in group["params"]:
            shapes.setdefault(matrix.shape, []).append(matrix)
        for shape, matrices in shapes.items():
            updates = torch.stack([self._momentum(m, group["momentum"]) for m in matrices])
            rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
            for matrix, update in zip(matrices, _orthogonal(updates), strict=True):
                matrix.add_(update, alpha=-rate)

    def _momentum(self, matrix: torch.Tensor, momentum: float) -> torch.Tensor:
        gradient = torch.zeros_like(matrix) if matrix.grad is None else matrix.grad
        average: torch.Tensor = self.state[matrix].setdefault("momentum", torch.zeros_like(matrix))
        average.lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def _orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Bring the singular values of matrices (n, rows, columns) close to 1."""
    is_tall = matrices.shape[1] > matrices.shape[2]
    x: torch.Tensor = matrices.mT if is_tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(5):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    return x.transpose(1, 2) if is_tall else x
