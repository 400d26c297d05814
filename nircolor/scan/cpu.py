"""The cross scan on a CPU: numba kernels behind a ``torch.autograd.Function``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor.scan import kernels
from nircolor.threads import spread

Array = NDArray[Any]


def cross_scan_cpu(u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """``reference.cross_scan_reference`` on the numba kernels: same arguments, same result to 1e-5, state in float32.

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d). bias: (4, d). A: (4, d, N). B, C: (b, H, W, 4, N). D: (4, d).
            Any float type, on a CPU.

    Returns:
        y: (b, H, W, d), in the type of ``u``.
    """
    half = all(x.dtype == torch.bfloat16 for x in (u, steps, B, C))  # the kernels read it as it is
    maps = (x if half else x.float() for x in (u, steps, B, C))
    y: Tensor = _CrossScan.apply(*maps, *(x.float() for x in (bias, A, D)))  # type: ignore[no-untyped-call]
    return y.to(u.dtype)


class _CrossScan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, steps: Tensor, B: Tensor, C: Tensor, bias: Tensor, A: Tensor, D: Tensor) -> Tensor:
        # The kernels' 2^x wants A times log2(e), and its channels last.
        A2 = (A.transpose(1, 2) * 1.4426950408889634).contiguous()  # (4, N, d)
        inputs = [x.contiguous() for x in (u, steps, bias, A2, B, C, D)]
        y, states = _forward(any(ctx.needs_input_grad), *inputs)
        ctx.save_for_backward(*inputs, states)
        return y

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, ...]:
        *inputs, states = ctx.saved_tensors
        u, steps, bias, A, B, C, D = _backward(grad_y.contiguous(), states, *inputs)
        return u, steps, B, C, bias, A, D


def array(x: Tensor) -> Array:
    """The memory of a tensor as numpy and numba know it: bfloat16 as uint16."""
    return x.view(torch.uint16).numpy() if x.dtype == torch.bfloat16 else x.numpy()


def _block_size(channels: int) -> int:
    """The block that wastes the fewest lanes; of equal ones the largest."""
    return min(kernels.BLOCKS, key=lambda block: (-(-channels // block) * block, -block))


def _units(batch: int, channels: int, block: int) -> list[tuple[int, int, int]]:
    """(image, direction, block index): pieces of work that share nothing they write."""
    blocks = -(-channels // block)
    return [(b, k, i) for b in range(batch) for k in range(4) for i in range(blocks)]


def _arrays(u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor) -> list[Array]:
    """The kernels' view of the inputs: pixels in one line, memory shared with the tensors."""
    u, B, C, steps = u.flatten(1, 2), B.flatten(1, 2), C.flatten(1, 2), steps.flatten(2, 3)
    return [array(x) for x in (u, steps, bias, A2, B, C, D)]


def _forward(
    keep_states: bool, u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, Tensor]:
    batch, height, width, d = u.shape
    P, N, block = height * width, A2.shape[1], _block_size(d)
    blocks, kept = -(-d // block), -(-P // kernels.CHUNK) if keep_states else 0
    y = torch.empty(batch, 4, P, d)
    states = torch.empty(batch, 4, blocks, kept, N, block)
    into, out = _arrays(u, steps, bias, A2, B, C, D), (y.numpy(), states.numpy())
    kernel = kernels.forward_kernel(block)

    def work(units: list[tuple[int, int, int]]) -> None:
        scratch = torch.empty((2 * N + 5) * block).numpy()  # torch aligns to 64 bytes
        kernel(*into, *out, scratch, height, width, np.array(units))

    spread(work, _units(batch, d, block), torch.get_num_threads())
    return y.sum(1).view_as(u).to(u.dtype), states


def _backward(
    grad_y: Tensor, states: Tensor, u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, ...]:
    batch, height, width, d = u.shape
    P, N, blocks, block = height * width, A2.shape[1], states.shape[2], states.shape[5]
    grad_u, grad_steps = torch.empty(batch, 4, P, d), torch.empty_like(steps)
    grad_rows = torch.empty(batch, 4, blocks, N + 2, block)
    grad_B, grad_C = torch.empty(2, batch, 4, blocks, P, N).unbind(0)
    into = (*_arrays(u, steps, bias, A2, B, C, D), states.numpy(), array(grad_y.flatten(1, 2)))
    out = [array(x) for x in (grad_u, grad_steps.flatten(2, 3), grad_rows, grad_B, grad_C)]
    kernel = kernels.backward_kernel(block)

    def work(units: list[tuple[int, int, int]]) -> None:
        scratch = torch.empty(((2 * kernels.CHUNK + 4) * N + 9) * block).numpy()
        kernel(*into, *out, scratch, height, width, np.array(units))

    spread(work, _units(batch, d, block), torch.get_num_threads())
    rows = grad_rows.sum(0).transpose(1, 2).reshape(4, N + 2, blocks * block)[..., :d]  # (4, N + 2, d)
    of_B, of_C = (x.sum(2).transpose(1, 2).reshape(B.shape).to(B.dtype) for x in (grad_B, grad_C))
    of_u = grad_u.sum(1).view_as(u).to(u.dtype)
    return of_u, grad_steps, rows[:, N], rows[:, :N].transpose(1, 2), of_B, of_C, rows[:, N + 1]
