"""The cross scan on mamba-ssm's CUDA kernel (extra ``nircolor[mamba]``). Importing this imports mamba_ssm."""

from __future__ import annotations

import torch
from mamba_ssm.ops.selective_scan_interface import selective_scan_fn
from torch import Tensor

from nircolor.scan.reference import scan_order


def cross_scan_mamba(u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """``reference.cross_scan_reference`` as four calls of ``selective_scan_fn``: same arguments, same result.

    That kernel runs along the last axis, so each direction is a transposed copy, (b, d, L), of the image.

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d). bias: (4, d). A: (4, d, N). B, C: (b, H, W, 4, N). D: (4, d).
            float32, bfloat16 or float16, on one CUDA device.

    Returns:
        y: (b, H, W, d), in the type of ``u``.
    """
    order = scan_order(u.shape[1], u.shape[2], u.device)
    A, D, bias = A.float(), D.float(), bias.float()
    y = torch.zeros_like(u, memory_format=torch.contiguous_format).flatten(1, 2)
    for k, path in enumerate(order):
        maps = (u, steps[:, k], B[..., k, :], C[..., k, :])
        x, delta, into, out = (m.flatten(1, 2)[:, path].transpose(1, 2).to(u.dtype).contiguous() for m in maps)
        scanned = selective_scan_fn(
            x, delta, A[k], into, out, D[k], delta_bias=bias[k], delta_softplus=True
        )  # (b, d, L)
        y = y.index_add(1, path, scanned.transpose(1, 2))
    return y.view(u.shape)
