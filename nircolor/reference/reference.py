"""A reference: a colour picture that shows what colours there are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError, UsageError
from nircolor.image.quantize import SCALES
from nircolor.reference.matching import View
from nircolor.reference.place import view_of

LONG_SIDE = 1024  # pixels: colours are taken at this size, detail comes from the near-infrared picture
LEAST_SIDE = 64  # pixels, under which there is nothing to compare
_LEAST_CHROMA, _LEAST_COLOURED = 2 / 255, 0.01  # how far channels are apart, in which share of pixels at least
_RANGE = "has values outside 0 to 1, which are no colours of a photograph"
_TONE_MAPPED = "save it tone-mapped, as 8 or 16 bit"


@dataclass(frozen=True)
class Reference:
    """``pixels``: (H, W, 3) float32 sRGB in [0, 1], its longer side at most ``LONG_SIDE``. ``path``: its file."""

    pixels: NDArray[np.float32]
    path: Path | None = None

    @property
    def digest(self) -> str:
        """Equal for equal pixels, to 16 bits."""
        steps = np.rint(self.pixels * np.float32(65535)).astype(np.uint16)
        return hashlib.sha256(repr(steps.shape).encode() + steps.tobytes()).hexdigest()[:12]

    @cached_property
    def view(self) -> View:
        """As it is compared with pictures: once for all of them."""
        return view_of(self.pixels)

    @classmethod
    def of(cls, rgb: NDArray[Any] | Reference, path: Path | None = None) -> Reference:
        """From (H, W, 3) sRGB, uint8, uint16, or float32 in [0, 1], of any size.

        Raises UsageError for another shape or type; InputError for a picture that is tiny, has hardly any colour, or
        has values outside [0, 1].
        """
        if isinstance(rgb, Reference):
            return rgb
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype not in SCALES:
            raise UsageError(f"a reference is (H, W, 3), uint8, uint16 or float32; this is {rgb.shape}, {rgb.dtype}")
        if min(rgb.shape[:2]) < LEAST_SIDE:
            remedy = f"give one of at least {LEAST_SIDE} pixels a side"
            raise _refused(f"is {rgb.shape[1]} x {rgb.shape[0]}, too small for a reference", path, remedy)
        pixels = _reduced(rgb) * np.float32(1 / SCALES[rgb.dtype])
        if not (np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1):
            raise _refused(_RANGE, path, _TONE_MAPPED)
        red, green, blue = np.moveaxis(pixels, 2, 0)
        apart = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
        if (apart >= _LEAST_CHROMA).mean() < _LEAST_COLOURED:
            raise _refused("is grey, and shows no colours", path, "give a colour picture")
        return cls(pixels, path)


def read_reference(path: str | Path) -> Reference:
    """Raises InputError for what is no picture, and for one that shows no colours: see ``Reference.of``."""
    from nircolor.image import read_rgb
    from nircolor.image.tone.floats import CLIPPED

    picture = read_rgb(path)
    if picture.dtype == "float32" and any(CLIPPED in warning for warning in picture.warnings):
        raise _refused(_RANGE, Path(path), _TONE_MAPPED)
    return Reference.of(picture.pixels, Path(path))


def _reduced(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """As it is, or its area average at ``LONG_SIDE``: its values in their own units."""
    scale = LONG_SIDE / max(rgb.shape[:2])
    if scale >= 1:
        return np.asarray(rgb, np.float32)
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)


def _refused(reason: str, path: Path | None, remedy: str) -> InputError:
    if path is None:
        return InputError(reason, option="reference", remedy=remedy)
    return InputError(reason, path=path, remedy=remedy)
