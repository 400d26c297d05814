"""The Triton scan on a CUDA device against mamba-ssm's kernel, where installed, and the plain torch reference.

    python benchmarks/scan_gpu.py [--batch 16] [--precision bf16|fp32] [--repeats 20]

Prints medians of forward and backward, ratios, and the share of the device's memory bandwidth that the Triton scan
reaches: the bytes of each input read once and each output written once, over its time, over the bandwidth of a plain
copy measured in the same run. Without a CUDA device it says so in one line and exits with 5.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Callable

import torch
from torch import Tensor

from nircolor.scan import cross_scan

MAPS = [(128, 128, 128), (64, 64, 256)]  # H, W, d
STATE = 16


def milliseconds(work: Callable[[], object], repeats: int) -> float:
    """Median on the device, after one call that compiles."""
    work()
    times = []
    for _ in range(repeats):
        start, stop = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        stop.record()
        stop.synchronize()
        times.append(start.elapsed_time(stop))
    return statistics.median(times)


def copy_bandwidth(repeats: int) -> float:
    """Bytes read and written a second by a copy of 1 GiB."""
    source = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    return 2 * source.numel() / milliseconds(lambda: target.copy_(source), repeats) * 1e3


def inputs(batch: int, height: int, width: int, d: int, dtype: torch.dtype) -> list[Tensor]:
    """Maps in ``dtype``, parameters in float32."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, device="cuda")

    u, steps = normal(batch, height, width, d).to(dtype), normal(batch, 4, height, width, d).to(dtype)
    B, C = normal(2, batch, height, width, 4, STATE).to(dtype).unbind(0)
    A = -torch.rand(4, d, STATE, device="cuda") * STATE
    return [x.detach().requires_grad_() for x in (u, steps, normal(4, d) - 3, A, B, C, normal(4, d))]


def measure(tensors: list[Tensor], kernel: str, repeats: int) -> tuple[float, float] | None:
    """Milliseconds of forward and backward; None when the device runs out of memory."""
    try:
        with torch.no_grad():
            forward = milliseconds(lambda: cross_scan(*tensors, kernel=kernel), repeats)
        y = cross_scan(*tensors, kernel=kernel)
        grad_y = torch.randn_like(y)
        backward = milliseconds(lambda: torch.autograd.grad(y, tensors, grad_y, retain_graph=True), repeats)
    except torch.OutOfMemoryError:
        return None
    return forward, backward


def floors(tensors: list[Tensor]) -> tuple[int, int]:
    """Bytes that forward and backward cannot do without."""
    into, out = sum(x.nbytes for x in tensors), tensors[0].nbytes
    return into + out, 2 * into + out  # backward: inputs and grad_y in, gradients of the inputs out


def report(batch: int, shape: tuple[int, int, int], dtype: torch.dtype, repeats: int, bandwidth: float) -> None:
    tensors = inputs(batch, *shape, dtype)
    print(f"{batch} x {shape[0]} x {shape[1]} x {shape[2]} channels, N {STATE}, {dtype}")
    torch.cuda.reset_peak_memory_stats()
    found = measure(tensors, "triton", repeats)
    if found is None:
        print("  triton     out of memory")
        return
    shares = [bytes_ / time * 1e3 / bandwidth for bytes_, time in zip(floors(tensors), found, strict=True)]
    print(f"  triton     forward {found[0]:9.2f} ms ({shares[0]:.0%} of bandwidth)  backward {found[1]:9.2f} ms "
          f"({shares[1]:.0%})  peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")  # fmt: skip
    for other, times in (("mamba", repeats), ("reference", 1)):
        if other == "mamba" and importlib.util.find_spec("mamba_ssm") is None:
            print("  mamba      not installed")
            continue
        theirs = measure(tensors, other, times)
        if theirs is None:
            print(f"  {other:10} out of memory")
            continue
        ratios = [b / a for a, b in zip(found, theirs, strict=True)]
        print(f"  {other:10} forward {theirs[0]:9.2f} ms (ratio {ratios[0]:.1f})  backward {theirs[1]:9.2f} ms "
              f"(ratio {ratios[1]:.1f})")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--precision", choices=("bf16", "fp32"), default="bf16")
    parser.add_argument("--repeats", type=int, default=20)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        print("benchmarks/scan_gpu.py: torch sees no CUDA device; run it on a machine with one", file=sys.stderr)
        raise SystemExit(5)
    bandwidth = copy_bandwidth(options.repeats)
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, a copy runs at {bandwidth / 1e9:.0f} GB/s")
    dtype = torch.bfloat16 if options.precision == "bf16" else torch.float32
    for shape in MAPS:
        report(options.batch, shape, dtype, options.repeats, bandwidth)


if __name__ == "__main__":
    main()
