"""What cameras and their software lay over a picture: bars, clocks, blown lamps, the dark around an illuminator.

They are neutral in both pictures of a pair, so that a network learns to leave them so, and not to let them tint what
is around them. All positions are fractions, since the two pictures may differ in size.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Pair = tuple[Floats, Floats]


def overlay(nir: Floats, rgb: Floats, rng: np.random.Generator, share: float) -> Pair:
    """One of them, in ``share`` of all samples. ``nir``: (H, W), ``rgb``: (h, w, 3), both in [0, 1]."""
    if not share or rng.random() >= share:
        return nir, rgb
    kind = _KINDS[int(rng.integers(len(_KINDS)))]
    return kind(nir, rgb, rng)


def bars(nir: Floats, rgb: Floats, rng: np.random.Generator) -> Pair:
    """A black border on two opposite sides, or on one."""
    first, second = rng.uniform(0.03, 0.25, 2) * (rng.random(2) < 0.75)
    upright = rng.random() < 0.5

    def barred(image: Floats) -> Floats:
        image = image.copy()
        lines = image if upright else image.swapaxes(0, 1)
        lines[: round(first * len(lines))] = 0
        lines[len(lines) - round(second * len(lines)) :] = 0
        return image

    return barred(nir), barred(rgb)


def clock(nir: Floats, rgb: Floats, rng: np.random.Generator) -> Pair:
    """White or black digits, with or without a box, near the upper or lower border."""
    text = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(4, 14))))
    left, base = rng.uniform(0, 0.5), rng.choice([0.1, 0.95])
    ink, size, boxed = np.float32(rng.integers(2)), rng.uniform(0.05, 0.1), rng.random() < 0.4

    def stamped(image: Floats) -> Floats:
        height, width = image.shape[:2]
        place, scale, thick = (round(left * width), round(base * height)), size * height / 22, max(1, height // 128)
        if boxed:
            (w, h), under = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
            image = image.copy()
            image[max(0, place[1] - h - under) : place[1] + under, place[0] : place[0] + w] = 1 - ink
        mask = np.zeros((height, width), np.uint8)
        cv2.putText(mask, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, thick, cv2.LINE_AA)
        return _over(image, mask / np.float32(255), lambda picture, weight: picture + weight * (ink - picture))

    return stamped(nir), stamped(rgb)


def blown(nir: Floats, rgb: Floats, rng: np.random.Generator) -> Pair:
    """A lamp or a sky that the sensor could not hold: a soft spot, or a band from above, of white."""
    y, x, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.1, 0.5)
    sky = rng.random() < 0.4

    def lit(image: Floats) -> Floats:
        rows, columns = _grid(image)
        distance = rows / radius if sky else np.hypot(rows - y, columns - x) / radius
        light = np.clip(2.5 - 2.5 * distance, 0, 2)
        return _over(image, light, lambda picture, weight: np.minimum(1, picture + weight))

    return lit(nir), lit(rgb)


def dark(nir: Floats, rgb: Floats, rng: np.random.Generator) -> Pair:
    """What an illuminator does not reach, and with it, now and then, the whole picture."""
    y, x, radius = *rng.uniform(0.2, 0.8, 2), rng.uniform(0.3, 0.8)

    def shaded(image: Floats) -> Floats:
        rows, columns = _grid(image)
        reach = np.clip(1.6 - 1.6 * np.hypot(rows - y, columns - x) / radius, 0, 1)
        return _over(image, reach, lambda picture, weight: picture * weight)

    return shaded(nir), shaded(rgb)


_KINDS: tuple[Callable[[Floats, Floats, np.random.Generator], Pair], ...] = (bars, clock, blown, dark)


def _grid(image: Floats) -> tuple[Floats, Floats]:
    """Rows and columns of pixel centres, as fractions; they broadcast to (H, W)."""
    height, width = image.shape[:2]
    rows = (np.arange(height, dtype=np.float32)[:, None] + 0.5) / height
    return rows, (np.arange(width, dtype=np.float32)[None] + 0.5) / width


def _over(image: Floats, weight: NDArray[Any], join: Callable[[Floats, Floats], Floats]) -> Floats:
    light: Floats = weight.astype(np.float32)
    return join(image, light if image.ndim == 2 else light[..., None])
