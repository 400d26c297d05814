"""A video file as a source of near-infrared frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image import NirImage, NirWindows, formats
from nircolor.image.decode import Reader
from nircolor.image.raster import Raster, choose_bands, pick
from nircolor.image.source import open_source
from nircolor.image.stored import Arrays
from nircolor.image.survey import Look
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream, colours_of, grey_of, name_of
from nircolor.video.read.container import HEAD, has_sound, sniff
from nircolor.video.read.daylight import Daylight
from nircolor.video.read.motion_jpeg import MotionJpeg
from nircolor.video.read.opencv import is_grey16, open_capture, pixel_aspect, sample_bits

_MOST_FPS = 1000
_AS_IT_IS = Reading()
_SLACK = 1  # frames that a header may promise too many


class FileSource:
    """MP4, MOV, AVI, MKV, WebM and a few more, as FFmpeg in OpenCV reads them; rotated as their metadata says.

    A frame with three channels has to be grey, as ``Daylight`` sees it, unless ``reading.band`` (1 red, 2 green, 3
    blue) chooses one or ``reading.colours`` says what becomes of colour. Raises InputError where no frame can be read.
    """

    def __init__(self, path: Path, reading: Reading = _AS_IT_IS) -> None:
        self._path, self._reading = path, reading
        sound, self._stored = _look(path), MotionJpeg(path)
        self._capture = open_capture(path)
        self._bits = sample_bits(self._tag())
        if is_grey16(self._tag()):
            self._capture.release()
            self._capture = open_capture(path, native=True)
        self._first = self._read()
        if self._first is None:
            self.close()
            raise InputError("no frame can be read: damaged, unfinished or of a codec that FFmpeg lacks", path=path)
        fps, count = self._number(cv2.CAP_PROP_FPS), self._number(cv2.CAP_PROP_FRAME_COUNT)
        height, width = self._first.shape[:2]
        rate = fps if 0 < fps <= _MOST_FPS else None
        self.stream = Stream(path, height, width, rate, max(0, round(count)))
        self.stream.pixel_aspect = pixel_aspect(self._capture)
        self._remark(sound)

    def frames(self) -> Iterator[Frame]:
        """Raises InputError for a frame of colour or another size, and where the video ends too early."""
        return Daylight(self.stream, self._reading).sort(self._all())

    def _all(self) -> Iterator[Frame]:
        clock, pixels, number = _Clock(self.stream.fps), self._first, 0
        while pixels is not None:
            number += 1
            self._stored.look(number)
            clock.tick(self._number(cv2.CAP_PROP_POS_MSEC))
            yield self._frame(pixels, number)
            pixels = self._read()
        if clock.is_uneven:
            self.stream.remark("its frame rate changes; the output has a constant one, so the times shift")
        if damage := self._stored.remark():
            self.stream.remark(damage)
        if number < self.stream.expected - max(_SLACK, self.stream.expected // 100):
            reason = f"ends after {number} of {self.stream.expected} frames: damaged"
            raise InputError(reason, path=self._path, remedy="get a fresh copy")

    def close(self) -> None:
        self._capture.release()
        self._stored.close()

    def _remark(self, sound: bool | None) -> None:
        if sound is not False:
            self.stream.remark("its sound is not kept" if sound else "its sound, if it has any, is not kept")
        if self._bits > 8 and self._first is not None and self._first.dtype != np.uint16:
            self.stream.remark(f"its {self._bits} bits a sample are read as 8")

    def _tag(self) -> int:
        return int(self._number(cv2.CAP_PROP_CODEC_PIXEL_FORMAT)) & 0xFFFFFFFF

    def _number(self, what: int) -> float:
        value = float(self._capture.get(what))
        return value if np.isfinite(value) else 0.0

    def _read(self) -> NDArray[Any] | None:
        try:
            found, pixels = self._capture.read()
        except cv2.error:  # a frame that its decoder cannot make sense of
            return None
        return pixels if found else None

    def _frame(self, pixels: NDArray[Any], number: int) -> Frame:
        try:
            if pixels.shape[:2] != (self.stream.height, self.stream.width):
                reason = f"is {pixels.shape[1]} x {pixels.shape[0]} pixels, unlike those before"
                raise InputError(reason, remedy="cut it there")
            return self._read_frame(pixels, number)
        except InputError as error:
            raise error.within(f"frame {number}").at(self._path) from error.__cause__

    def _read_frame(self, pixels: NDArray[Any], number: int) -> Frame:
        image, looked_at = grey_of(lambda how: _grey(pixels, how), self._reading)
        colours = colours_of(pixels[..., ::-1]) if looked_at and pixels.ndim == 3 else None
        for warning in image.info.warnings:
            self.stream.remark(warning, f"frame {number}")
        return Frame(name_of(number), image, colours)


class _Clock:
    """Whether frames come at a constant rate, judged by their times."""

    def __init__(self, fps: float | None) -> None:
        self.is_uneven = False
        self._step, self._count, self._start = 1000 / fps if fps else 0.0, 0, 0.0

    def tick(self, milliseconds: float) -> None:
        self._start = self._start if self._count else milliseconds
        late = milliseconds - self._start - self._count * self._step
        self.is_uneven |= milliseconds > 0 and self._step > 0 and abs(late) > 2 * self._step
        self._count += 1


def _look(path: Path) -> bool | None:
    """Whether there is sound. Raises InputError for what is no video."""
    try:
        with open_source(path) as stream:
            head = stream.read(HEAD)
            container = sniff(head)
            if container:
                return has_sound(stream, container)
    except InputError as error:
        raise error.at(path) from error.__cause__
    if not head:
        raise InputError("is empty (0 bytes)", path=path, remedy="get a fresh copy")
    if formats.sniff(head):
        raise _is_picture(head).at(path)
    raise InputError("is no video of a supported format", path=path, remedy="convert it to MP4, MKV or AVI")


def _is_picture(head: bytes) -> InputError:
    """What to say of a file that begins as a picture does."""
    format = formats.sniff(head)
    if (format == "PNG" and b"acTL" in head) or (format == "WEBP" and head[12:16] == b"VP8X" and head[20] & 2):
        remedy = "save its frames as numbered pictures and give their folder"
        return InputError(f"is an animated {format}", remedy=remedy)
    return InputError("is one picture", remedy="use nircolor colorize")


def _grey(pixels: NDArray[Any], how: Reading) -> NirImage:
    """(H, W) or (H, W, 3) BGR, uint8 or uint16 -> a near-infrared picture. Raises InputError, without the path."""
    stack = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    planes, _ = pick(stack, choose_bands(3 if pixels.ndim == 3 else 1, None, how.band))
    raster = Raster("PNG", planes, peak=float(np.iinfo(pixels.dtype).max), noisy=True)
    return NirWindows(Reader(Arrays(raster)), Look(how.stretch, how.equalize, how.colours == "colorize")).whole()
