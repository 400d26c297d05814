"""Memory goes with a row of tiles, not with the picture."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from tiling_tools import (
    Array,
)

from nircolor.tiles import Tiling, plan_axis
from nircolor.tiling import run_tiles


class Endless:
    """A picture that exists window by window only."""

    def __init__(self, height: int, width: int) -> None:
        self.shape = (height, width)

    def __getitem__(self, window: tuple[slice, slice], /) -> Array:
        rows, columns = (np.arange(side.start, side.stop, dtype=np.float32) for side in window)
        return np.sin(rows[:, None] * 0.1) + columns


def peak(height: int, width: int, tiling: Tiling) -> int:
    """Most bytes that a run holds at once, with a model of three channels that returns one and the same array."""
    answer = np.zeros((tiling.batch, min(height, tiling.tile), min(width, tiling.tile), 3), np.float32)
    tracemalloc.start()
    try:
        for _ in run_tiles(Endless(height, width), lambda boxes, _: answer[: len(boxes)], tiling):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("tile", "overlap"), [(256, 34), (256, 128), (128, 8)])
def test_memory_is_the_width_times_the_overlap_and_a_few_tiles(tile: int, overlap: int) -> None:
    tiling, pixel = Tiling(tile, overlap, batch=2), 3 * 4
    spread = tile - min(np.diff([row.start for row in plan_axis(1200, tile, overlap)]))  # the overlap after rounding up
    batch = 4 * tile * tile * 4  # two tiles, and what they were cut from
    most = 8000 * spread * pixel + 3 * tile * tile * pixel + batch + 300_000
    assert peak(1200, 8000, tiling) < most < 8000 * tile * pixel


def test_memory_does_not_grow_with_the_height_but_for_the_plan() -> None:
    tiling = Tiling(64, 16, batch=1)
    low, high = peak(2_000, 64, tiling), peak(20_000, 64, tiling)
    assert high - low < 18_000 * 40  # the rows themselves would take 18_000 * 768


def test_importing_the_tiling_brings_no_torch() -> None:
    code = "import sys, nircolor.tiling; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
