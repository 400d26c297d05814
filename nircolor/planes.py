"""Planes of numbers at other sizes: averaged, sampled, padded. numpy and OpenCV, and as torch has it, to rounding."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class Places(NamedTuple):
    """For each sample: which two it lies between, and the share of the second."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: Floats

    def part(self, some: slice) -> Places:
        return Places(self.first[some], self.second[some], self.share[some])


def places(size: int, count: int, start: float = 0.0, stop: float = 1.0) -> Places:
    """``count`` samples, evenly over the part from ``start`` to ``stop`` of a line of ``size``: centres are aligned,
    and ends replicated."""
    at = start + (np.arange(count) + 0.5) / count * (stop - start)
    at = np.clip(at * size - 0.5, 0, size - 1)
    first = at.astype(np.intp)
    return Places(first, np.minimum(first + 1, size - 1), (at - first).astype(np.float32))


def sampled(planes: Floats, rows: Places, columns: Places) -> Floats:
    """(C, h, w) -> (C, len(rows), len(columns)), bilinear."""
    return sampled_columns(sampled_rows(planes, rows), columns)


def resized(planes: Floats, size: tuple[int, int]) -> Floats:
    """(C, h, w) -> (C, *size): ``sampled`` of all of them, by OpenCV."""
    return np.stack([cv2.resize(one, size[::-1], interpolation=cv2.INTER_LINEAR) for one in planes])


def sampled_rows(planes: Floats, rows: Places) -> Floats:
    """(C, h, w) -> (C, len(rows), w), linear."""
    upper = planes[:, rows.first]
    upper += (planes[:, rows.second] - upper) * rows.share[:, None]
    return upper


def sampled_columns(planes: Floats, columns: Places) -> Floats:
    """(C, h, w) -> (C, h, len(columns)), linear."""
    left = np.take(planes, columns.first, -1)
    right = np.take(planes, columns.second, -1)
    right -= left
    right *= columns.share
    left += right
    return left


def area_mean(x: Floats, size: tuple[int, int]) -> Floats:
    """(..., H, W) -> (..., h, w): means of areas, which share a pixel where they do not fit (adaptive pooling)."""
    return _turned(_means(_turned(_means(x, size[0])), size[1]))


def _turned(x: Floats) -> Floats:
    return np.ascontiguousarray(np.swapaxes(x, -1, -2))


def _means(x: Floats, count: int) -> Floats:
    """``count`` means of rows, from row i n / count, rounded down, to (i + 1) n / count, rounded up."""
    length, at = x.shape[-2], np.arange(count)
    return x if count == length else mean_rows(x, at * length // count, -(-(at + 1) * length // count))


def mean_rows(x: Floats, first: NDArray[np.intp], last: NDArray[np.intp]) -> Floats:
    """(..., H, W) of any type -> (..., n, W): means of the rows from each ``first`` to before each ``last``."""
    counts = last - first
    sums = np.asarray(x[..., first, :], np.float32)
    for row in range(1, counts.max()):
        longer = counts > row
        if longer.all():
            sums += x[..., first + row, :]
        else:
            sums[..., longer, :] += x[..., first[longer] + row, :]
    sums /= counts.astype(np.float32)[:, None]
    return sums


def pad_to_multiple(x: Floats, multiple: int) -> Floats:
    """Pad the last two axes at their ends: reflected as far as the picture reaches, then replicated."""
    for axis in (x.ndim - 2, x.ndim - 1):
        missing = -x.shape[axis] % multiple
        for mode, most in (("reflect", x.shape[axis] - 1), ("edge", missing)):
            step = min(missing, most)
            if step > 0:
                widths = [(0, step if other == axis else 0) for other in range(x.ndim)]
                x = np.pad(x, widths, mode=mode)  # type: ignore[call-overload]
                missing -= step
    return x
