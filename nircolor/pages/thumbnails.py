"""A picture of any size -> a small JPEG."""

from __future__ import annotations

import base64
import io

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

LONGEST = 512  # pixels of the longer side
_QUALITY = 88


def reduce(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """(H, W) or (H, W, 3) averaged over areas until its longer side is at most ``LONGEST``; never enlarged."""
    height, width = image.shape[:2]
    if max(height, width) <= LONGEST:
        return image
    import cv2

    scale = LONGEST / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def to_bytes(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[0, 1] -> [0, 255], clipped and rounded; what is not a number becomes black."""
    return np.asarray(np.rint(np.clip(np.nan_to_num(image), 0, 1) * np.float32(255)), dtype=np.uint8)


def encode(image: NDArray[np.uint8]) -> bytes:
    """JPEG of (H, W) or (H, W, 3) without chroma subsampling: colour is what the picture is for."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(image).save(stream, "JPEG", quality=_QUALITY, subsampling=0)
    return stream.getvalue()


def data_uri(jpeg: bytes) -> Markup:
    """The file itself as an address: a page with it needs no other file."""
    return Markup("data:image/jpeg;base64,{}").format(Markup(base64.b64encode(jpeg).decode("ascii")))
