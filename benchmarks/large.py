"""Seconds, speed and peak memory of the real command on large pictures.

    python benchmarks/large.py [--megapixels 12 100] [--depth 16] [--format tif] [--weights lite] [--held]

Each picture is a TIFF of one channel in tiles of 512, packed with deflate: noise on structure, made tile by tile, which
needs no memory either. ``nircolor colorize`` is a process of its own; its time includes the start, reading and writing,
its memory is the most that was resident. Core-seconds hold on a busy machine, too. 1,000 megapixels take 9 GB in the
temporary folder. ``--held`` measures a program that holds all of the picture and of its colours instead.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tifffile import TiffWriter

TILE = 512
HELD = """
import json, sys, time
from nircolor import Colorizer, read_nir, write_rgb
source, target, weights = sys.argv[1:]
engine = Colorizer.from_weights(weights, device="cpu")
begun = time.perf_counter()
picture = read_nir(source)
write_rgb(target, engine.colorize(picture.pixels), picture.info, alpha=picture.alpha)
print(json.dumps({"seconds": time.perf_counter() - begun}))
"""


def tiles(height: int, width: int, depth: int) -> Iterator[NDArray[np.unsignedinteger]]:
    """Waves of many lengths, and noise of a hundredth of the range."""
    chance, top = np.random.default_rng(0), 2**depth - 1
    for y in range(0, height, TILE):
        for x in range(0, width, TILE):
            rows, columns = np.arange(y, y + TILE)[:, None], np.arange(x, x + TILE)[None, :]
            waves = sum(np.sin(rows / length) * np.cos(columns / length) for length in (7, 90, 1100))
            grey = 0.5 + waves / 8 + chance.normal(0, 0.01, (TILE, TILE))
            yield (np.clip(grey, 0, 1) * top).astype(f"uint{depth}")


def render(path: Path, megapixels: float, depth: int) -> tuple[int, int]:
    """A 4:3 picture; its height and width."""
    height = round((megapixels * 1e6 * 3 / 4) ** 0.5)
    width = round(height * 4 / 3)
    with TiffWriter(path, bigtiff=megapixels > 1000) as writer:
        writer.write(
            tiles(height, width, depth),
            shape=(height, width),
            dtype=f"uint{depth}",
            tile=(TILE, TILE),
            compression="zlib",
            predictor=True,
            photometric="minisblack",
        )
    return height, width


def command(source: Path, target: Path, weights: str, held: bool) -> list[str]:
    if held:
        return [sys.executable, "-c", HELD, str(source), str(target), weights]
    line = [sys.executable, "-m", "nircolor", "colorize", str(source), "-o", str(target)]
    return [*line, "--weights", weights, "--device", "cpu", "--json", "-q"]


def measure(line: list[str]) -> tuple[float, float, float, float]:
    """Seconds of the whole process, of all its cores, and of its network; its peak memory in MB."""
    start = time.perf_counter()
    with subprocess.Popen(line, stdout=subprocess.PIPE) as process:
        told = process.stdout.read() if process.stdout else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(process.returncode)
    cores = used.ru_utime + used.ru_stime
    return time.perf_counter() - start, cores, json.loads(told)["seconds"], used.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[12, 100])
    parser.add_argument("--depth", type=int, choices=[8, 16], default=16)
    parser.add_argument("--format", default="tif", help="suffix of the output")
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--held", action="store_true", help="all of it in memory")
    options = parser.parse_args()
    print("| megapixels | size | seconds | MP/s | MP/s of the network | core-seconds | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for megapixels in options.megapixels:
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "large.tif", Path(folder) / f"colours.{options.format}"
            height, width = render(source, megapixels, options.depth)
            seconds, cores, network, memory = measure(command(source, target, options.weights, options.held))
        pixels = height * width / 1e6
        print(f"| {megapixels:g} | {width} x {height} | {seconds:.1f} | {pixels / seconds:.2f} ", end="")
        print(f"| {pixels / network:.2f} | {cores:.1f} | {memory:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
