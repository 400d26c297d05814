"""Real files of the formats beyond those of the web, each made with the library that users' files come from."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from image_files import tiff

SMOOTH = (np.add.outer(np.arange(37) * 3, np.arange(53) * 2)).astype(np.uint8)
"""(37, 53) uint8 without edges, so that lossy codecs stay close."""
SMOOTH16 = SMOOTH.astype(np.uint16) * 257


def jp2(pixels: np.ndarray, kind: str = "jp2", **options: Any) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat=kind, **options))


def jxl(pixels: np.ndarray, **options: Any) -> bytes:
    return bytes(imagecodecs.jpegxl_encode(pixels, **{"lossless": True, **options}))


def avif(pixels: np.ndarray, bits: int = 8, **options: Any) -> bytes:
    return bytes(imagecodecs.avif_encode(pixels, **{"level": 100, "bitspersample": bits, **options}))


def heif(pixels: np.ndarray, mode: str, twelve: bool = False, **options: Any) -> bytes:
    import pillow_heif

    stream, before = io.BytesIO(), pillow_heif.options.SAVE_HDR_TO_12_BIT
    pillow_heif.options.SAVE_HDR_TO_12_BIT = twelve
    try:
        file = pillow_heif.from_bytes(mode=mode, size=pixels.shape[1::-1], data=pixels.tobytes())
        file.save(stream, **{"quality": -1, "chroma": 444, **options})  # -1: lossless
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = before
    return stream.getvalue()


def exr(channels: dict[str, np.ndarray], **header: Any) -> bytes:
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage, **header}
    with tempfile.TemporaryDirectory() as folder:
        with OpenEXR.File(header, channels) as file:
            file.write(f"{folder}/x.exr")
        return Path(f"{folder}/x.exr").read_bytes()


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def netpbm(magic: str, pixels: np.ndarray, *words: object, comment: str = "") -> bytes:
    """A binary file with the header ``magic``, width, height and ``words``."""
    header = "\n".join(map(str, (magic, *([f"# {comment}"] if comment else []), *pixels.shape[1::-1], *words)))
    return f"{header}\n".encode() + pixels.tobytes()


BLACK, WHITE = 64, 4095


def dng(mosaic: np.ndarray, **options: Any) -> bytes:
    """(H, W) uint16 samples of a Bayer sensor of 12 bits whose black is 64."""
    matrix = (1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1)
    tags = [
        (50706, 1, 4, b"\1\4\0\0", True),  # version
        (33421, 3, 2, (2, 2), True),  # the filter: red green, green blue
        (33422, 1, 4, b"\0\1\1\2", True),
        (50714, 3, 1, BLACK, True),
        (50717, 3, 1, WHITE, True),
        (50721, 10, 9, matrix, True),
        (50708, 2, 0, "Converted camera", True),
        *options.pop("extratags", ()),
    ]
    return tiff(mosaic, photometric="cfa", metadata=None, extratags=tags, **options)
