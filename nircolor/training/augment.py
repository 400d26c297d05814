"""From a decoded pair to one training sample: a whole view for the prior, and a tile of it for the RGB branch.

The sample mirrors how a picture is colorized: G_B sees a whole view, reduced to ``size``; G_A sees a tile of the same
view, ``size`` pixels wide too but at a scale of up to ``max_zoom`` times finer, together with the tile's place in the
view.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.training.jitter import Floats, jitter_nir, jitter_rgb, soften
from nircolor.training.overlays import overlay

Window = tuple[slice, slice]
"""Rows and columns."""


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
    blur: float = 0.0  # standard deviation of NIR blur in pixels of the view, at most; every second sample has none
    overlays: float = 0.0  # share of samples with bars, a clock, a blown or a dark part: see overlays.py
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
    nir: NDArray[Any],
    rgb: NDArray[Any],
    config: AugmentConfig,
    rng: np.random.Generator,
    turn: bool = False,
) -> Sample:
    """One random sample of a pair, (H, W) and (H, W, 3), each uint8 or uint16; ``rng`` alone decides which.

    ``turn`` allows quarter turns, and with the mirroring vertical flips: right for pictures from above. ``long_side``
    is not looked at here: pictures are reduced when decoded.
    """
    nir, rgb = _cut(nir, rgb, crop_window(nir.shape, config.crop, rng))
    view_nir, view_rgb = _cut(nir, rgb, view_window(nir.shape, config.min_view, config.stretch, rng))
    zoom = float(np.exp(rng.uniform(0, np.log(max(1.0, min(config.max_zoom, min(view_nir.shape) / config.size))))))
    side = round(config.size * zoom)
    fine_nir, fine_rgb = _flip(_resize(view_nir, side), _resize(view_rgb, side), turn, rng)
    fine = jitter_nir(
        soften(_unit(fine_nir), rng, config.blur * zoom),
        rng,
        gamma=config.gamma,
        gain=config.gain,
        contrast=config.contrast,
        noise=config.noise,
    )
    colours = jitter_rgb(_unit(fine_rgb), rng, exposure=config.exposure, saturation=config.saturation)
    fine, colours = overlay(fine, colours, rng, config.overlays)
    top, left = (int(v) for v in rng.integers(0, side - config.size + 1, 2))
    here = np.s_[top : top + config.size, left : left + config.size]
    box = np.array([top, left, top + config.size, left + config.size], np.float32) / np.float32(side)
    views = _resize(fine, config.size), _resize(colours, config.size)
    return Sample(*views, fine[here], colours[here], box)


def crop_window(shape: tuple[int, ...], side: int, rng: np.random.Generator) -> Window:
    """A random square of ``side``, or as much of it as there is; all where ``side`` is 0."""
    height, width = shape
    if not side or max(height, width) <= side:
        return slice(0, height), slice(0, width)
    return _place(shape, min(height, side), min(width, side), rng)


def view_window(shape: tuple[int, ...], least: float, stretch: float, rng: np.random.Generator) -> Window:
    """A random nearly square part, ``least`` to 1 of the short side wide, at a log aspect ratio up to ``stretch``."""
    height, width = shape
    side = min(height, width) * rng.uniform(least, 1)
    ratio = np.exp(rng.uniform(-1, 1) * stretch / 2)
    h, w = max(1, min(height, round(side * ratio))), max(1, min(width, round(side / ratio)))
    return _place(shape, h, w, rng)


def _place(shape: tuple[int, ...], h: int, w: int, rng: np.random.Generator) -> Window:
    top, left = int(rng.integers(0, shape[0] - h + 1)), int(rng.integers(0, shape[1] - w + 1))
    return slice(top, top + h), slice(left, left + w)


def _cut(nir: NDArray[Any], rgb: NDArray[Any], window: Window) -> tuple[NDArray[Any], NDArray[Any]]:
    return nir[window], rgb[window]


def _flip(
    nir: NDArray[Any], rgb: NDArray[Any], turn: bool, rng: np.random.Generator
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mirrored every second time, and turned by 0 to 3 quarters where ``turn`` allows it."""
    if rng.random() < 0.5:
        nir, rgb = nir[:, ::-1], rgb[:, ::-1]
    if turn:
        quarters = int(rng.integers(4))
        nir, rgb = np.rot90(nir, quarters), np.rot90(rgb, quarters)
    return nir, rgb


def _unit(image: NDArray[Any]) -> Floats:
    return np.asarray(image, np.float32) / np.float32(np.iinfo(image.dtype).max)


def _resize(image: NDArray[Any], side: int) -> NDArray[Any]:
    if image.shape[:2] == (side, side):
        return image
    shrinks = image.shape[0] > side
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized: NDArray[Any] = cv2.resize(image, (side, side), interpolation=method)
    return resized
