"""TIFF output, 8 or 16 bits or float32, RGB or RGBA, written piece by piece; BigTIFF above 4 GB."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

from tifffile import TiffWriter

from nircolor.image import exif, ifd
from nircolor.image.ifd import IfdEntry
from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_CODECS = {"none": None, "lzw": "lzw", "deflate": "zlib"}
_BIG = 3_900_000_000  # bytes of samples; the rest up to 4 GiB is left for tables and incompressible data


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, uint16 or float32 ``samples`` to ``stream``, which can be read and sought."""
    about, directories = exif.split(info.exif) if info.exif else ([], {})
    big = samples.nbytes > _BIG
    codec = _CODECS.get(info.compression, "zlib")
    with TiffWriter(stream, bigtiff=big, byteorder="<") as writer:
        writer.write(
            samples,
            photometric="rgb",
            extrasamples=["unassalpha"] if samples.shape[2] == 4 else None,
            compression=codec,
            predictor=codec is not None,
            resolution=info.resolution,
            resolutionunit="INCH" if info.resolution else None,
            iccprofile=info.icc,
            software=False,
            metadata=None,
            extratags=[
                *map(_extratag, (*about, *(info.geo.entries() if info.geo else ()))),
                *(_placeholder(tag, big) for tag in directories),
            ],
        )
    for tag, entries in directories.items():
        _append(stream, tag, entries)


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
