"""JPEG XL files, 1 to 16 bits or float, bare or in boxes: libjxl decodes and encodes them, by way of imagecodecs."""

from __future__ import annotations

import struct
from typing import BinaryIO

import imagecodecs
import numpy as np

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.codecs.boxes import build, walk
from nircolor.image.codecs.jxl_header import JxlHeader, as_srgb, read_header
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata import exif
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick

BARE = b"\xff\x0a"
_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
_EFFORT = 3  # of 9: a tenth larger than the default of 7, in an eighth of the time
_MOST_BITS = 16


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a JPEG XL file. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    code, block, notes = _parts(data)
    header = read_header(code)
    _check(header, len(data))
    pixels = imagecodecs.jpegxl_decode(data)
    colours = 1 if pixels.ndim == 2 or pixels.shape[2] <= 2 else 3
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    alpha = None if header.alpha is None or colours == count else colours
    bands = choose_bands(count, alpha, request.band)
    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32, copy=False)
    raster = Raster("JXL", *pick(pixels, bands), bands.alpha_band, peak=_peak(header, pixels))
    raster.premultiplied = header.premultiplied and bands.alpha is not None
    _describe(raster, header, block)
    raster.warnings += notes
    return raster


def header_of(data: bytes) -> JxlHeader:
    """The header of a whole file, which is one picture of up to 16 bits. Raises ``InputError`` for others."""
    header = read_header(_parts(data)[0])
    _check(header, len(data))
    return header


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8 or uint16, lossless. Values are sRGB: imagecodecs takes no profile."""
    data = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, effort=_EFFORT, usecontainer=True))
    code, _, _ = _parts(data)
    if samples.dtype != np.uint8:  # of which imagecodecs says that they are linear
        code = as_srgb(code)
    stream.write(_SIGNATURE + build(b"ftyp", b"jxl \0\0\0\0jxl "))
    for kind, content in walk(memoryview(data)):
        if kind == b"jxll":  # what a decoder has to be able to do
            stream.write(build(kind, bytes(content)))
    if info.exif:
        stream.write(build(b"Exif", bytes(4) + info.exif))  # where the TIFF structure begins, from behind this number
    stream.write(build(b"jxlc", code))


def _parts(data: bytes) -> tuple[bytes, bytes | None, list[str]]:
    """The codestream, the EXIF block, and warnings."""
    if data.startswith(BARE):
        return data, None, []
    pieces: list[memoryview] = []
    block: bytes | None = None
    notes: list[str] = []
    for kind, content in walk(memoryview(data)):
        if kind in (b"jxlc", b"jxlp"):
            pieces.append(content if kind == b"jxlc" else content[4:])
        elif kind == b"Exif" and len(content) > 4:
            block = bytes(content[4 + struct.unpack_from(">I", content)[0] :])
        elif kind == b"brob" and bytes(content[:4]) == b"Exif":
            notes = ["its EXIF block is compressed (brob) and is not kept"]
    code = b"".join(pieces)
    if not code.startswith(BARE):
        raise InputError("is damaged: the JPEG XL holds no picture", remedy="get a fresh copy")
    return code, block, notes


def _check(header: JxlHeader, stored: int) -> None:
    if header.animated:
        raise InputError("is an animated JPEG XL", remedy="extract one picture first")
    if not header.floating and header.bits > _MOST_BITS:
        raise InputError(
            f"has {header.bits} bits a sample, which is not supported", remedy="convert it to 8 or 16 bits first"
        )
    channels = header.extra + (1 if header.grey else 3)
    # libjxl computes in floats; no bound on the ratio, since a flat picture of any size takes some bytes
    check_size(header.width, header.height, 4 * channels, stored, ratio=None)


def _peak(header: JxlHeader, pixels: Samples) -> float:
    return 1.0 if pixels.dtype.kind == "f" else float(2**header.bits - 1)


def _describe(raster: Raster, header: JxlHeader, block: bytes | None) -> None:
    if not header.floating and 8 < header.bits < _MOST_BITS:
        raster.bits = header.bits
    if header.icc:
        what = "the ICC profile of a JPEG XL cannot be read and is not kept"
        raster.warnings.append(f"{what}; if it looks wrong convert it to sRGB first")
    else:
        raster.icc, notes = coding.settle("JPEG XL", *header.space)
        raster.warnings += notes
    tags = exif.tidy(block)  # the orientation is that of the codestream, and applied: that of EXIF does not count
    raster.exif = tags.block
    raster.warnings += [tags.warning] if tags.warning else []
