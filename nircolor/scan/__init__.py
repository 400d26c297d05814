"""The 2-D selective scan: a plain reference, fast paths beside it, and one function that chooses."""

from __future__ import annotations

import torch
from torch import Tensor

from nircolor.scan.reference import cross_scan_reference, scan_order, selective_scan_reference

__all__ = ["choose", "cross_scan", "cross_scan_reference", "scan_order", "selective_scan_reference"]


def choose(device: torch.device) -> str:
    """Name of the scan used on a device: ``numba`` on a CPU, else ``reference`` (right everywhere, slow)."""
    return "numba" if device.type == "cpu" else "reference"


def cross_scan(
    u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, kernel: str = "auto"
) -> Tensor:
    """Selective scan in four directions over an image, outputs summed.

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d) and bias: (4, d), whose sum becomes the step delta through softplus.
        A: (4, d, N), negative. B, C: (b, H, W, 4, N). D: (4, d).
        kernel: ``auto`` (see ``choose``), ``numba`` or ``reference``.

    Returns:
        y: (b, H, W, d), in the type of ``u``.

    Raises ValueError when the shapes do not fit together: the kernels do not look.
    """
    _check_shapes(u, steps, bias, A, B, C, D)
    name = choose(u.device) if kernel == "auto" else kernel
    if name == "numba" and u.dtype != torch.float64:  # the kernels keep a float32 state
        from nircolor.scan.cpu import cross_scan_cpu  # numba is slow to import

        return cross_scan_cpu(u, steps, bias, A, B, C, D)
    return cross_scan_reference(u, steps, bias, A, B, C, D)


def _check_shapes(u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor) -> None:
    b, height, width, d = u.shape
    state = A.shape[-1]
    expected = {
        "steps": (steps, (b, 4, height, width, d)),
        "bias": (bias, (4, d)),
        "A": (A, (4, d, state)),
        "B": (B, (b, height, width, 4, state)),
        "C": (C, (b, height, width, 4, state)),
        "D": (D, (4, d)),
    }
    for name, (tensor, shape) in expected.items():
        if tensor.shape != shape:
            raise ValueError(f"{name} is {tuple(tensor.shape)}, but u of {tuple(u.shape)} needs {shape}")
