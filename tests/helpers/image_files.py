"""Real picture files made with the libraries that users' files come from."""

from __future__ import annotations

import io
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image, ImageCms

HEIGHT, WIDTH = 37, 53
RAMP = (np.add.outer(np.arange(HEIGHT) * 3, np.arange(WIDTH) * 2) % 256).astype(np.uint8)
RAMP16 = RAMP.astype(np.uint16) * 257 - np.arange(WIDTH, dtype=np.uint16)[::-1]
RAMP_FLOAT = (RAMP16 / 65535).astype(np.float32)

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GREY_PROFILE = bytes(imagecodecs.cms_profile("gray", gamma=2.2))


def rgb(plane: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 3) with three equal channels."""
    return np.dstack([plane] * 3)


def tiff(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def tiff_pages(*pages: np.ndarray, subfiletype: int = 0) -> bytes:
    """A TIFF with several pages; the later ones are marked with ``subfiletype``."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for index, page in enumerate(pages):
            writer.write(page, metadata=None, subfiletype=subfiletype if index else 0)
    return stream.getvalue()


def png(pixels: np.ndarray) -> bytes:
    return bytes(imagecodecs.png_encode(pixels))


def pillow(format: str, pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format, **options)
    return stream.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """An EXIF block as cameras write it: maker, exposure, pixel size, place."""
    block = Image.Exif()
    block[274] = orientation
    block[271] = "Maker of cameras"
    block.get_ifd(0x8769)[33434] = 0.004
    block.get_ifd(0x8769)[40962] = WIDTH
    block.get_ifd(0x8769)[40963] = HEIGHT
    block.get_ifd(0x8825)[1] = "N"
    return block


def exif_bytes(orientation: int = 1) -> bytes:
    """The block without its ``Exif`` prefix."""
    return exif(orientation).tobytes().removeprefix(b"Exif\0\0")


def samples() -> dict[str, bytes]:
    """One small valid file for each kind of content the decoders tell apart."""
    return {
        "png 8": pillow("PNG", RAMP, exif=exif(6), dpi=(300, 300)),
        "png 16": png(RAMP16),
        "png alpha 16": png(np.dstack([RAMP16, RAMP16])),
        "png rgba": png(np.dstack([RAMP] * 4)),
        "jpeg grey": pillow("JPEG", RAMP, exif=exif(6)),
        "jpeg rgb": pillow("JPEG", rgb(RAMP), progressive=True, icc_profile=SRGB),
        "webp lossy": pillow("WEBP", rgb(RAMP), exif=exif(6)),
        "webp lossless": pillow("WEBP", np.dstack([RAMP] * 4), lossless=True),
        "bmp 8": pillow("BMP", RAMP),
        "bmp 24": pillow("BMP", rgb(RAMP)),
        "bmp 1": pillow("BMP", RAMP > 128),
        "tiff 8": tiff(RAMP, rowsperstrip=10),
        "tiff 16 deflate": tiff(RAMP16, compression="zlib", predictor=True, rowsperstrip=10),
        "tiff 16 lzw tiled": tiff(RAMP16, compression="lzw", tile=(16, 32)),
        "tiff float": tiff(RAMP_FLOAT, compression="zlib", predictor=True),
        "tiff jpeg": tiff(RAMP, compression="jpeg", rowsperstrip=16),
        "tiff rgba packbits": tiff(np.dstack([RAMP] * 4), photometric="rgb", compression="packbits"),
        "tiff zstd big-endian": tiff(RAMP16, compression="zstd", byteorder=">"),
        "bigtiff": tiff(RAMP16, bigtiff=True),
        "tiff 1 bit": tiff(RAMP > 128),
        "tiff planar": tiff(np.stack([RAMP] * 3), photometric="rgb", planarconfig="separate", compression="zlib"),
    }
