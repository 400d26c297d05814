"""One page of a TIFF file opened by tifffile, at a cost that does not depend on the pages before it.

tifffile reads the first page of whatever it opens, and keeps it. So that each of many pages can be opened alone, it is
given the file as it would be if the chosen page were the first one.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from tifffile import TiffFile, TiffPage

from nircolor.image.tiff import ifd


@contextmanager
def opened(stream: BinaryIO, offset: int, shift: int = 0) -> Iterator[TiffPage]:
    """The page whose directory lies at ``offset`` of the TIFF file in ``stream``, its samples ``shift`` bytes behind
    the place that it names.
    """
    # of the kinds that are denied here tifffile would follow the links from page to page on opening
    led = cast(BinaryIO, _Led(stream, offset))
    with TiffFile(led, is_lsm=False, is_ndpi=False, is_scanimage=False) as file:
        page = file.pages.first
        page.dataoffsets = tuple(start + shift for start in page.dataoffsets)
        yield page


class _Led:
    """``stream``, whose header leads to the directory at ``first``: what tifffile asks of a file."""

    def __init__(self, stream: BinaryIO, first: int) -> None:
        layout, _ = ifd.read_header(stream)
        self.seek, self.tell, self.write, self.flush = stream.seek, stream.tell, stream.write, stream.flush
        self._stream, self._link = stream, 8 if layout.big else 4
        self._end = self._link * 2
        self._first = struct.pack(layout.order + ("Q" if layout.big else "I"), first)
        self.seek(0)

    def read(self, size: int = -1) -> bytes:
        start = self.tell()
        data = self._stream.read(size)
        return data if start >= self._end else self._led(data, start)

    def readinto(self, buffer: Any) -> int:
        place = memoryview(buffer).cast("B")
        data = self.read(len(place))
        place[: len(data)] = data
        return len(data)

    def _led(self, data: bytes, start: int) -> bytes:
        """``data`` as read from ``start``, with the link in it replaced."""
        led = bytearray(data)
        for index, byte in enumerate(self._first, self._link - start):
            if 0 <= index < len(led):
                led[index] = byte
        return bytes(led)
