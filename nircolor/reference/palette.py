"""Another place: colours of a reference where it shows what the picture shows.

Both are compared in blocks, by what the network's encoder sees in them (Welsh, Ashikhmin and Mueller, "Transferring
color to greyscale images", SIGGRAPH 2002, with learned features in the place of luminance). Each block of the picture
looks for those of the reference that are most like it, and its colour moves towards theirs: the further, the more alike
they are, and not at all where the pictures as wholes are no more alike than any two. How far is right was measured on
training scenes: the share of the way that leaves the least squared error, by likeness (docs/experiments.md).

An encoder knows near-infrared alone, so that the reference is first made to look like it.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Describe = Callable[[Plane], Plane | None]
"""What a network sees in a grey picture (h, w) in [0, 1], sides multiples of 32: features (h / 16, w / 16, C), or None
where it has no eye for it."""

SIDE = 256  # pictures are compared at about so many pixels, squared
_MULTIPLE, _STRIDE = 32, 16  # sides of what is compared; pixels of a block
_FINER = 4  # places a block when colours are enlarged along edges
_SHARPNESS = 0.05  # of the softmax over blocks of the reference, in units of cosine
_NEAR = np.array([0.5, 1.2, -0.9], np.float32)  # of red, green and blue: leaves bright, sky dark
_NEAR_LEVEL = np.float32(0.1)
ALIKE = (0.40, 0.46)
"""Mean likeness of all blocks from which colours begin to follow, and where they follow in full. Of two training
pictures of different scenes 95 in 100 have less than 0.394, of one scene 95 in 100 more than 0.391. To be measured anew
for other features than those of the packaged weights."""
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709
_LEAST = np.float32(1e-3)  # deviation of a feature, and length of a description, below which there is nothing to see


def by_palette(
    colours: Plane, nir: Plane, reference: Plane, describe: Describe
) -> tuple[Plane, dict[str, float | int | str]] | None:
    """The colours of a picture, drawn to those that a reference has for the same kinds of surface.

    Args:
        colours: (H, W, 3) sRGB in [0, 1], painted by the network. nir: (H, W) in [0, 1]. reference: (h, w, 3) sRGB in
        [0, 1]. describe: what the network sees in both.

    Returns:
        (H, W, 3) sRGB in [0, 1], and the evidence: ``likeness``, the mean over blocks of the cosine between their
        features and the best of the reference, and ``followed``, the mean share of the way that tints went. None where
        the reference is not like the picture, or the network cannot tell.
    """
    ours, theirs = _described(nir, describe), _described(_near_infrared(reference), describe)
    if ours is None or theirs is None:
        return None
    likeness, found = _look_up(ours, theirs, _blocks(reference, theirs.shape))
    alike = float(likeness.mean())
    if alike <= ALIKE[0]:
        return None
    sure = min((alike - ALIKE[0]) / (ALIKE[1] - ALIKE[0]), 1.0)
    tint, brightness = sure * np.clip(2.5 * (likeness - 0.2), 0, 0.85), sure * np.clip(2 * (likeness - 0.25), 0, 0.8)
    apart = found - _blocks(colours, ours.shape)
    luma = (apart @ _LUMA)[:, None]
    change = brightness[:, None] * luma + tint[:, None] * (apart - luma)
    evidence: dict[str, float | int | str] = {"likeness": round(alike, 3), "followed": round(float(tint.mean()), 3)}
    return np.clip(colours + _enlarged(change.reshape(*ours.shape[:2], 3), nir), 0, 1), evidence


def _near_infrared(rgb: Plane) -> Plane:
    """Roughly what an infrared camera would see: (h, w) in [0, 1]."""
    return np.asarray(np.clip(rgb @ _NEAR + _NEAR_LEVEL, 0, 1), np.float32)


def _described(grey: Plane, describe: Describe) -> Plane | None:
    scale = SIDE / (grey.shape[0] * grey.shape[1]) ** 0.5
    height, width = (max(1, round(side * scale / _MULTIPLE)) * _MULTIPLE for side in grey.shape)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return describe(np.asarray(cv2.resize(grey, (width, height), interpolation=way), np.float32))


def _blocks(rgb: Plane, shape: tuple[int, ...]) -> Plane:
    """Mean colours of blocks, as many as there are features: (n, 3)."""
    return np.asarray(cv2.resize(rgb, shape[1::-1], interpolation=cv2.INTER_AREA), np.float32).reshape(-1, 3)


def _look_up(ours: Plane, theirs: Plane, colours: Plane) -> tuple[Plane, Plane]:
    """How much the most similar block of the reference is like each of ours, (n,), a cosine; and the colours of those
    that are, (n, 3). Features are measured from what both pictures have in common."""
    a, b = ours.reshape(-1, ours.shape[-1]), theirs.reshape(-1, theirs.shape[-1])
    both = np.concatenate([a, b])
    mean, deviation = both.mean(0), both.std(0) + _LEAST
    a, b = (_directions((x - mean) / deviation) for x in (a, b))
    similar = a @ b.T
    best = similar.max(1, keepdims=True)
    weights = np.exp((similar - best) / np.float32(_SHARPNESS))
    return best[:, 0], weights @ colours / weights.sum(1, keepdims=True)


def _directions(x: Plane) -> Plane:
    return np.asarray(x / (np.linalg.norm(x, axis=1, keepdims=True) + _LEAST), np.float32)


def _enlarged(change: Plane, nir: Plane) -> Plane:
    """(h, w, 3) -> (H, W, 3), along the picture's edges; nothing where near-infrared knows no colour."""
    from nircolor.ends import DARK, known, ramp
    from nircolor.enlarging import lines, local_mean

    size = change.shape[1] * _FINER, change.shape[0] * _FINER
    maps = np.ascontiguousarray(np.moveaxis(cv2.resize(change, size), -1, 0))
    small = np.asarray(cv2.resize(nir, size, interpolation=cv2.INTER_AREA), np.float32)
    slope, level = (
        np.dstack([cv2.resize(plane, nir.shape[::-1]) for plane in planes])
        for planes in lines(np.asarray(maps, np.float32), small)
    )
    share = known(nir) * ramp(local_mean(nir) / np.float32(DARK))
    return np.asarray((slope * nir[..., None] + level) * share[..., None], np.float32)
