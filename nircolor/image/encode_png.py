"""PNG output, 8 or 16 bits, RGB or RGBA.

imagecodecs encodes, because Pillow has no 16-bit RGB; the metadata chunks are added here.
"""

from __future__ import annotations

from typing import BinaryIO

import imagecodecs

from nircolor.image import png_chunks
from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_LEVEL = 4  # of zlib: 2 to 5 % larger than its default of 6, in a third to a half of the time


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8 or uint16 ``samples`` to ``stream``."""
    data = memoryview(imagecodecs.png_encode(samples, level=_LEVEL))
    stream.write(data[: png_chunks.HEADER_END])
    stream.write(png_chunks.metadata(info.icc, info.exif, info.resolution))
    stream.write(data[png_chunks.HEADER_END :])
