"""Is all of a JPEG there? What libjpeg only warns about, and those who call it never hear of, is refused here."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.codecs import jpeg_markers as markers
from nircolor.image.codecs.jpeg_markers import Component, JpegFrame, Scan, Tables
from nircolor.image.codecs.jpeg_scan import REMEDY, Marks, Present, check_scan

UNCHECKED = "it is a rare kind of JPEG (arithmetic or lossless coding): whether data is missing has not been checked"

_SCANS = 500  # an honest progressive picture has about ten; each one costs time, however little data it holds
_NEVER = -1


def check(data: bytes, tables: bytes = b"") -> str | None:
    """Follow all entropy-coded data of a JPEG stream; returns a warning for a kind of JPEG where that is not possible.

    ``tables``: a stream of tables alone, as TIFF has it. Raises ``InputError``, which says where data is missing: for
    data that ends early or goes on behind the last block, codes that do not exist, lost restart markers and scans.
    """
    stream = _Stream(data)
    try:
        if tables:
            stream.to_scan(tables, 0)
        return stream.follow()
    except (struct.error, IndexError) as error:
        raise InputError("is damaged: the JPEG header makes no sense", remedy="get a fresh copy") from error


class _Stream:
    """A stream, and what its segments have said so far."""

    def __init__(self, data: bytes) -> None:
        self._data, self._marks, self._tables, self._scans = data, Marks(data), Tables(), 0
        self._frame: JpegFrame | None = None
        self._present: Present = {}
        self._lacking: dict[Component, NDArray[np.int64]] = {}  # bits that each coefficient lacks, (64,)

    def follow(self) -> str | None:
        place = 0
        while True:
            marker, place, content = self.to_scan(self._data, place)
            if self._frame is None:
                raise InputError("is damaged: the JPEG has no frame header", remedy="get a fresh copy")
            if self._frame.kind not in markers.HUFFMAN:
                return UNCHECKED
            if marker == markers.EOI:
                self._finish(self._frame)
                return None
            self._scan(self._frame, markers.scan(content, self._frame), place)
            place = self._marks.end(place)

    def to_scan(self, data: bytes, place: int) -> tuple[int, int, memoryview]:
        """Learn from all segments from ``place`` up to the next scan or the end of the image, which is returned."""
        for marker, behind, content in markers.walk(data, place):
            if marker in markers.FRAMES and self._frame is None:
                self._frame = markers.frame(marker, content)
            elif marker == markers.DHT:
                markers.define(content, self._tables)
            elif marker == markers.DRI:
                (self._tables.restart,) = struct.unpack_from(">H", content)
            elif marker in (markers.SOS, markers.EOI):
                return marker, behind, content
        raise InputError("is truncated: the JPEG ends before its end marker", remedy="get a fresh copy")

    def _scan(self, frame: JpegFrame, scan: Scan, place: int) -> None:
        self._scans += 1
        if self._scans > _SCANS:
            raise InputError(f"is damaged: the JPEG has more than {_SCANS} scans", remedy="get a fresh copy")
        for component, _, _ in scan.components:
            lacking = self._lacking.setdefault(component, np.full(64, _NEVER))[scan.start : scan.end + 1]
            if (np.maximum(lacking, 0) != scan.before).any():
                raise InputError("is damaged: scans of the progressive JPEG are missing", remedy=REMEDY)
            lacking[:] = scan.after
        check_scan(frame, scan, self._tables, self._marks.runs(place), self._present)

    def _finish(self, frame: JpegFrame) -> None:
        """Refuse a picture of which some scans never came: it would be blurred, or lack a channel."""
        if any(self._lacking.get(part, np.full(64, _NEVER)).any() for part in frame.components):
            raise InputError("is damaged: scans of the JPEG are missing", remedy=REMEDY)
