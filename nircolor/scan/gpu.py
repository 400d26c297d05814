"""The cross scan on a GPU: Triton kernels behind a ``torch.autograd.Function``. Importing this imports triton."""

from __future__ import annotations

from typing import Any

import torch
import triton
from torch import Tensor
from torch.autograd.function import once_differentiable

from nircolor.scan import triton_kernels as kernels


def cross_scan_triton(u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """``reference.cross_scan_reference`` on the Triton kernels: same arguments, same result to 1e-5, state in float32.

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d). bias: (4, d). A: (4, d, N). B, C: (b, H, W, 4, N). D: (4, d).
            float32, bfloat16 or float16, on one CUDA device (or on a CPU where TRITON_INTERPRET=1 is set).

    Returns:
        y: (b, H, W, d), in the type of ``u``. Gradients have the types of what they belong to. Both are reproducible.
    """
    A2 = A.float().transpose(1, 2) * 1.4426950408889634  # (4, N, d); the kernels' 2^x wants A log2(e)
    y: Tensor = _CrossScan.apply(u, steps, bias.float(), A2, B, C, D.float())  # type: ignore[no-untyped-call]
    return y


class _CrossScan(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor
    ) -> Tensor:
        u, steps, bias, A2, D = (x.contiguous() for x in (u, steps, bias, A2, D))
        with torch.cuda.device_of(u):  # type: ignore[no-untyped-call]
            y, states, totals = _forward(u, steps, bias, A2, B, C, D)
        ctx.save_for_backward(u, steps, bias, A2, B, C, D, states, totals)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_y: Tensor) -> tuple[Tensor, ...]:
        *inputs, states, totals = ctx.saved_tensors
        with torch.cuda.device_of(grad_y):  # type: ignore[no-untyped-call]
            return _backward(grad_y.contiguous(), states, totals, *inputs)


def _forward(
    u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """y; and for the backward pass the states that enter the segments and the segments' sums of steps."""
    b, height, width, d = u.shape
    size, options = _size(A2, height, width), _options(A2)
    N, segments = A2.shape[1], size[-1]
    programs = _programs(b, d)
    B, C = _pixels(B), _pixels(C)
    states, totals = bias.new_zeros(b, 4, segments, N, d), bias.new_empty(b, 4, segments, d)
    y = u.new_empty(steps.shape)  # a direction each: summed below, in a fixed order
    if segments > 1:
        run = kernels.local_states[(programs * segments,)]
        run(u, steps, bias, A2, B, states, totals, *size, *B.stride()[:3], **options)
        kernels.join[(programs,)](A2, states, totals, d, N, segments, BACKWARD=False, **options)
    run = kernels.outputs[(programs * segments,)]
    run(u, steps, bias, A2, B, C, D, states, y, *size, *B.stride()[:3], *C.stride()[:3], **options)
    return y.sum(1), states, totals


def _backward(
    grad_y: Tensor, states: Tensor, totals: Tensor,
    u: Tensor, steps: Tensor, bias: Tensor, A2: Tensor, B: Tensor, C: Tensor, D: Tensor,
) -> tuple[Tensor, ...]:  # fmt: skip
    """Gradients of u, steps, bias, A2, B, C and D."""
    b, height, width, d = u.shape
    size, options = _size(A2, height, width), _options(A2)
    N, segments = A2.shape[1], size[-1]
    programs = _programs(b, d)
    B, C = _pixels(B), _pixels(C)
    carries, rows = torch.zeros_like(states), states.new_empty(b, 4, segments, N + 2, d)
    grad_u, grad_steps = u.new_empty(steps.shape), torch.empty_like(steps)
    grad_B, grad_C = states.new_empty(2, programs // (4 * b), *B.shape).unbind(0)  # a block of channels each
    if segments > 1:
        run = kernels.local_carries[(programs * segments,)]
        run(grad_y, steps, bias, A2, C, carries, *size, *C.stride()[:3], **options)
        kernels.join[(programs,)](A2, carries, totals, d, N, segments, BACKWARD=True, **options)
    into = (u, steps, bias, A2, B, C, D, states, carries, grad_y)
    out = (grad_u, grad_steps, rows, grad_B, grad_C)
    run = kernels.gradients[(programs * segments,)]
    run(*into, *out, b, *size, *B.stride()[:3], *C.stride()[:3], **options)
    of_rows = rows.sum((0, 2))  # (4, N + 2, d)
    of_B, of_C = (of.sum(0).view(b, height, width, 4, N).to(x.dtype) for of, x in ((grad_B, B), (grad_C, C)))
    return grad_u.sum(1), grad_steps, of_rows[:, N], of_rows[:, :N], of_B, of_C, of_rows[:, N + 1]


def _size(A2: Tensor, height: int, width: int) -> tuple[int, int, int, int, int]:
    """d, N, height, width and the number of segments."""
    return A2.shape[2], A2.shape[1], height, width, -(-height * width // kernels.CHUNK.value)


def _programs(images: int, d: int) -> int:
    """Blocks of channels times directions times images."""
    block: int = kernels.BLOCK_D.value
    return images * 4 * -(-d // block)


def _options(A2: Tensor) -> dict[str, Any]:
    return {"BLOCK_N": triton.next_power_of_2(A2.shape[1]), "num_warps": 1, "enable_fp_fusion": True}


def _pixels(x: Tensor) -> Tensor:
    """(b, H, W, 4, N) -> (b, P, 4, N), a view where pixels are evenly spaced, as in a part of a projection."""
    x = x.flatten(1, 2)
    return x if x.stride(-1) == 1 else x.contiguous()
