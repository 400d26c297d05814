"""Which library streams plain TIFF better, tifffile or rasterio (GDAL)? One pass over a large picture by windows.

    python benchmarks/tiff_windows.py [--megapixels 100] [--window 1024]

Each pass runs in a process of its own, in one thread, and reads each window once, from top to bottom. The file is in
the system's cache. tifffile decodes each strip or tile once; GDAL has a cache of 64 MB, as nircolor gives it. For
Linux.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "uint16, deflate, tiles of 512": ("uint16", {"tile": (512, 512), "compression": "zlib", "predictor": True}),
    "uint16, LZW, strips of 16 rows": ("uint16", {"rowsperstrip": 16, "compression": "lzw", "predictor": True}),
    "uint8, JPEG, tiles of 512": ("uint8", {"tile": (512, 512), "compression": "jpeg"}),
    "uint16, not packed, strips of 16 rows": ("uint16", {"rowsperstrip": 16}),
}


def make(path: Path, side: int, dtype: str, options: dict[str, Any]) -> None:
    """A landscape of waves with the noise of a sensor."""
    import tifffile

    rng = np.random.default_rng(17)
    noise = rng.normal(0, 0.004, (1 << 12, side)).astype(np.float32)
    across = np.sin(np.arange(side, dtype=np.float32) / 90)
    picture = np.empty((side, side), dtype)
    for top in range(0, side, len(noise)):
        rows = np.arange(top, min(side, top + len(noise)), dtype=np.float32)[:, None]
        values = 0.4 + 0.2 * np.sin(rows / 140) * across + noise[: len(rows)]
        picture[top : top + len(rows)] = values * np.iinfo(picture.dtype).max
    tifffile.imwrite(path, picture, **options)


def by_tifffile(path: Path, window: int) -> Iterator[np.ndarray]:
    """Windows of ``path``, of bands that are decoded strip by strip or tile by tile."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages.first
        height, width = page.imagelength, page.imagewidth
        side = page.tilelength if page.is_tiled else page.rowsperstrip
        across = math.ceil(width / page.tilewidth) if page.is_tiled else 1
        kept: dict[int, np.ndarray] = {}
        tables = {"jpegtables": page.jpegtables} if page.jpegtables else {}
        for top in range(0, height, window):
            bottom = min(height, top + window)
            touched = range(top // side, math.ceil(bottom / side))
            kept = {row: band for row, band in kept.items() if row in touched}
            for row in touched:
                if row not in kept:
                    kept[row] = _band(file, page, row, across, tables)
            band = np.concatenate([kept[row] for row in touched])[top - touched[0] * side :][: bottom - top]
            for left in range(0, width, window):
                yield band[:, left : left + window]


def _band(file: Any, page: Any, row: int, across: int, tables: dict[str, Any]) -> np.ndarray:
    parts = []
    for index in range(row * across, (row + 1) * across):
        file.filehandle.seek(page.dataoffsets[index])
        data = file.filehandle.read(page.databytecounts[index])
        block, _, shape = page.decode(data, index, **tables)
        parts.append(block[0, : shape[1], : shape[2], 0])
    return np.concatenate(parts, axis=1)[:, : page.imagewidth]


def by_rasterio(path: Path, window: int) -> Iterator[np.ndarray]:
    """Windows of ``path``, as GDAL reads them."""
    import rasterio

    with rasterio.Env(GDAL_CACHEMAX=64 << 20, GDAL_NUM_THREADS="1"), rasterio.open(path) as file:
        for top in range(0, file.height, window):
            for left in range(0, file.width, window):
                yield file.read(
                    1, window=((top, min(file.height, top + window)), (left, min(file.width, left + window)))
                )


WAYS = {"tifffile": by_tifffile, "rasterio": by_rasterio}


def one_pass(way: str, path: Path, window: int) -> dict[str, float]:
    """Seconds of the pass, peak memory of the process in MB, and the sum of all samples."""
    importlib.import_module(way)
    start, total = time.perf_counter(), 0
    for part in WAYS[way](path, window):
        total += int(part.sum(dtype=np.int64))
    seconds = time.perf_counter() - start
    status = Path("/proc/self/status").read_text(encoding="ascii")  # getrusage would count the parent's memory, too
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    return {"seconds": seconds, "MB": peak / 1024, "sum": total}


def compare(megapixels: float, window: int) -> None:
    side = round(math.sqrt(megapixels * 1e6))
    print(f"{side} x {side} pixels, windows of {window}; the least of three passes\n")
    print("| file | tifffile: s | MB | rasterio: s | MB |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.tif")
        for name, (dtype, options) in KINDS.items():
            make(path, side, dtype, options)
            runs = {way: [_run(way, path, window) for _ in range(3)] for way in WAYS}
            sums = {run["sum"] for each in runs.values() for run in each}
            cells = [f"{min(run[key] for run in runs[way]):{form}}" for way in WAYS for key, form in _CELLS]
            print(f"| {name}{'' if len(sums) == 1 else ' (sums differ)'} | {' | '.join(cells)} |", flush=True)


_CELLS = (("seconds", ".1f"), ("MB", ".0f"))


def _run(way: str, path: Path, window: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--way", way, "--path", str(path), "--window", str(window)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megapixels", type=float, default=100)
    parser.add_argument("--window", type=int, default=1024)
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.way:
        print(json.dumps(one_pass(args.way, args.path, args.window)))
    else:
        compare(args.megapixels, args.window)


if __name__ == "__main__":
    main()
