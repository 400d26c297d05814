"""Does a loss, alone, lead a picture to where it is smaller?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def descend(
    loss: Callable[[Tensor], Tensor], image: Tensor, steps: int = 12, rate: float = 0.02
) -> tuple[float, float]:
    """A few steps of Adam on the picture itself -> the loss before and after."""
    x = image.clone().requires_grad_()
    optimiser = torch.optim.Adam([x], rate)
    first = loss(x).item()
    for _ in range(steps):
        optimiser.zero_grad()
        loss(x).backward()
        optimiser.step()
    return first, loss(x).item()


def pictures(side: int = 32, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Two different smooth pictures with some texture, (2, 3, side, side) in [0, 1]."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(4, 3, 4, 4, generator=generator)
    smooth = torch.nn.functional.interpolate(coarse, (side, side), mode="bilinear")
    a, b = (0.8 * smooth + 0.2 * torch.rand(4, 3, side, side, generator=generator)).chunk(2)
    return a, b
