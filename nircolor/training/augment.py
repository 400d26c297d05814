"""From a decoded pair to one training sample: a whole view for the prior, and a tile of it for the RGB branch.

The sample mirrors how a picture is colorized: G_B sees a whole view, reduced to ``size``; G_A sees a tile of the same
view, ``size`` pixels wide too but at a scale of up to ``max_zoom`` times finer, together with the tile's place in the
view.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths; all distributions are symmetric around 'unchanged'."""

    size: int = 192
    min_view: float = 0.5  # shortest side of a view, as a fraction of the picture's short side
    stretch: float = 0.15  # log aspect ratio
    max_zoom: float = 3.0
    gamma: float = 0.35  # log gamma of the NIR values
    gain: float = 0.3  # log gain of the NIR values
    noise: float = 0.015  # standard deviation of NIR noise, at most
    contrast: float = 0.0  # log gain of the NIR values around their mean
    exposure: float = 0.0  # log gain of the reference
    saturation: float = 0.0  # relative change of the HSV saturation of the reference alone (HAQAGen 4.1: 0.1)
    crop: int = 0  # side of a random square that is cut first out of pictures larger than it (HAQAGen 4.1: 384); 0: off
    long_side: int = 0  # larger pictures are reduced to this long side first (HAQAGen 3.3: 512); 0: off


@dataclass(frozen=True)
class Sample:
    """Arrays of one sample, in [0, 1]; ``box`` is the tile's top, left, bottom, right as fractions of the view."""

    view_nir: Floats  # (size, size)
    view_rgb: Floats  # (size, size, 3)
    nir: Floats  # (size, size)
    rgb: Floats  # (size, size, 3)
    box: Floats  # (4,)


def draw(
    nir: NDArray[np.uint8], rgb: NDArray[np.uint8], config: AugmentConfig, rng: np.random.Generator, turn: bool = False
) -> Sample:
    """One random sample of a pair. ``turn`` allows quarter turns and vertical flips, right for pictures from above."""
    view_nir, view_rgb = _view(nir, rgb, config, rng)
    zoom = float(np.exp(rng.uniform(0, np.log(max(1.0, min(config.max_zoom, min(view_nir.shape) / config.size))))))
    side = round(config.size * zoom)
    fine_nir, fine_rgb = _resize(view_nir, side), _resize(view_rgb, side)
    if rng.random() < 0.5:
        fine_nir, fine_rgb = fine_nir[:, ::-1], fine_rgb[:, ::-1]
    if turn:
        quarters = int(rng.integers(4))
        fine_nir, fine_rgb = np.rot90(fine_nir, quarters), np.rot90(fine_rgb, quarters)
    fine = _expose(_unit(fine_nir), config, rng)
    colours = _unit(fine_rgb)
    if config.exposure:
        colours = np.clip(colours * np.exp(rng.uniform(-1, 1) * config.exposure), 0, 1).astype(np.float32)
    top, left = (int(v) for v in rng.integers(0, side - config.size + 1, 2))
    here = np.s_[top : top + config.size, left : left + config.size]
    box = np.array([top, left, top + config.size, left + config.size], np.float32) / np.float32(side)
    return Sample(_resize(fine, config.size), _resize(colours, config.size), fine[here], colours[here], box)


def _view(
    nir: NDArray[np.uint8], rgb: NDArray[np.uint8], config: AugmentConfig, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A random nearly square part of the picture."""
    height, width = nir.shape
    side = min(height, width) * rng.uniform(config.min_view, 1)
    ratio = np.exp(rng.uniform(-1, 1) * config.stretch / 2)
    h, w = max(1, min(height, round(side * ratio))), max(1, min(width, round(side / ratio)))
    top, left = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    return nir[top : top + h, left : left + w], rgb[top : top + h, left : left + w]


def _unit(image: NDArray[np.generic]) -> Floats:
    return np.asarray(image, np.float32) / np.float32(255)


def _resize(image: NDArray[np.generic], side: int) -> Floats:
    if image.shape[:2] == (side, side):
        return image  # type: ignore[return-value]
    shrinks = image.shape[0] > side
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (side, side), interpolation=method)  # type: ignore[arg-type,return-value]


def _expose(nir: Floats, config: AugmentConfig, rng: np.random.Generator) -> Floats:
    """Another camera, another day: gamma, gain and noise, clipped as a sensor clips."""
    gamma = np.exp(rng.uniform(-1, 1) * config.gamma)
    gain = np.exp(rng.uniform(-1, 1) * config.gain)
    noise = rng.standard_normal(nir.shape, np.float32) * np.float32(rng.uniform(0, config.noise))
    exposed: Floats = np.clip(nir**gamma * gain + noise, 0, 1).astype(np.float32)
    return exposed
