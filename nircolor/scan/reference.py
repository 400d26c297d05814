"""The selective scan of Mamba in plain torch: the definition every fast path is compared with.

Letters, as in the papers (ColorMamba eq. 1-3): u is the input, delta the step, A the state matrix (diagonal), B and C
the input and output projections, D the skip; batch b, length L, channels d, state size N.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def selective_scan_reference(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """One direction, one step after another.

    h_t = exp(delta_t A) h_{t-1} + delta_t B_t u_t,   y_t = <C_t, h_t> + D u_t,   h_{-1} = 0.

    Args:
        u, delta: (b, L, d); delta is positive (softplus already applied).
        A: (d, N), negative. B, C: (b, L, N). D: (d,).

    Returns:
        y: (b, L, d), in the type of ``u``. The input matrix uses the Euler step delta B, as Mamba's own kernel does,
        instead of the full zero-order hold of eq. 2.
    """
    state = u.new_zeros(u.shape[0], u.shape[2], A.shape[1])  # (b, d, N)
    outputs = []
    # unbind, not u[:, t]: the gradient of each slice would be a tensor of the whole length.
    for u_t, delta_t, B_t, C_t in zip(*(x.unbind(1) for x in (u, delta, B, C)), strict=True):
        decay = torch.exp(delta_t[:, :, None] * A)  # (b, d, N)
        drive = (delta_t * u_t)[:, :, None] * B_t[:, None, :]  # (b, d, N)
        state = decay * state + drive
        outputs.append((state * C_t[:, None, :]).sum(-1))  # (b, d)
    return torch.stack(outputs, dim=1) + D * u


def scan_order(height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """The four scan paths over an image as pixel indices.

    Returns:
        (4, H*W) int64: along the rows, along the columns, and both backwards (ColorMamba section 3.1).
    """
    rows = torch.arange(height * width, device=device)
    columns = rows.view(height, width).t().reshape(-1)
    return torch.stack([rows, columns, rows.flip(0), columns.flip(0)])


def cross_scan_reference(u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> Tensor:
    """Four directions over an image, outputs summed (ColorMamba section 3.1).

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d) and bias: (4, d), whose sum becomes delta through softplus.
        A: (4, d, N). B, C: (b, H, W, 4, N). D: (4, d).

    Returns:
        y: (b, H, W, d).
    """
    b, height, width, d = u.shape
    order = scan_order(height, width, u.device)
    flat = u.reshape(b, height * width, d)
    delta = F.softplus(steps.reshape(b, 4, height * width, d) + bias[:, None])
    y = torch.zeros_like(flat)
    for k in range(4):
        into, out = (x.reshape(b, height * width, 4, -1)[:, order[k], k] for x in (B, C))
        scanned = selective_scan_reference(flat[:, order[k]], delta[:, k, order[k]], A[k], into, out, D[k])
        y = y.index_add(1, order[k], scanned)
    return y.view(b, height, width, d)
