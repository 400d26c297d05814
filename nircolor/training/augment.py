"""From a decoded pair to one training sample: a whole view for the prior, and a tile of it for the RGB branch.

The sample mirrors how a picture is colorized: G_B sees a whole view, reduced to ``size``; G_A sees a tile of the same
view, ``size`` pixels wide too but at a scale of up to ``max_zoom`` times finer, together with the tile's place in the
view.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.bounds import AT_LEAST_1, FRACTION, SHARE
from nircolor.training.overlays import Floats, overlay

Window = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class AugmentConfig:
    """Strengths; all distributions are symmetric around 'unchanged'."""

    size: int = field(default=192, metadata=AT_LEAST_1)
    # shortest side of a view, as a fraction of the picture's short side
    min_view: float = field(default=0.5, metadata=SHARE)
    stretch: float = 0.15  # log aspect ratio
    max_zoom: float = field(default=3.0, metadata=AT_LEAST_1)
    gamma: float = 0.35  # log gamma of the NIR values
    gain: float = 0.3  # log gain of the NIR values
    noise: float = 0.015  # standard deviation of NIR noise, at most
    contrast: float = 0.0  # log gain of the NIR values around their mean
    exposure: float = 0.0  # log gain of the reference
    blur: float = 0.0  # standard deviation of NIR blur in pixels of the view, at most; every second sample has none
    # share of samples with bars, a clock, a blown or a dark part: see overlays.py
    overlays: float = field(default=0.0, metadata=FRACTION)
    # relative change of the HSV saturation of the reference alone (HAQAGen 4.1: 0.1)
    saturation: float = field(default=0.0, metadata=FRACTION)
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


def jitter_nir(
    nir: Floats, rng: np.random.Generator, *, gamma: float, gain: float, contrast: float, noise: float
) -> Floats:
    """Random gamma, gain, contrast around the picture's mean, and noise, clipped as a sensor clips.

    ``nir``: (H, W) in [0, 1]. ``gamma``, ``gain`` and ``contrast`` are logarithms of the largest factor; ``noise`` is
    the largest standard deviation.
    """
    exponent, factor = (_factor(strength, rng) for strength in (gamma, gain))
    exposed = nir**exponent * factor
    if contrast:
        exposed = adjust_contrast(exposed, _factor(contrast, rng))
    if noise:
        exposed = exposed + rng.standard_normal(nir.shape, np.float32) * np.float32(rng.uniform(0, noise))
    clipped: Floats = np.clip(exposed, 0, 1)
    return clipped


def soften(nir: Floats, rng: np.random.Generator, blur: float) -> Floats:
    """A Gaussian blur of at most ``blur`` pixels, as cheap lenses have it, on every second picture."""
    if not blur or rng.random() < 0.5:
        return nir
    softened = cv2.GaussianBlur(nir, (0, 0), max(0.1, rng.uniform(0, blur)))
    return np.asarray(softened, np.float32)


def jitter_rgb(rgb: Floats, rng: np.random.Generator, *, exposure: float, saturation: float) -> Floats:
    """Random exposure and saturation of a reference, (H, W, 3) in [0, 1].

    ``exposure`` is the logarithm of the largest gain, ``saturation`` the largest relative change of HSV saturation
    (HAQAGen section 4.1: 0.1).
    """
    if exposure:
        rgb = np.clip(rgb * _factor(exposure, rng), 0, 1)
    if saturation:
        rgb = adjust_saturation(rgb, 1 + rng.uniform(-1, 1) * saturation)
    return rgb


def adjust_contrast(nir: Floats, factor: float) -> Floats:
    """Distances from the mean times ``factor``; the result may leave [0, 1]."""
    mean = nir.mean(dtype=np.float64)
    adjusted: Floats = (nir - np.float32(mean)) * np.float32(factor) + np.float32(mean)
    return adjusted


def adjust_saturation(rgb: Floats, factor: float) -> Floats:
    """HSV saturation times ``factor``, at most 1; hue and value stay. ``rgb``: (H, W, 3) in [0, 1].

    S = (max - min) / max, so that moving all channels away from the largest by one factor changes nothing but S.
    """
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    value = np.maximum(np.maximum(red, green), blue)
    spread = value - np.minimum(np.minimum(red, green), blue)
    most = np.divide(value, spread, out=np.ones_like(value), where=spread > 0)  # brings the smallest channel to 0
    scale = np.minimum(most, np.float32(max(0.0, factor)))
    adjusted: Floats = value[..., None] - (value[..., None] - rgb) * scale[..., None]
    return np.maximum(adjusted, 0, out=adjusted)


def _factor(strength: float, rng: np.random.Generator) -> float:
    """Between exp(-strength) and exp(strength), as likely above 1 as below."""
    return math.exp(rng.uniform(-1, 1) * strength)
