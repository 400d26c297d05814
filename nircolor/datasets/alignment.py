"""How far the two pictures of a pair are apart: phase correlation (Kuglin and Hines 1975) of their edges.

Near-infrared and colour differ in brightness, not in where their edges are, so the magnitudes of the gradients are
correlated. Measured on the 844 development pairs (vcip2020, epfl, naip) at the size and with the constants below:

- the shift is 0.21 pixels in the median, 1.1 in 90 % and 1.8 in 95 % of them; 68 pairs are too plain to be sure of;
- 12 pairs are reported, by 3 to 9 pixels, all of vcip2020; the edges of two of them, laid over each other, are apart;
- of the same pairs, cut so that they are apart by (4, 4) more pixels, 96 % are reported;
- pictures of different places (726 couples) have a confidence under 0.1 in 99 % of the cases; none is reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError

LONG_SIDE = 512  # pictures are reduced to it first: a registration is judged at the size of a screen, and quickly
TOLERANCE = 3.0  # pixels at that size; registered pairs of the benchmarks are off by one or two
MIN_CONFIDENCE = 0.2  # height of the peak, 1 for a picture and itself
_MIN_SIDE = 32  # pixels, under which there is nothing to correlate

Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Alignment:
    """What near-infrared shows at (x, y), colour shows at (x + dx, y + dy), in pixels of the pictures as they are.

    ``confidence`` is 0 to 1: the height of the correlation peak, 0 where there is no texture, or where the shift
    explains the pictures no better than none. ``reduction`` is how many pixels make one of those that were measured.
    """

    dx: float
    dy: float
    confidence: float
    reduction: float = 1.0

    @property
    def misaligned(self) -> bool:
        """Whether it is worth a warning: apart by more than ``TOLERANCE`` measured pixels, and sure of it."""
        return self.confidence >= MIN_CONFIDENCE and float(np.hypot(self.dx, self.dy)) > TOLERANCE * self.reduction


def misalignment(nir: NDArray[np.generic], rgb: NDArray[np.generic]) -> str | None:
    """What to warn of, None for a pair that is well aligned, or too plain to tell. Arguments as for `alignment`."""
    found = alignment(nir, rgb)
    if not found.misaligned:
        return None
    return f"misaligned by ({found.dx:.1f}, {found.dy:.1f}) pixels: scores of this pair mean little; register it"


def alignment(nir: NDArray[np.generic], rgb: NDArray[np.generic]) -> Alignment:
    """The shift between ``nir`` (H, W) and ``rgb`` (H, W, 3), any number type and range.

    Raises InputError where they differ in size.
    """
    if nir.shape[:2] != rgb.shape[:2]:
        sizes = [f"{image.shape[1]} x {image.shape[0]}" for image in (nir, rgb)]
        raise InputError(f"near-infrared is {sizes[0]}, colour {sizes[1]}; a pair must have one size")
    if min(nir.shape[:2]) < _MIN_SIDE:
        return Alignment(0.0, 0.0, 0.0)
    reduction = max(1.0, max(nir.shape[:2]) / LONG_SIDE)
    edges = [_edges(_reduce(image, reduction)) for image in (nir, rgb)]
    if not all(plane.any() for plane in edges):
        return Alignment(0.0, 0.0, 0.0, reduction)
    window = cv2.createHanningWindow(edges[0].shape[::-1], cv2.CV_32F)
    (dx, dy), peak = cv2.phaseCorrelate(edges[0], edges[1], window)
    if not np.isfinite(peak) or not _explains(edges[0], edges[1], round(dx), round(dy)):
        peak = 0.0
    return Alignment(dx * reduction, dy * reduction, float(np.clip(peak, 0, 1)), reduction)


def _reduce(image: NDArray[np.generic], reduction: float) -> Plane:
    """Grey, float, smaller."""
    plane = np.asarray(image, np.float32)
    size = (max(1, round(plane.shape[1] / reduction)), max(1, round(plane.shape[0] / reduction)))
    if reduction > 1:
        plane = np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(plane.mean(2) if plane.ndim == 3 else plane, np.float32)


def _edges(plane: Plane) -> Plane:
    """Magnitude of the gradient, its mean taken away: flat pictures give zeros."""
    smooth = cv2.GaussianBlur(plane, (0, 0), 1.0)  # noise of single pixels is no edge
    magnitude = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    if float(magnitude.max()) <= 1e-4 * max(float(np.abs(plane).max()), 1e-6):
        return np.zeros_like(plane)  # rounding
    return np.asarray(magnitude - magnitude.mean(), np.float32)


def _explains(nir: Plane, rgb: Plane, dx: int, dy: int) -> bool:
    """Whether edges agree better (Pearson) after the shift than before; fine parallel lines can fool the phase."""
    if 2 * abs(dx) > nir.shape[1] or 2 * abs(dy) > nir.shape[0]:
        return False  # less than half of the picture would be left to agree on
    return (dx, dy) == (0, 0) or _agreement(nir, rgb, dx, dy) > _agreement(nir, rgb, 0, 0)


def _agreement(nir: Plane, rgb: Plane, dx: int, dy: int) -> float:
    height, width = nir.shape
    here = nir[max(0, -dy) : height - max(0, dy), max(0, -dx) : width - max(0, dx)]
    there = rgb[max(0, dy) : height + min(0, dy), max(0, dx) : width + min(0, dx)]
    if not here.std() or not there.std():
        return 0.0
    return float(np.corrcoef(here.ravel(), there.ravel())[0, 1])
