"""The 2-D selective scan: a plain reference, fast paths beside it, and one function that chooses."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from nircolor.scan.reference import cross_scan_reference, scan_order, selective_scan_reference

__all__ = ["choose", "cross_scan", "cross_scan_reference", "scan_order", "selective_scan_reference"]

log = logging.getLogger("nircolor")


def choose(device: torch.device, state: int = 16) -> str:
    """Name of the scan used on a device for a state size.

    ``numba`` on a CPU; on CUDA ``triton``, then ``mamba`` (mamba-ssm), whichever is installed and agrees with the
    reference on a few pixels; else ``reference``, right everywhere and slow. Anything but ``triton`` on CUDA is
    announced by one warning of the logger ``nircolor``.
    """
    if device.type == "cpu":
        return "numba"
    return _choose_cuda(device, state) if device.type == "cuda" else "reference"


def cross_scan(
    u: Tensor, steps: Tensor, bias: Tensor, A: Tensor, B: Tensor, C: Tensor, D: Tensor, kernel: str = "auto"
) -> Tensor:
    """Selective scan in four directions over an image, outputs summed.

    Args:
        u: (b, H, W, d). steps: (b, 4, H, W, d) and bias: (4, d), whose sum becomes the step delta through softplus.
        A: (4, d, N), negative. B, C: (b, H, W, 4, N). D: (4, d).
        kernel: ``auto`` (see ``choose``), ``numba``, ``triton``, ``mamba`` or ``reference``. float64 always takes the
            reference, since the kernels keep a float32 state.

    Returns:
        y: (b, H, W, d), in the type of ``u``.

    Raises ValueError when the shapes do not fit together (the kernels do not look) or the kernel has no such name.
    """
    _check_shapes(u, steps, bias, A, B, C, D)
    name = choose(u.device, A.shape[-1]) if kernel == "auto" else kernel
    scan = _load("reference" if u.dtype == torch.float64 else name)
    return scan(u, steps, bias, A, B, C, D)


def _load(name: str) -> Callable[..., Tensor]:
    """The scan of that name. Its libraries are slow to import, or not there: so not before it is used."""
    if name == "numba":
        from nircolor.scan.cpu import cross_scan_cpu as scan
    elif name == "triton":
        from nircolor.scan.gpu import cross_scan_triton as scan
    elif name == "mamba":
        from nircolor.scan.mamba import cross_scan_mamba as scan
    elif name == "reference":
        scan = cross_scan_reference
    else:
        raise ValueError(f"kernel {name!r} is unknown; give auto, numba, triton, mamba or reference")
    return scan


@cache
def _choose_cuda(device: torch.device, state: int) -> str:
    faults = []
    chosen = "reference"
    for name in ("triton", "mamba"):
        fault = _fault(name, device, state)
        if fault is None:
            chosen = name
            break
        faults.append(f"{name}: {fault}")
    if faults:
        log.warning("the selective scan on %s runs on %s, because of %s", device, chosen, "; ".join(faults))
    return chosen


def _fault(name: str, device: torch.device, state: int) -> str | None:
    """What is wrong with a scan on a device, found out on a few pixels; None if nothing is."""
    try:
        difference = _difference(_load(name), device, state)
    except torch.OutOfMemoryError:
        raise  # says nothing about the scan; the caller makes room and comes back
    except Exception as error:  # what a compiler or a broken installation raises cannot be foreseen
        return " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return None if difference < 1e-3 else f"it differs from the reference by {difference:.2g}"


def _difference(scan: Callable[..., Tensor], device: torch.device, state: int) -> float:
    """Largest relative difference of outputs and gradients from the reference, in float32 on 5 x 9 pixels."""
    with torch.inference_mode(False), torch.enable_grad(), torch.autocast(device.type, enabled=False):
        shapes = [(1, 5, 9, 40), (1, 4, 5, 9, 40), (4, 40), (4, 40, state), *[(1, 5, 9, 4, state)] * 2, (4, 40)]
        generator = torch.Generator().manual_seed(0)
        inputs = [torch.randn(shape, generator=generator).to(device) for shape in shapes]
        inputs[3] = -inputs[3].abs()  # A is negative
        results = []
        for each in (scan, cross_scan_reference):
            leaves = [x.clone().requires_grad_() for x in inputs]
            y = each(*leaves)
            results.append([y, *torch.autograd.grad(y.square().sum(), leaves)])
        errors = [(a - b).norm() / b.norm() for a, b in zip(*results, strict=True)]
        return torch.stack(errors).max().item()


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
