"""Seeded, periodic noise: fractal, ridged and cellular tiles, and the reading of a tile at any place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]  # float32 throughout; numpy's own types do not keep track of that
_FIRST_OCTAVE = 4.0  # waves across a tile


def smoothstep(low: float, high: float, value: Any) -> Field:
    """0 below ``low``, 1 above ``high``, smooth between; ``low`` may be the larger one."""
    t = np.clip((value - np.float32(low)) / np.float32(high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def _frequency(size: int) -> NDArray[np.float64]:
    axis = np.fft.fftfreq(size) * size
    return np.asarray(np.hypot(axis[:, None], axis[None, : size // 2 + 1]))


def _synthesise(rng: np.random.Generator, amplitude: NDArray[np.float64], size: int) -> Field:
    spectrum = np.fft.rfft2(rng.standard_normal((size, size))) * amplitude
    values = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray(values / values.std(), dtype=np.float32)


def fractal_tile(rng: np.random.Generator, size: int = 512, slope: float = 1.8, lowest: float = 1.0) -> Field:
    """(size, size) periodic fractal noise, mean 0 and deviation 1; amplitude falls as frequency ** -slope."""
    frequency = _frequency(size)
    amplitude = np.where(frequency >= lowest, np.maximum(frequency, 1.0) ** -slope, 0.0)
    return _synthesise(rng, amplitude, size)


def _octaves(rng: np.random.Generator, size: int, count: int) -> Iterator[Field]:
    """Waves of 4, 8, 16 ... crests across a tile, all cut from one smooth tile."""
    frequency = _frequency(size)
    band = np.exp(-0.5 * ((frequency - _FIRST_OCTAVE) / 1.3) ** 2)
    base = _synthesise(rng, np.where(frequency > 0, band, 0.0), size)
    for octave in range(count):
        step = 2**octave
        shift = tuple(int(n) for n in rng.integers(0, size, 2))
        yield np.tile(np.roll(base, shift, (0, 1))[::step, ::step], (step, step))


def ridged_tile(rng: np.random.Generator, size: int = 512, octaves: int = 7) -> Field:
    """(size, size) periodic ridged multifractal, about [0, 1]: sharp crests, smooth valleys, detail on the crests."""
    total = np.zeros((size, size), np.float32)
    weight = np.ones((size, size), np.float32)
    for octave, wave in enumerate(_octaves(rng, size, octaves)):
        ridge = np.clip(1.0 - np.abs(wave) * 0.7, 0.0, 1.0) * weight
        total += ridge * np.float32(0.40**octave)
        weight = np.clip(ridge * 1.4, 0.0, 1.0)
    return np.asarray(total / np.float32(1.7), dtype=np.float32)


def billow_tile(rng: np.random.Generator, size: int = 512, octaves: int = 7) -> Field:
    """(size, size) periodic heaps with creases between them, mean 0 and deviation 1."""
    total = np.zeros((size, size), np.float32)
    for octave, wave in enumerate(_octaves(rng, size, octaves)):
        total += np.abs(wave) * np.float32(0.55**octave)
    return np.asarray((total - total.mean()) / total.std(), dtype=np.float32)


@dataclass(frozen=True)
class Cells:
    """Periodic jittered cells, one seed each, as square tiles; distances count cells."""

    side: Field  # how far to the right of its seed a place lies
    distance: Field  # to the nearest seed
    gap: Field  # how much farther the second nearest seed is: 0 on the border between two cells
    tag: Field  # one random number in [0, 1) a cell


def cell_tiles(rng: np.random.Generator, cells: int, size: int = 256) -> Cells:
    """Tiles of (size, size) with ``cells`` x ``cells`` seeds."""
    seeds = rng.random((3, cells, cells), dtype=np.float32) * np.float32(0.8) + np.float32(0.1)
    axis = (np.arange(size, dtype=np.float32) + np.float32(0.5)) * np.float32(cells / size)
    home = axis.astype(np.int64)
    nearest = np.full((size, size), 9.0, np.float32)
    second, side, tag = nearest.copy(), np.zeros_like(nearest), np.zeros_like(nearest)
    for row, column in np.ndindex(3, 3):
        place = np.ix_((home + row - 1) % cells, (home + column - 1) % cells)
        dy = (home + row - 1 - axis)[:, None].astype(np.float32) + seeds[0][place]
        dx = (home + column - 1 - axis)[None, :].astype(np.float32) + seeds[1][place]
        distance = np.hypot(dx, dy)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        nearest = np.where(closer, distance, nearest)
        side, tag = np.where(closer, -dx, side), np.where(closer, seeds[2][place], tag)
    return Cells(side, nearest, second - nearest, (tag - np.float32(0.1)) / np.float32(0.8))


def sample(tile: Field, x: Any, y: Any) -> Field:
    """Bilinear reading of a periodic square tile; ``x`` and ``y`` (arrays that broadcast) count whole tiles."""
    size = tile.shape[0]
    column, row = np.multiply(x, size, dtype=np.float32), np.multiply(y, size, dtype=np.float32)
    left, top = np.floor(column), np.floor(row)
    column, row = column - left, row - top
    x0, y0 = left.astype(np.int32) & (size - 1), top.astype(np.int32) & (size - 1)
    x1, y1 = (x0 + 1) & (size - 1), ((y0 + 1) & (size - 1)) * size
    y0 = y0 * size
    flat = tile.ravel()
    a, b = flat.take(y0 + x0), flat.take(y1 + x0)
    upper = a + (flat.take(y0 + x1) - a) * column
    lower = b + (flat.take(y1 + x1) - b) * column
    return np.asarray(upper + (lower - upper) * row, dtype=np.float32)


def grain(tile: Field, x: Any, y: Any) -> Field:
    """Nearest reading of a periodic square tile, for texture finer than a pixel; arguments as in :func:`sample`."""
    size = tile.shape[0]
    column = np.multiply(x, size, dtype=np.float32).astype(np.int32) & (size - 1)
    row = np.multiply(y, size, dtype=np.float32).astype(np.int32) & (size - 1)
    return np.asarray(tile.ravel().take(row * size + column), dtype=np.float32)
