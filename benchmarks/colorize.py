"""Speed and memory of colorizing, on this machine.

    python benchmarks/colorize.py speed [--weights lite] [--megapixels 3]    megapixels a second, fp32 and bf16
    python benchmarks/colorize.py memory [--weights lite] [--megapixels 3]   peak resident memory of the real command
    python benchmarks/colorize.py patch [--preset colormamba]                one 256 x 256 patch: kernel against
    reference

The network of ``patch`` has random weights: its time does not depend on them.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from nircolor import scenes
from nircolor.colorizer import Colorizer
from nircolor.model import PRESETS, Generator
from nircolor.model import ssm as ssm_module
from nircolor.scan import cross_scan_reference


def picture(megapixels: float) -> np.ndarray:
    """A rendered 4:3 near-infrared picture, 8 bit."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    return scenes.quantise(scenes.render(7, height, round(height * 4 / 3)).nir, 8)


def speed(weights: str, megapixels: float) -> None:
    nir = picture(megapixels)
    results = {}
    for precision in ("fp32", "bf16"):
        engine = Colorizer.from_weights(weights, device="cpu", precision=precision)
        engine.colorize(nir[:300, :300])  # compile and warm up
        times = []
        for _ in range(3):
            start = time.perf_counter()
            results[precision] = engine.colorize(nir)
            times.append(time.perf_counter() - start)
        rate = nir.size / min(times) / 1e6
        print(
            f"{precision}: {rate:.2f} MP/s (best of 3; {nir.shape[1]} x {nir.shape[0]}, tiles of {engine.tiling.tile})"
        )
    error = np.mean((results["fp32"].astype(float) - results["bf16"]) ** 2)
    print(f"bf16 against fp32: {10 * np.log10(255**2 / error):.1f} dB")


def memory(weights: str, megapixels: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "big_nir.png"
        from PIL import Image

        Image.fromarray(picture(megapixels)).save(source)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        subprocess.run(
            [sys.executable, "-m", "nircolor", "colorize", str(source), "--weights", weights, "--device", "cpu", "-q"],
            check=True,
        )
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(f"peak resident memory of `nircolor colorize` for {megapixels} MP: {max(before, peak) / 1024:.0f} MB")


def one_patch(preset: str) -> None:
    network, nir = Generator(PRESETS[preset]).eval(), torch.rand(1, 1, 256, 256)

    def seconds(repeats: int) -> float:
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            network(nir)
            times.append(time.perf_counter() - start)
        return min(times)

    with torch.inference_mode():
        network(nir)  # compile
        fast = seconds(3)
        with patch.object(ssm_module, "cross_scan", cross_scan_reference):
            slow = seconds(1)
        with torch.autocast("cpu", torch.bfloat16):
            network(nir)
            half = seconds(3)
    print(f"{preset}, 256 x 256, fp32: kernel {fast:.2f} s, sequential reference {slow:.1f} s, ratio {slow / fast:.1f}")
    print(f"{preset}, 256 x 256, bf16: kernel {half:.2f} s, ratio to the fp32 reference {slow / half:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["speed", "memory", "patch"])
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--megapixels", type=float, default=3.0)
    parser.add_argument("--preset", default="colormamba", choices=list(PRESETS))
    options = parser.parse_args()
    if options.what == "patch":
        one_patch(options.preset)
    else:
        {"speed": speed, "memory": memory}[options.what](options.weights, options.megapixels)


if __name__ == "__main__":
    main()
