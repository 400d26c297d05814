"""Where the samples of a picture go while they come: into the file at once, or into memory until all can be encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

import numpy as np

from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_TILE = 512  # pixels: what is no larger is not worth tiles
Encoder = Callable[[BinaryIO, Samples, ImageInfo], None]


class Sink(Protocol):
    """Takes the samples of a picture, whatever their places are, each pixel once."""

    def add(self, top: int, left: int, samples: Samples) -> None:
        """(h, w, C) of one type."""

    def finish(self) -> None:
        """Nothing is missing: complete the file."""


def open_sink(
    stream: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any], format: str, info: ImageInfo
) -> Sink:
    """A sink for (H, W, C) samples of ``dtype``: a large TIFF file is written as they come, all else at the end.

    ``stream``: empty; it can be written, read and sought.
    """
    if is_streamed(shape, format):
        from nircolor.image.tiff_tiles import TiledTiff

        return TiledTiff(stream, shape, dtype, info)
    return _Collected(stream, shape, dtype, _encoder(format), info)


def is_streamed(shape: tuple[int, ...], format: str) -> bool:
    """Whether a file is written while its pixels come, and memory does not grow with them."""
    return format == "TIFF" and max(shape[:2]) > _TILE


class _Collected:
    """Samples of 1 to 4 bytes, for encoders that want all of them."""

    def __init__(
        self, stream: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any], encoder: Encoder, info: ImageInfo
    ) -> None:
        self._stream, self._encoder, self._info = stream, encoder, info
        self._samples = np.empty(shape, dtype)

    def add(self, top: int, left: int, samples: Samples) -> None:
        self._samples[top : top + samples.shape[0], left : left + samples.shape[1]] = samples

    def finish(self) -> None:
        self._encoder(self._stream, self._samples, self._info)


def _encoder(format: str) -> Encoder:
    # imported here: each brings a library that the other formats do not need
    if format == "TIFF":
        from nircolor.image.tiff_write import encode as encoder
    elif format == "PNG":
        from nircolor.image.png import encode as encoder
    elif format == "JPEG":
        from nircolor.image.pillow import encode_jpeg as encoder
    elif format == "WEBP":
        from nircolor.image.webp import encode as encoder
    else:
        from nircolor.image.pillow import encode_bmp as encoder
    return encoder
