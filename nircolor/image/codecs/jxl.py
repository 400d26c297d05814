"""JPEG XL files, 1 to 16 bits or float, bare or in boxes: libjxl decodes and encodes them, by way of imagecodecs."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

import imagecodecs
import numpy as np

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.codecs.boxes import build, exif_of, find, walk
from nircolor.image.codecs.jxl_header import JxlHeader, as_srgb, read_header
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata import exif
from nircolor.image.metadata.kept import gather
from nircolor.image.metadata.xmp_scan import MAX_BYTES
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick

BARE = b"\xff\x0a"
_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
_EFFORT = 3  # of 9: a tenth larger than the default of 7, in an eighth of the time
_MOST_BITS = 16
_HEADER = 8192  # bytes, and there are not so many in it
_EXIF, _XMP = b"Exif", b"xml "


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read a JPEG XL file. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    parts = _parts(data)
    header = read_header(parts.code)
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
    _describe(raster, header, parts)
    return raster


def header_of(data: bytes) -> JxlHeader:
    """The header of a whole file, which is one picture of up to 16 bits. Raises ``InputError`` for others."""
    header = read_header(_parts(data).code)
    _check(header, len(data))
    return header


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Height and width from the header, which lies in the first box of the picture. Raises ``InputError``."""
    code = stream.read(_HEADER)
    if not code.startswith(BARE):
        code = find(stream, b"jxlc", _HEADER) if b"jxlc" in code else find(stream, b"jxlp", _HEADER)[4:]
    header = read_header(code)
    return header.height, header.width


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8 or uint16, lossless. Values are sRGB: imagecodecs takes no profile."""
    data = bytes(imagecodecs.jpegxl_encode(samples, lossless=True, effort=_EFFORT, usecontainer=True))
    code = _parts(data).code
    if samples.dtype != np.uint8:  # of which imagecodecs says that they are linear
        code = as_srgb(code)
    stream.write(_SIGNATURE + build(b"ftyp", b"jxl \0\0\0\0jxl "))
    for kind, content in walk(memoryview(data)):
        if kind == b"jxll":  # what a decoder has to be able to do
            stream.write(build(kind, bytes(content)))
    if info.exif:
        stream.write(build(_EXIF, bytes(4) + info.exif))  # where the TIFF structure begins, from behind this number
    if info.metadata.xmp:
        stream.write(build(_XMP, info.metadata.xmp))
    stream.write(build(b"jxlc", code))


class _Parts(NamedTuple):
    """What the boxes of a file hold."""

    code: bytes
    exif: bytes | None = None
    xmp: bytes | None = None
    lost: tuple[str, ...] = ()


def _parts(data: bytes) -> _Parts:
    if data.startswith(BARE):
        return _Parts(data)
    pieces, about, lost = list[memoryview](), dict[bytes, memoryview](), list[str]()
    for kind, content in walk(memoryview(data)):
        if kind in (b"jxlc", b"jxlp"):
            pieces.append(content if kind == b"jxlc" else content[4:])
        elif kind in (_EXIF, _XMP):
            about.setdefault(kind, content)
        elif kind == b"brob" and (inner := bytes(content[:4])) in (_EXIF, _XMP) and inner not in about:
            about[inner] = _unpacked(content[4:])
            if not about[inner]:
                what = "EXIF block" if inner == _EXIF else "XMP"
                lost.append(f"the {what} is packed, and too large or damaged, and is not kept")
    code = b"".join(pieces)
    if not code.startswith(BARE):
        raise InputError("is damaged: the JPEG XL holds no picture", remedy="get a fresh copy")
    block, packet = about.get(_EXIF, memoryview(b"")), about.get(_XMP)
    return _Parts(code, exif_of(block), bytes(packet) if packet else None, tuple(lost))


def _unpacked(content: memoryview) -> memoryview:
    """What libjxl's tools packed by Brotli; nothing where that is damaged or too large."""
    try:
        return memoryview(imagecodecs.brotli_decode(bytes(content), out=MAX_BYTES))
    except imagecodecs.BrotliError:
        return memoryview(b"")


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


def _describe(raster: Raster, header: JxlHeader, parts: _Parts) -> None:
    if not header.floating and 8 < header.bits < _MOST_BITS:
        raster.bits = header.bits
    if header.icc:
        what = "the ICC profile of a JPEG XL cannot be read and is not kept"
        raster.warnings.append(f"{what}; if it looks wrong convert it to sRGB first")
    else:
        raster.icc, notes = coding.settle("JPEG XL", *header.space)
        raster.warnings += notes
    tags = exif.tidy(parts.exif)  # the orientation is that of the codestream, and applied: that of EXIF does not count
    raster.exif = tags.block
    raster.metadata = gather(tags.block, packet=parts.xmp, lost=parts.lost, turned=header.turned)
    raster.warnings += [tags.warning] if tags.warning else []
