"""The norm of each pixel over its channels, what scales and shifts it, and the SiLU behind it, in one call.

The networks here spend much of a training step between convolutions, in maps of few channels at full size. On a CPU
the whole of it is one numba kernel forward and one backward, which recomputes instead of keeping what lies between.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from nircolor.threads import spread

EPSILON = 1e-5
KERNEL_TYPES = frozenset({torch.float32, torch.bfloat16})
WIDE = 64  # channels from which on torch's layer norm keeps up


def channel_norm(x: Tensor, modulation: Tensor, base: float = 0.0, silu: bool = False, kernel: str = "auto") -> Tensor:
    """f((base + scale) * norm(x) + shift); norm gives each pixel mean 0 and variance 1 over its channels, f is SiLU or
    nothing.

    Args:
        x: (b, C, H, W), of any memory layout; channels-last is not copied.
        modulation: (b, 2 C, H, W) or, for all pixels the same, (1, 2 C, 1, 1): scale, then shift.
        base: 0, or 1 where a scale of 0 shall be neutral, as in SPADE.
        kernel: ``numba``, on a CPU, float32 or bfloat16; ``reference``; ``auto``: numba where it pays.

    Returns:
        (b, C, H, W), in the type of x, channels-last. Differentiable once by numba.
    """
    if kernel == "reference" or (kernel == "auto" and not _pays(x, modulation)):
        return channel_norm_reference(x, modulation, base, silu)
    return _ChannelNorm.apply(x, modulation, base, silu)  # type: ignore[no-any-return, no-untyped-call]


def _pays(x: Tensor, modulation: Tensor) -> bool:
    """Whether the kernels can, and are faster than torch, which is good at wide rows with one scale for all."""
    can = x.device.type == "cpu" and {x.dtype, modulation.dtype} <= KERNEL_TYPES and x.numel() > 0
    return can and (x.shape[1] <= WIDE or modulation.shape[2:] != (1, 1))


def channel_norm_reference(x: Tensor, modulation: Tensor, base: float = 0.0, silu: bool = False) -> Tensor:
    """``channel_norm`` in plain torch, in any float type, on any device."""
    rows, size = x.permute(0, 2, 3, 1), (x.shape[1],)
    scale, shift = modulation.chunk(2, 1)
    if modulation.shape[0] == modulation[0, 0].numel() == 1:
        y = F.layer_norm(rows, size, base + scale.flatten(), shift.flatten(), EPSILON).permute(0, 3, 1, 2)
    else:
        normal = F.layer_norm(rows, size, eps=EPSILON).permute(0, 3, 1, 2)
        y = (normal * (base + scale) + shift).to(x.dtype)
    return F.silu(y) if silu else y


class _ChannelNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, modulation: Tensor, base: float, silu: bool) -> Tensor:
        rows, scales = _rows(x), _rows(modulation)
        ctx.save_for_backward(rows, scales)
        ctx.shapes, ctx.base, ctx.silu = (x.shape, modulation.shape), base, silu
        return _map(_forward(rows, scales, base, silu), x.shape)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, modulation = ctx.saved_tensors
        grads = _backward(x, modulation, _rows(grad_y), ctx.base, ctx.silu)
        of_x, of_modulation = (_map(grad, shape) for grad, shape in zip(grads, ctx.shapes, strict=True))
        return of_x, of_modulation, None, None


def _forward(x: Tensor, modulation: Tensor, base: float, silu: bool) -> Tensor:
    from nircolor.model import norm_kernels as kernels

    y = torch.empty_like(x)
    _run(kernels.forward, x, modulation, base, silu, [y])
    return y


def _backward(x: Tensor, modulation: Tensor, grad_y: Tensor, base: float, silu: bool) -> tuple[Tensor, Tensor]:
    from nircolor.model import norm_kernels as kernels

    grad_x, grad_modulation = torch.empty_like(x), torch.empty_like(modulation)
    sums = torch.empty(-(-len(x) // kernels.UNIT), modulation.shape[1])
    _run(kernels.backward, x, modulation, base, silu, [grad_y.to(x.dtype), grad_x, grad_modulation, sums])
    return grad_x, grad_modulation if len(modulation) > 1 else sums.sum(0, keepdim=True).to(modulation.dtype)


def _run(kernel: Any, x: Tensor, modulation: Tensor, base: float, silu: bool, others: list[Tensor]) -> None:
    """The kernel on all units of x, divided among threads."""
    from nircolor.model.norm_kernels import TILE, UNIT
    from nircolor.scan.cpu import array

    into, out = [array(x), array(modulation), np.float32(base), silu], [array(y) for y in others]

    def work(units: list[tuple[int, int]]) -> None:
        scratch = torch.empty((2 * x.shape[1] + 8) * TILE).numpy()  # torch aligns to 64 bytes
        kernel(*into, scratch, np.array(units), *out)

    spread(work, list(enumerate(range(0, len(x), UNIT))), torch.get_num_threads())


def _rows(x: Tensor) -> Tensor:
    """(b, C, H, W) -> (b H W, C), pixels in a line; a view of channels-last memory."""
    return x.detach().permute(0, 2, 3, 1).reshape(-1, x.shape[1]).contiguous()


def _map(rows: Tensor, shape: torch.Size) -> Tensor:
    b, channels, height, width = shape
    return rows.view(b, height, width, channels).permute(0, 3, 1, 2)
