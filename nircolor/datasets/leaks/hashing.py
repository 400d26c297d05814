"""Near-identical pictures: a perceptual hash that finds them, and a correlation that confirms them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SIDE = 32  # of the reduced picture, in pixels
_BLUR = 4.0  # sigma, in its pixels: coarser shading is what two hazy skies share
_FLAT = 1 / 255  # less texture than this, in units of full scale, is noise of the coding


@dataclass(frozen=True)
class Impression:
    """What is left of a picture at a glance. ``bits``: (64,) of +1 and -1; ``texture``: (32, 32), norm 1 or 0."""

    bits: FloatArray
    texture: FloatArray


def impression(grey: FloatArray) -> Impression:
    """The impression of a grey picture, (H, W) float32 in [0, 1]."""
    small = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
    return Impression(_hash(small), _texture(small))


def mirrored(grey: FloatArray) -> Impression:
    """The impression of the picture with left and right swapped."""
    return impression(np.ascontiguousarray(grey[:, ::-1]))


def hash_distances(one: Impression, bits: FloatArray) -> NDArray[np.int64]:
    """Bits in which the hash differs from each of ``bits``, (n, 64): (n,), 0 to 64. For signs, (64 - a . b) / 2."""
    return np.rint((len(one.bits) - bits @ one.bits) / 2).astype(np.int64)


def hash_distance(a: Impression, b: Impression) -> int:
    """Bits in which two hashes differ, 0 to 64."""
    return int(hash_distances(a, b.bits[None])[0])


def correlation(a: Impression, b: Impression) -> float:
    """Of the textures, -1 to 1; 0 where one of them is flat."""
    return float(np.clip(np.vdot(a.texture, b.texture), -1, 1))


def _hash(small: FloatArray) -> FloatArray:
    """pHash (Zauner, "Implementation and benchmarking of perceptual image hash functions", 2010): signs about the
    median of the 8 x 8 lowest frequencies of the cosine transform. Those constant along an axis are left out, so plain
    gradients from sky to ground decide nothing."""
    low = cv2.dct(small)[1:9, 1:9].ravel()
    return np.where(low > np.median(low), np.float32(1), np.float32(-1))


def _texture(small: FloatArray) -> FloatArray:
    fine: FloatArray = small - cv2.GaussianBlur(small, (0, 0), _BLUR)
    if float(fine.std()) < _FLAT:
        return np.zeros_like(fine)
    fine -= fine.mean()
    return fine / np.linalg.norm(fine)
