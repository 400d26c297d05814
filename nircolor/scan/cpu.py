"""The cross scan on a CPU: numba kernels behind a ``torch.autograd.Function``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor.scan import kernels, pool


def cross_scan_cpu(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """``reference.cross_scan_reference`` on the numba kernels: same arguments, same result to 1e-5, state in float32.

    Args:
        u: (b, H, W, d). delta: (b, H, W, 4, d). A: (4, d, N). B, C: (b, H, W, 4, N). D: (4, d). Any float type, on a CPU.

    Returns:
        y: (b, H, W, d), in the type of ``u``.
    """
    scanned: Tensor = _CrossScan.apply(*(x.float() for x in (u, delta, A, B, C)))  # type: ignore[no-untyped-call]
    return (scanned + D.float().sum(0) * u).to(u.dtype)


class _CrossScan(torch.autograd.Function):
    """Scan without the skip D u, which torch adds."""

    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        inputs = [u.contiguous(), delta.contiguous(), _log2_rows(A), B.contiguous(), C.contiguous()]
        y, states = _forward(*inputs, keep_states=any(ctx.needs_input_grad))
        ctx.save_for_backward(*inputs, states)
        return y

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        return _backward(*ctx.saved_tensors, grad_y.contiguous())


def _log2_rows(A: Tensor) -> Tensor:
    """(4, d, N) -> (4, N, d), times log2(e): what the kernels' 2^x needs."""
    return (A.transpose(1, 2) * 1.4426950408889634).contiguous()


def _block_size(channels: int) -> int:
    """The block that wastes the fewest lanes; of equal ones the largest."""
    return min(kernels.BLOCKS, key=lambda block: (-(-channels // block) * block, -block))


def _units(batch: int, channels: int, block: int) -> list[tuple[int, int, int]]:
    """(image, direction, block index): pieces of work that share nothing they write."""
    blocks = -(-channels // block)
    return [(b, k, i) for b in range(batch) for k in range(4) for i in range(blocks)]


def _pixels_in_line(*tensors: Tensor) -> list[NDArray[np.float32]]:
    """(b, H, W, ...) -> (b, H W, ...) arrays that share the tensors' memory."""
    return [x.flatten(1, 2).numpy() for x in tensors]


def _forward(
    u: Tensor, delta: Tensor, A2: Tensor, B: Tensor, C: Tensor, keep_states: bool
) -> tuple[Tensor, Tensor]:
    batch, height, width, d = u.shape
    P, N, block = height * width, A2.shape[1], _block_size(d)
    blocks, kept = -(-d // block), -(-P // kernels.CHUNK) if keep_states else 0
    y = u.new_empty(batch, 4, P, d)
    states = u.new_empty(batch, 4, blocks, kept, N, block)
    into, out = (A2.numpy(), *_pixels_in_line(B, C)), (y.numpy(), states.numpy())
    lines, kernel = _pixels_in_line(u, delta), kernels.forward_kernel(block)

    def work(units: list[tuple[int, int, int]]) -> None:
        scratch = torch.empty((2 * N + 3) * block).numpy()  # torch aligns to 64 bytes
        kernel(*lines, *into, *out, scratch, height, width, np.array(units))

    pool.run(work, _units(batch, d, block))
    return y.sum(1).view_as(u), states


def _backward(
    u: Tensor, delta: Tensor, A2: Tensor, B: Tensor, C: Tensor, states: Tensor, grad_y: Tensor
) -> tuple[Tensor, ...]:
    batch, height, width, d = u.shape
    P, N, blocks, block = height * width, A2.shape[1], states.shape[2], states.shape[5]
    grad_u, grad_delta = u.new_empty(batch, 4, P, d), torch.empty_like(delta)
    grad_A = u.new_empty(batch, 4, blocks, N, block)
    grad_B, grad_C = u.new_empty(batch, 4, blocks, P, N), u.new_empty(batch, 4, blocks, P, N)
    into = (*_pixels_in_line(u, delta), A2.numpy(), *_pixels_in_line(B, C), states.numpy(), *_pixels_in_line(grad_y))
    out = (grad_u.numpy(), *_pixels_in_line(grad_delta), grad_A.numpy(), grad_B.numpy(), grad_C.numpy())
    kernel = kernels.backward_kernel(block)

    def work(units: list[tuple[int, int, int]]) -> None:
        scratch = torch.empty(((2 * kernels.CHUNK + 4) * N + 5) * block).numpy()
        kernel(*into, *out, scratch, height, width, np.array(units))

    pool.run(work, _units(batch, d, block))
    grad_A_all = grad_A.sum(0).transpose(2, 3).reshape(4, blocks * block, N)[:, :d]
    grad_BC = [x.sum(2).transpose(1, 2).reshape(B.shape) for x in (grad_B, grad_C)]
    return grad_u.sum(1).view_as(u), grad_delta, grad_A_all, *grad_BC
