"""Muon in float32: momentum whose matrices are made orthogonal before they are applied.

torch's own Muon rounds to bfloat16, which a CPU without it emulates slowly. The iteration is the
quintic Newton-Schulz of Keller Jordan's Muon (https://kellerjordan.github.io/posts/muon/).
"""

from collections.abc import Iterable

import torch

_A, _B, _C = 3.4445, -4.7750, 2.0315
_ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; for matrices only, those of one shape in one product."""

    def __init__(self, matrices: Iterable[torch.Tensor], rate: float, momentum: float = 0.95):
        """Optimise matrices at a learning rate."""
        super().__init__(list(matrices), {"lr": rate, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Apply the gradients."""
        del closure
        for group in self.param_groups:
            shapes: dict[torch.Size, list[torch.Tensor]] = {}
            for matrix in group["params"]:
                shapes.setdefault(matrix.shape, []).append(matrix)
            for shape, matrices in shapes.items():
                updates = [self._momentum(m, m.grad, group["momentum"]) for m in matrices]
                rate = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for matrix, update in zip(matrices, orthogonal(torch.stack(updates)), strict=True):
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


def orthogonal(matrices: torch.Tensor) -> torch.Tensor:
    """Matrices [n, rows, columns] with their singular values brought near 1."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_ITERATIONS):
        gram = x @ x.mT
        x = _A * x + (_B * gram + _C * gram @ gram) @ x
    result: torch.Tensor = x.mT if tall else x
    return result
