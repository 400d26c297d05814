"""Where the samples of a picture go while they come: into the file at once, or into memory until all can be encoded."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import numpy as np

from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

if TYPE_CHECKING:
    from nircolor.image.tiff.write import TiffPages

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
    if format == "TIFF":
        from nircolor.image.tiff.write import TiffPages, is_big

        big = is_big(shape[0] * shape[1] * shape[2] * dtype.itemsize, info.compression)
        return open_page(TiffPages(stream, big), shape, dtype, info)
    return _Collected(shape, dtype, lambda samples: _encoder(format)(stream, samples, info))


def open_page(pages: TiffPages, shape: tuple[int, int, int], dtype: np.dtype[Any], info: ImageInfo) -> Sink:
    """A sink for the next of ``pages``, which is finished before another begins."""
    from nircolor.image.tiff.write import declares_nan

    if is_streamed(shape, "TIFF"):
        from nircolor.image.tiff.tiles import TiledTiff

        sink: Sink = TiledTiff(pages, shape, dtype, info)
    else:
        sink = _Collected(shape, dtype, lambda samples: pages.add(samples, info))
    return _Blank(sink) if declares_nan(shape[2], dtype, info) else sink


def is_streamed(shape: tuple[int, ...], format: str) -> bool:
    """Whether a file is written while its pixels come, and memory does not grow with them."""
    return format == "TIFF" and max(shape[:2]) > _TILE


class _Blank:
    """Hands (h, w, 4) floats on to ``sink``; colours without any opacity become NaN."""

    def __init__(self, sink: Sink) -> None:
        self._sink, self.finish = sink, sink.finish

    def add(self, top: int, left: int, samples: Samples) -> None:
        gone = samples[:, :, 3:] == 0
        self._sink.add(top, left, np.where(gone & (np.arange(4) < 3), np.float32(np.nan), samples))


class _Collected:
    """Samples of 1 to 4 bytes, for encoders that want all of them."""

    def __init__(self, shape: tuple[int, int, int], dtype: np.dtype[Any], encode: Callable[[Samples], None]) -> None:
        self._samples, self._encode = np.empty(shape, dtype), encode

    def add(self, top: int, left: int, samples: Samples) -> None:
        self._samples[top : top + samples.shape[0], left : left + samples.shape[1]] = samples

    def finish(self) -> None:
        self._encode(self._samples)


def _encoder(format: str) -> Encoder:
    # imported here: each brings a library that the other formats do not need
    if format == "PNG":
        from nircolor.image.codecs.png import encode as encoder
    elif format == "JPEG":
        from nircolor.image.codecs.pillow import encode_jpeg as encoder
    elif format == "WEBP":
        from nircolor.image.codecs.webp import encode as encoder
    elif format == "JXL":
        from nircolor.image.codecs.jxl import encode as encoder
    elif format == "AVIF":
        from nircolor.image.codecs.avif import encode as encoder
    else:
        from nircolor.image.codecs.pillow import encode_bmp as encoder
    return encoder
