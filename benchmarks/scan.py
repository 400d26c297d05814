"""Scan kernels against the sequential reference, in one run: forward, backward, and the kernel between convolutions.

    python benchmarks/scan.py [--length 16384] [--channels 96] [--state 16]

Prints medians and ratios. The reference is the plain torch recurrence, one step after another, four directions.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from nircolor.scan import cross_scan


def median_seconds(work: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def inputs(length: int, channels: int, state: int) -> list[torch.Tensor]:
    side = round(length**0.5)
    u, steps = torch.randn(1, side, side, channels), torch.randn(1, 4, side, side, channels)
    A, bias, D = -torch.rand(4, channels, state) * state, torch.randn(4, channels) - 3, torch.randn(4, channels)
    B, C = torch.randn(2, 1, side, side, 4, state).unbind(0)
    return [x.requires_grad_() for x in (u, steps, bias, A, B, C, D)]


def forward_and_backward(tensors: list[torch.Tensor], kernel: str, repeats: int) -> tuple[float, float]:
    with torch.no_grad():
        forward = median_seconds(lambda: cross_scan(*tensors, kernel=kernel), repeats)
    times = []
    for _ in range(repeats):
        loss = cross_scan(*tensors, kernel=kernel).sum()
        start = time.perf_counter()
        torch.autograd.grad(loss, tensors)
        times.append(time.perf_counter() - start)
    return forward, statistics.median(times)


def interleaved(tensors: list[torch.Tensor], repeats: int) -> tuple[float, float]:
    """Seconds of (convolution + scan) in turn, and of the two measured apart: fighting threads would show here."""
    convolution = torch.nn.Conv2d(64, 64, 3, 1, 1).to(memory_format=torch.channels_last)
    x = torch.randn(1, 64, 128, 128).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        both = median_seconds(lambda: (convolution(x), cross_scan(*tensors)), repeats)
        apart = median_seconds(lambda: convolution(x), repeats) + median_seconds(lambda: cross_scan(*tensors), repeats)
    return both, apart


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=16384)
    parser.add_argument("--channels", type=int, default=96)
    parser.add_argument("--state", type=int, default=16)
    options = parser.parse_args()
    tensors = inputs(options.length, options.channels, options.state)
    cross_scan(*tensors).sum().backward()  # compile, or load from the cache
    fast = forward_and_backward(tensors, "numba", 9)
    slow = forward_and_backward(tensors, "reference", 1)
    updates = 4 * options.length * options.channels * options.state
    print(f"threads {torch.get_num_threads()}, L {options.length}, 4 x {options.channels} channels, N {options.state}")
    for name, a, b in zip(("forward", "backward"), fast, slow, strict=True):
        print(f"{name:9} numba {a * 1e3:8.1f} ms ({updates / a / 1e9:.2f} G updates/s)   "
              f"reference {b * 1e3:9.1f} ms   ratio {b / a:6.1f}")  # fmt: skip
    both, apart = interleaved(tensors, 15)
    print(f"convolution and scan in turn {both * 1e3:.1f} ms, apart {apart * 1e3:.1f} ms, ratio {both / apart:.2f}")


if __name__ == "__main__":
    main()
