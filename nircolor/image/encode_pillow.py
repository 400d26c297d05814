"""JPEG, WebP and BMP output, 8 bits, by Pillow.

Encoded in memory first: when Pillow itself writes to a full disk, the reason is lost.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

from PIL import Image

from nircolor.image.exif import PREFIX
from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_JPEG_DENSITY = 65535  # JFIF has 16 bits for pixels per inch


def encode_jpeg(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3) uint8 at quality 95 without chroma subsampling (4:4:4): colour is what the picture is for."""
    options: dict[str, Any] = {"quality": 95, "subsampling": 0}
    if info.resolution and all(1 <= round(value) <= _JPEG_DENSITY for value in info.resolution):
        options["dpi"] = info.resolution
    if info.exif:
        options["exif"] = PREFIX + info.exif
    _save(stream, samples, "JPEG", icc_profile=info.icc, **options)


def encode_webp(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, lossless: lossy WebP always halves the resolution of colour."""
    # for lossless files quality is effort: 20 takes a third of the time of the default 80 for the same size;
    # exact keeps the colour of transparent pixels
    _save(stream, samples, "WEBP", lossless=True, quality=20, exact=True, icc_profile=info.icc, exif=info.exif or b"")


def encode_bmp(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3) uint8, uncompressed."""
    _save(stream, samples, "BMP", **({"dpi": info.resolution} if info.resolution else {}))


def _save(stream: BinaryIO, samples: Samples, format: str, **options: Any) -> None:
    encoded = io.BytesIO()
    Image.fromarray(samples).save(encoded, format, **options)
    stream.write(encoded.getbuffer())
