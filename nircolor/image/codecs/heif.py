"""HEIC and HEIF files, 8, 10 or 12 bits: libheif decodes them, by way of pillow-heif (extra ``nircolor[heic]``)."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
import pillow_heif

from nircolor.errors import InputError
from nircolor.image.codecs.avif import to_raster
from nircolor.image.codecs.boxes import still
from nircolor.image.limits import check_size
from nircolor.image.raster import Raster, Request, only_page

_DEPTHS = (8, 10, 12)


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read the main picture of a HEIF file. Samples of 10 and 12 bits stay as they are. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    about = still(data)
    check_size(about.width, about.height, 4 * 2, len(data), ratio=None)
    # nothing is decoded until the pixels are asked for
    file = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, remap_unsupported=True)
    picture: Any = file[file.primary_index]
    width, height = picture.size
    check_size(width, height, 4 * 2, len(data), ratio=None)
    about.bits = picture.info["bit_depth"]
    if about.bits not in _DEPTHS:
        raise InputError(f"has {about.bits} bits a sample, which is not supported", remedy="convert it to TIFF first")
    pixels = np.asarray(picture)
    if pixels.dtype == np.uint16:  # scaled to 16 bits by a shift
        pixels = pixels >> (16 - about.bits)
    raster = to_raster("HEIF", pixels, about, request, upright=True)  # libheif has turned it
    raster.premultiplied = picture.premultiplied_alpha and raster.alpha is not None
    if len(file) > 1:
        raster.warnings.append(f"holds {len(file)} pictures: the main one was read")
    return raster
