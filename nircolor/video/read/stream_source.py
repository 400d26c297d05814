"""Pictures one after the other in one file, such as raw MJPEG, as a source of frames."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

from nircolor.errors import InputError
from nircolor.image.codecs import streams
from nircolor.image.formats import sniff
from nircolor.image.source import open_source
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream, name_of, read_frame
from nircolor.video.read.daylight import Daylight

RATE = 25.0
"""Frames a second of a file that knows none: what FFmpeg takes."""

_AS_IT_IS = Reading()


class StreamSource:
    """JPEG, PNG, BMP or WebP pictures without any container, each read as ``nircolor colorize`` would.

    Raises InputError where the first one cannot be read.
    """

    def __init__(self, path: Path, reading: Reading = _AS_IT_IS) -> None:
        self._path, self._reading = path, reading
        self.stream = Stream(path, 0, 0, RATE, 0, fps_assumed=True)
        self._data = _map(path)
        try:
            pixels = self._read(1, next(streams.parts(self._data))).image.pixels
        except InputError:
            self.close()
            raise
        self.stream.height, self.stream.width = pixels.shape

    def frames(self) -> Iterator[Frame]:
        """Raises InputError for a picture that cannot be read, whose size is not that of the first, or of colour."""
        return Daylight(self.stream, self._reading).sort(self._all())

    def _all(self) -> Iterator[Frame]:
        for number, part in enumerate(streams.parts(self._data), 1):
            frame = self._read(number, part)
            height, width = frame.image.pixels.shape
            if (height, width) != (self.stream.height, self.stream.width):
                error = InputError(f"is {width} x {height} pixels, unlike those before", remedy="cut it there")
                raise error.within(f"frame {number}").at(self._path)
            yield frame

    def close(self) -> None:
        self._data.close()

    def _read(self, number: int, part: bytes) -> Frame:
        try:
            return read_frame(name_of(number), part, self._reading, self.stream, f"frame {number}")
        except InputError as error:
            raise error.within(f"frame {number}").at(self._path) from error.__cause__


def is_stream(path: Path) -> bool:
    """Whether the file holds pictures one after the other; False for what cannot be read, too."""
    try:
        with open_source(path) as file:
            if sniff(file.read(16)) is None:
                return False
        with _map(path) as data:
            return streams.is_stream(data)
    except (InputError, OSError, ValueError):
        return False


def _map(path: Path) -> mmap.mmap:
    with open_source(path) as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
