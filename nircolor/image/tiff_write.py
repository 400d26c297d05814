"""TIFF output, 8 or 16 bits or float32, RGB or RGBA; BigTIFF above 4 GB. The frame of ``tiff_tiles.py``, too."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

import numpy as np
from tifffile import TiffWriter

from nircolor.image import exif, ifd
from nircolor.image.ifd import IfdEntry
from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_CODECS = {"none": None, "lzw": "lzw", "deflate": "zlib"}
_BIG = 3_900_000_000  # bytes of samples; the rest up to 4 GiB is left for tables and incompressible data
_BIG_LZW = 2_800_000_000  # which may add half


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, uint16 or float32 ``samples`` to ``stream``, which can be read and sought."""
    with TiffWriter(stream, bigtiff=_is_big(samples.nbytes, info), byteorder="<") as writer:
        writer.write(samples, **_options(samples.nbytes, samples.shape[2], info))
    finish(stream, info)


def begin(
    stream: BinaryIO, shape: tuple[int, int, int], dtype: np.dtype[Any], tile: tuple[int, int], info: ImageInfo
) -> None:
    """Write all of a file but its tiles (height and width ``tile``, multiples of 16), of which there are several."""
    size = shape[0] * shape[1] * shape[2] * dtype.itemsize
    count = -(-shape[0] // tile[0]) * -(-shape[1] // tile[1])
    with TiffWriter(stream, bigtiff=_is_big(size, info), byteorder="<") as writer:
        holes = iter([b""] * count)
        writer.write(holes, shape=shape, dtype=dtype, tile=tile, **_options(size, shape[2], info))


def finish(stream: BinaryIO, info: ImageInfo) -> None:
    """The nested directories of EXIF, once everything else is in the file."""
    for tag, entries in _directories(info)[1].items():
        _append(stream, tag, entries)


def _is_big(size: int, info: ImageInfo) -> bool:
    return size > (_BIG_LZW if info.compression == "lzw" else _BIG)


def _options(size: int, channels: int, info: ImageInfo) -> dict[str, Any]:
    codec, (about, directories) = _CODECS.get(info.compression, "zlib"), _directories(info)
    return {
        "photometric": "rgb",
        "extrasamples": ["unassalpha"] if channels == 4 else None,
        "compression": codec,
        "predictor": codec is not None,
        "resolution": info.resolution,
        "resolutionunit": "INCH" if info.resolution else None,
        "iccprofile": info.icc,
        "software": False,
        "metadata": None,
        "extratags": [
            *map(_extratag, (*about, *(info.geo.entries() if info.geo else ()))),
            *(_placeholder(tag, _is_big(size, info)) for tag in directories),
        ],
    }


def _directories(info: ImageInfo) -> tuple[list[IfdEntry], dict[int, list[IfdEntry]]]:
    return exif.split(info.exif) if info.exif else ([], {})


def _extratag(entry: IfdEntry) -> tuple[Any, ...]:
    return entry.tag, entry.kind, entry.count, entry.data, True


def _placeholder(tag: int, big: bool) -> tuple[Any, ...]:
    # tifffile refuses to write links to nested directories; a private tag that sorts to the same place takes their room
    return tag - 1, ifd.LONG8 if big else ifd.LONG, 1, 0, True


def _append(stream: BinaryIO, tag: int, entries: list[IfdEntry]) -> None:
    """Put a nested directory at the end of the file and make the placeholder of ``tag`` the link to it."""
    layout, first = ifd.read_header(stream)
    link = next(entry.position for entry in ifd.read_ifd(stream, first, layout)[0] if entry.tag == tag - 1)
    end = stream.seek(0, io.SEEK_END)
    offset = end + end % 2
    stream.write(bytes(offset - end) + ifd.build_ifd(entries, offset))
    stream.seek(link)
    stream.write(struct.pack("<Q" if layout.big else "<I", offset))
    stream.seek(link - (12 if layout.big else 8))  # where the record of the tag begins, with its number
    stream.write(struct.pack("<H", tag))
