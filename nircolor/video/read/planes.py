"""Samples of a decoded frame as they are stored, and what they mean: grey, red, green and blue, their range."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.image.orient import upright

if TYPE_CHECKING:
    import av

Samples = NDArray[Any]
"""(H, W) uint8 or uint16."""

_AS_STORED = re.compile(r"(?:gray|yuv[aj]?4\d\dp|gbra?p)(?:9|10|12|14|16)?(?:le|be)?")
_FULL, _UNKNOWN = 2, 0  # AVColorRange
_LUMA = {1: (0.2126, 0.0722), 4: (0.3, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114), 7: (0.212, 0.087)} | dict.fromkeys(
    (9, 10), (0.2627, 0.0593)
)
"""Parts of red and blue in luma, by matrix (ITU-T H.273, table 4)."""
_HIGH = 720  # rows from which players take BT.709 where a file does not say
_TURNS = {
    (1, 0, 0, 1): 1,
    (-1, 0, 0, 1): 2,
    (-1, 0, 0, -1): 3,
    (1, 0, 0, -1): 4,
    (0, 1, 1, 0): 5,
    (0, 1, -1, 0): 6,
    (0, -1, -1, 0): 7,
    (0, -1, 1, 0): 8,
}


@dataclass(frozen=True)
class Planes:
    """One plane of grey; luma, blue and red difference, which may be smaller; or red, green and blue (``is_rgb``).

    uint8, or uint16 of which ``bits`` count. ``matrix``: as in H.273.
    """

    samples: tuple[Samples, ...]
    bits: int
    full_range: bool
    is_rgb: bool = False
    matrix: int = 2

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = self.samples[0].shape
        return height, width

    @property
    def is_grey(self) -> bool:
        """Whether there can be no colour in it."""
        return len(self.samples) == 1

    @property
    def is_neutral(self) -> bool:
        """Whether there is no colour in it."""
        if self.is_rgb:
            return all(np.array_equal(self.samples[0], plane) for plane in self.samples[1:])
        return all(bool(np.all(plane == 1 << self.bits - 1)) for plane in self.samples[1:])

    @property
    def peak(self) -> int:
        """The largest value that fits."""
        return (1 << self.bits) - 1

    @property
    def levels(self) -> tuple[int, int]:
        """Black and white of luma, or of red, green and blue, among the stored values."""
        return (0, self.peak) if self.full_range else (16 << self.bits - 8, 235 << self.bits - 8)

    def turned(self, orientation: int) -> Planes:
        """Upright, as of ``image.orient``; the planes lie in memory of their own."""
        samples = tuple(upright(plane, orientation) for plane in self.samples)
        return Planes(samples, self.bits, self.full_range, self.is_rgb, self.matrix)

    def rgb(self, small: bool = False) -> NDArray[np.float32]:
        """(H, W, 3) in [0, 1]. ``small``: in the size of the colours, where that is less."""
        black, white = self.levels
        luma = (self.samples[0].astype(np.float32) - black) / np.float32(white - black)
        if self.is_grey or self.is_rgb:
            others = self.samples[1:] or self.samples * 2
            planes = [luma, *((plane.astype(np.float32) - black) / np.float32(white - black) for plane in others)]
            return np.clip(np.dstack(planes), 0, 1)
        size = self.samples[1].shape[::-1] if small else luma.shape[::-1]
        luma = _resized(luma, size)
        blue, red = (_resized(self._difference(plane), size) for plane in self.samples[1:])
        return np.asarray(np.clip(np.dstack(self._mixed(luma, blue, red)), 0, 1), np.float32)

    def rgb_samples(self) -> NDArray[Any]:
        """(H, W, 3) of the type and the ``bits`` of the samples, full range."""
        if self.is_rgb and self.full_range:
            return np.dstack(self.samples)
        return np.asarray(np.rint(self.rgb() * self.peak).astype(self.samples[0].dtype))

    def _difference(self, plane: Samples) -> NDArray[np.float32]:
        """Colour difference in [-0.5, 0.5]."""
        span = self.peak if self.full_range else 224 << self.bits - 8
        return (plane.astype(np.float32) - (1 << self.bits - 1)) / np.float32(span)

    def _mixed(self, luma: Samples, blue: Samples, red: Samples) -> list[Samples]:
        """Red, green and blue (H.273, equations 38 to 40)."""
        usual = _LUMA[1] if self.shape[0] >= _HIGH else _LUMA[6]
        of_red, of_blue = _LUMA.get(self.matrix, usual)
        r = luma + 2 * (1 - of_red) * red
        b = luma + 2 * (1 - of_blue) * blue
        return [r, (luma - of_red * r - of_blue * b) / (1 - of_red - of_blue), b]


def planes_of(frame: av.VideoFrame) -> Planes:
    """What ``frame`` holds, views of its memory. Formats that are packed or rare are unpacked first.

    Without a word about range, YUV is limited and grey is full, as FFmpeg takes them.
    """
    whole, matrix = frame.color_range, frame.colorspace
    if not _AS_STORED.fullmatch(frame.format.name) or any(plane.line_size < 0 for plane in frame.planes):
        frame = frame.reformat(format=_plain(frame.format))
    name, bits = frame.format.name, frame.format.components[0].bits
    is_rgb, is_grey = name.startswith("gbr"), name.startswith("gray")
    order = (2, 0, 1) if is_rgb else (0,) if is_grey else (0, 1, 2)
    samples = tuple(_samples(frame, index) for index in order)
    full = whole == _FULL or name.startswith("yuvj") or (whole == _UNKNOWN and (is_rgb or is_grey))
    return Planes(samples, bits, full, is_rgb, matrix)


def orientation_of(frame: av.VideoFrame) -> tuple[int, bool]:
    """Which of the eight ways of EXIF it is turned, and whether that is all: its matrix may say any angle."""
    held: Any = frame.side_data.get("DISPLAYMATRIX")
    data = b"" if held is None else bytes(held)
    if len(data) < 36:
        return 1, True
    a, b, _, c, d = (float(value) for value in np.frombuffer(data, np.int32)[:5])
    across, along = (a, d), (b, c)
    straight = max(map(abs, across)) >= max(map(abs, along))
    small, large = (along, across) if straight else (across, along)
    signs = [int(np.sign(value)) for value in large]
    turn = (signs[0], 0, 0, signs[1]) if straight else (0, signs[0], signs[1], 0)
    exact = max(map(abs, small)) <= 0.01 * max(map(abs, large))
    return _TURNS.get(turn, 1), exact and turn in _TURNS


def _plain(format: av.VideoFormat) -> str:
    """The planar format that holds all that ``format`` does but transparency."""
    bits = max(component.bits for component in format.components)
    if format.is_rgb or format.has_palette or format.is_bayer:
        return "gbrp" if bits <= 8 else "gbrp16le"
    if len(format.components) < 3:
        return "gray" if bits <= 8 else "gray16le"
    return "yuv444p" if bits <= 8 else f"yuv444p{bits if bits in (9, 10, 12, 14) else 16}le"


def _samples(frame: av.VideoFrame, index: int) -> Samples:
    plane, name = frame.planes[index], frame.format.name
    wide = frame.format.components[0].bits > 8
    dtype = np.dtype(np.uint16 if wide else np.uint8).newbyteorder(">" if name.endswith("be") else "<")
    rows: Samples = np.frombuffer(memoryview(plane), dtype).reshape(-1, plane.line_size // dtype.itemsize)
    samples = rows[: plane.height, : plane.width]
    return samples if not wide or name.endswith("be") == (sys.byteorder == "big") else samples.astype(np.uint16)


def _resized(plane: NDArray[np.float32], size: tuple[int, ...]) -> NDArray[np.float32]:
    """In ``size`` (width, height)."""
    if plane.shape[::-1] == tuple(size):
        return plane
    smaller = size[0] < plane.shape[1] or size[1] < plane.shape[0]
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR))
