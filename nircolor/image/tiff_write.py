"""TIFF output, 8 or 16 bits or float32, RGB or RGBA, written piece by piece; BigTIFF above 4 GB."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

from tifffile import TiffWriter

from nircolor.image import exif, ifd
from nircolor.image.ifd import IfdEntry, IfdLayout
from nircolor.image.info import ImageInfo
from nircolor.image.raster import Samples

_CODECS = {"none": None, "lzw": "lzw", "deflate": "zlib"}
_BIG = 3_900_000_000  # bytes of samples; the rest up to 4 GiB is left for tables and incompressible data


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, uint16 or float32 ``samples`` to ``stream``, which can be read and sought."""
    with TiffPages(stream, samples.nbytes) as pages:
        pages.add(samples, info)


class TiffPages:
    """A TIFF file that grows page by page, each of a size and depth of its own. Use it as a context manager.

    ``stream`` can be read and sought. ``most``: bytes that the samples of all pages may take, which decide on BigTIFF.
    """

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream, self._big = stream, most > _BIG
        self._writer = TiffWriter(stream, bigtiff=self._big, byteorder="<")
        self._layout, self._link = IfdLayout("<", self._big), 8 if self._big else 4  # where the next page is named

    def __enter__(self) -> TiffPages:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, samples: Samples, info: ImageInfo) -> None:
        """Write (H, W, 3 or 4) uint8, uint16 or float32 ``samples`` as the next page."""
        about, directories = exif.split(info.exif) if info.exif else ([], {})
        codec = _CODECS.get(info.compression, "zlib")
        self._writer.write(
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
                *map(_extratag, about),
                *(_placeholder(tag, self._big) for tag in directories),
            ],
        )
        self._append(directories)

    def _append(self, directories: dict[int, list[IfdEntry]]) -> None:
        """Put the nested directories of the last page behind it, and make their placeholders the links to them."""
        offset = ifd.follow(self._stream, self._link, self._layout)
        found, self._link = ifd.read_ifd(self._stream, offset, self._layout, {tag - 1 for tag in directories})
        places = {entry.tag + 1: entry.position for entry in found}
        for tag, entries in directories.items():
            _attach(self._stream, tag, entries, places[tag], self._big)
        self._stream.seek(0, io.SEEK_END)  # where the next page goes


def _extratag(entry: IfdEntry) -> tuple[Any, ...]:
    return entry.tag, entry.kind, entry.count, entry.data, True


def _placeholder(tag: int, big: bool) -> tuple[Any, ...]:
    # tifffile refuses to write links to nested directories; a private tag that sorts to the same place takes their room
    return tag - 1, ifd.LONG8 if big else ifd.LONG, 1, 0, True


def _attach(stream: BinaryIO, tag: int, entries: list[IfdEntry], link: int, big: bool) -> None:
    """Put a nested directory at the end of the file and make the placeholder whose value is at ``link`` lead to it."""
    end = stream.seek(0, io.SEEK_END)
    offset = end + end % 2
    stream.write(bytes(offset - end) + ifd.build_ifd(entries, offset))
    stream.seek(link)
    stream.write(struct.pack("<Q" if big else "<I", offset))
    stream.seek(link - (12 if big else 8))  # where the record of the tag begins, with its number
    stream.write(struct.pack("<H", tag))
