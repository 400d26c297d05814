"""Muon (Jordan et al. 2024): steps whose matrices have all singular values near 1, with AdamW for what is no matrix.

A gradient's few large singular values teach a network tone; the many small ones teach it what things are. Muon gives
all the same weight. Measured against AdamW in docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic iteration: singular values end between 0.7 and 1.2, which is enough, after five rounds."""
ROUNDS = 5
LEAST = 8
"""Rows and columns below which a kernel is left to AdamW: an orthogonal matrix of few rows has no room to learn."""
NO_MATRIX = ("A_log", "_bias.", "stem.", "head.")
"""Parts of names: decays of the scan and position biases are no products; first and last layers are left to AdamW."""


class Muon(torch.optim.Optimizer):
    """Muon for matrices and kernels, AdamW for everything else, under one learning rate.

    torch's own Muon takes matrices alone; a kernel (O, I, h, w) is one of O rows here, and (n, O, I) are n of them.
    On matrices the two are equal (tested).

    Args:
        named: parameters to train; names decide which of them are matrices. rate: of AdamW.
        matrix_rate: of matrices, as a multiple of ``rate``. decay: of matrices and kernels, decoupled, times ``rate``.
        momentum: of matrices (Nesterov). betas: of AdamW.
        gentle: more parameters, all for AdamW, without decay, and the share of ``rate`` at which they learn.
    """

    def __init__(
        self,
        named: Sequence[tuple[str, nn.Parameter]],
        rate: float,
        matrix_rate: float,
        decay: float,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
        gentle: tuple[Sequence[nn.Parameter], float] = ((), 1.0),
    ) -> None:
        matrices = [p for name, p in named if is_matrix(name, p)]
        kernels = [p for name, p in named if not is_matrix(name, p) and p.ndim >= 2]
        rest = [p for _, p in named if p.ndim < 2]
        groups = [
            {"params": matrices, "weight_decay": decay, "matrix": True},
            {"params": kernels, "weight_decay": decay, "matrix": False},
            {"params": rest, "weight_decay": 0.0, "matrix": False},
            {"params": gentle[0], "weight_decay": 0.0, "matrix": False, "share": gentle[1]},
        ]
        defaults = {"lr": rate, "matrix_rate": matrix_rate, "momentum": momentum, "betas": betas}
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One update from the gradients that are there; ``closure`` is not used."""
        for group in self.param_groups:
            update = self._turn if group["matrix"] else self._adam
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    update(parameter, self._state(parameter, group), group)

    def _state(self, parameter: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Moments under AdamW's names, so that a checkpoint holds both alike; a matrix has no second one."""
        state: dict[str, Any] = self.state[parameter]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(parameter)
            if not group["matrix"]:
                state["exp_avg_sq"] = torch.zeros_like(parameter)
        state["step"] += 1
        return state

    @staticmethod
    def _turn(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        momentum, mean = group["momentum"], state["exp_avg"]
        mean.lerp_(parameter.grad, 1 - momentum)
        ahead = parameter.grad.lerp(mean, momentum)  # type: ignore[union-attr]
        turned = orthogonal(as_matrices(ahead)).to(parameter.dtype)
        tall = max(1.0, turned.shape[-2] / turned.shape[-1]) ** 0.5
        parameter.sub_(turned.reshape(parameter.shape), alpha=group["lr"] * group["matrix_rate"] * tall)

    @staticmethod
    def _adam(parameter: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        mean, square, steps = state["exp_avg"], state["exp_avg_sq"], float(state["step"])
        mean.lerp_(parameter.grad, 1 - beta1)
        square.lerp_(parameter.grad.square(), 1 - beta2)  # type: ignore[union-attr]
        scale = (square / (1 - beta2**steps)).sqrt_().add_(1e-8)
        parameter.addcdiv_(mean, scale, value=-group["lr"] / (1 - beta1**steps))


def is_matrix(name: str, parameter: Tensor) -> bool:
    """Whether Muon trains it: a product of at least ``LEAST`` rows and columns that mixes channels."""
    if parameter.ndim < 2 or any(part in name for part in NO_MATRIX):
        return False
    return min(as_matrices(parameter.detach()).shape[-2:]) >= LEAST and _mixes(parameter)


def _mixes(parameter: Tensor) -> bool:
    return parameter.ndim != 4 or parameter.shape[1] > 1  # a depthwise kernel mixes none


def as_matrices(x: Tensor) -> Tensor:
    """(O, I) and (n, O, I) as they are; a kernel (O, I, h, w) as (O, I h w)."""
    return x.flatten(1) if x.ndim == 4 else x


def orthogonal(x: Tensor) -> Tensor:
    """(..., m, n) -> bf16 of the same singular vectors, its singular values all near 1 (Newton-Schulz iteration)."""
    a, b, c = COEFFICIENTS
    y = x.bfloat16().reshape(-1, *x.shape[-2:])
    upright = y.shape[-2] > y.shape[-1]
    y = y.mT if upright else y
    y = y / y.norm(dim=(-2, -1), keepdim=True).clamp_min(1e-7)
    for _ in range(ROUNDS):
        gram = y @ y.mT
        y = torch.baddbmm(y, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), y, beta=a)
    return (y.mT if upright else y).reshape(x.shape)
