"""TIFF output, 8 or 16 bits or float32, RGB or RGBA; BigTIFF above 4 GB. The frame of ``tiff_tiles.py``, too."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO

import numpy as np
from tifffile import FileHandle, TiffWriter

from nircolor.image.info import ImageInfo
from nircolor.image.metadata import exif
from nircolor.image.metadata.kept import Metadata
from nircolor.image.raster import Samples
from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import IfdEntry, IfdLayout

_CODECS = {"none": None, "lzw": "lzw", "deflate": "zlib"}
_BIG = 3_900_000_000  # bytes of samples; the rest up to 4 GiB is left for tables and incompressible data
_BIG_LZW = 2_800_000_000  # which may add half
_NAN = (42113, 2, 0, "nan", True)  # GDAL's nodata value


def is_big(size: int, compression: str) -> bool:
    """Whether samples of ``size`` bytes need a BigTIFF."""
    return size > (_BIG_LZW if compression == "lzw" else _BIG)


def declares_nan(channels: int, dtype: np.dtype[Any], info: ImageInfo) -> bool:
    """Whether transparent pixels are to be NaN, which the page declares: of floats GDAL takes no band for a mask."""
    return channels == 4 and dtype.kind == "f" and info.geo is not None


class TiffPages:
    """A TIFF file that grows page by page, each of a size, depth and description of its own.

    ``stream``: empty; it can be written, read and sought. Between pages it is where its file ends.
    """

    def __init__(self, stream: BinaryIO, big: bool) -> None:
        self.stream, self._big = stream, big
        # temporary files are called by a number, which is no name for tifffile
        handle = FileHandle(stream, name="pages")
        self._writer = TiffWriter(handle, bigtiff=big, byteorder="<")  # which has nothing to write when it is closed
        self._layout, self._link = IfdLayout("<", big), 8 if big else 4  # where the next page will be named

    def add(self, samples: Samples, info: ImageInfo) -> None:
        """The next page: (H, W, 3 or 4) uint8, uint16 or float32."""
        self._writer.write(samples, **self._options(samples.shape[2], samples.dtype, info))
        self.finish(info)

    def begin(self, shape: tuple[int, int, int], dtype: np.dtype[Any], tile: tuple[int, int], info: ImageInfo) -> int:
        """All of the next page but its tiles (height and width ``tile``, multiples of 16), of which there are several.

        Returns the offset of its directory; once the tiles are in the file it is to be finished.
        """
        count = -(-shape[0] // tile[0]) * -(-shape[1] // tile[1])
        holes = iter([b""] * count)
        self._writer.write(holes, shape=shape, dtype=dtype, tile=tile, **self._options(shape[2], dtype, info))
        return ifd.follow(self.stream, self._link, self._layout)

    def finish(self, info: ImageInfo) -> None:
        """The nested directories of the page, once everything else of it is in the file."""
        directories = _directories(info)[1]
        offset = ifd.follow(self.stream, self._link, self._layout)
        found, self._link = ifd.read_ifd(self.stream, offset, self._layout, {tag - 1 for tag in directories})
        links = {entry.tag + 1: entry.position for entry in found}
        for tag, entries in directories.items():
            _append(self.stream, tag, entries, links[tag], self._layout)
        self.stream.seek(0, io.SEEK_END)

    def _options(self, channels: int, dtype: np.dtype[Any], info: ImageInfo) -> dict[str, Any]:
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
                *([_NAN] if declares_nan(channels, dtype, info) else []),
                *_packets(info.metadata),
                *(_placeholder(tag, self._big) for tag in directories),
            ],
        }


def _directories(info: ImageInfo) -> tuple[list[IfdEntry], dict[int, list[IfdEntry]]]:
    return exif.split(info.exif) if info.exif else ([], {})


def _packets(metadata: Metadata) -> list[tuple[Any, ...]]:
    found = {ifd.XMP: (1, metadata.xmp), ifd.IPTC: (7, metadata.iptc)}  # bytes, and bytes of any meaning
    return [(tag, kind, len(data), data, True) for tag, (kind, data) in found.items() if data]


def _extratag(entry: IfdEntry) -> tuple[Any, ...]:
    return entry.tag, entry.kind, entry.count, entry.data, True


def _placeholder(tag: int, big: bool) -> tuple[Any, ...]:
    # tifffile refuses to write links to nested directories; a private tag that sorts to the same place takes their room
    return tag - 1, ifd.LONG8 if big else ifd.LONG, 1, 0, True


def _append(stream: BinaryIO, tag: int, entries: list[IfdEntry], link: int, layout: IfdLayout) -> None:
    """Put a nested directory at the end of the file, and make the placeholder whose value is at ``link`` lead to it."""
    end = stream.seek(0, io.SEEK_END)
    offset = end + end % 2
    stream.write(bytes(offset - end) + ifd.build_ifd(entries, offset, layout.big))
    stream.seek(link)
    stream.write(struct.pack("<Q" if layout.big else "<I", offset))
    stream.seek(link - (12 if layout.big else 8))  # where the record of the tag begins, with its number
    stream.write(struct.pack("<H", tag))
