"""A video file as a source of near-infrared frames, read by PyAV: their luma as it is stored, and their times."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np

from nircolor.errors import InputError
from nircolor.image import NirImage, NirWindows
from nircolor.image.decode import Reader
from nircolor.image.orient import swaps_axes
from nircolor.image.raster import Raster, choose_bands, pick
from nircolor.image.stored import Arrays
from nircolor.image.survey import Look
from nircolor.image.tone import grey
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream, grey_of, name_of
from nircolor.video.live.wire import LostError, Wire
from nircolor.video.read.av_open import RAW, Film, open_film
from nircolor.video.read.daylight import Daylight
from nircolor.video.read.decoder import RATE, Decoded, Decoder
from nircolor.video.read.packets import clock
from nircolor.video.read.planes import Planes, orientation_of, planes_of

_AS_IT_IS = Reading()


class AvSource:
    """H.264, H.265, motion JPEG, FFV1, ProRes and what else FFmpeg decodes, of a closed list of containers, or raw.

    ``source``: a file, a binary stream such as ``sys.stdin.buffer``, or a live input. Frames are turned upright as
    their metadata say; grey and colour are told apart as by ``FileSource``, but luma is taken as it is stored, with all
    its bits. What is damaged is named in ``stream.faults`` by its time, and the rest goes on. Raises InputError where
    no frame can be read.
    """

    def __init__(self, source: Path | BinaryIO | Wire, reading: Reading = _AS_IT_IS) -> None:
        self._place: Path | str | bytes = source if isinstance(source, Path) else b""
        if isinstance(source, Wire):
            self._place = source.place
        self._reading, self._stack = reading, ExitStack()
        self.stream = Stream(source if isinstance(source, Path) else Path("-"), 0, 0, None, 0)
        self.format = ""
        self.seconds: Fraction | None = None  # that it lasts, where its header says so
        try:
            film = source.open(self._stack) if isinstance(source, Wire) else open_film(source, self._stack)
            decoder = Decoder(film, self.stream)
            self._decoded, self.stream.catch_up = decoder.frames(), decoder.listen
            self._first = next(self._decoded, None)
            if self._first is None:
                raise _nothing(source)
            self._describe(film, self._first.frame, self._first.time)
        except InputError as error:
            self.close()
            raise error.at(self._place) from error.__cause__

    def frames(self) -> Iterator[Frame]:
        """Raises InputError for a frame of colour or another size, and where the video ends too early."""
        try:
            yield from Daylight(self.stream, self._reading).sort(self._all())
        except InputError as error:
            raise error.at(self._place) from error.__cause__

    def _all(self) -> Iterator[Frame]:
        found, number = self._first, 0
        while found is not None:
            number += 1
            yield self._frame(found, number)
            found = next(self._decoded, None)

    def close(self) -> None:
        self._stack.close()

    def _describe(self, film: Film, first: av.VideoFrame, time: Fraction) -> None:
        """Fill in what is known of the video, by its header and its first frame."""
        stream, planes = self.stream, planes_of(first)
        self.format, self.seconds = film.container.format.name, film.seconds
        self._turn, exact = orientation_of(first)
        self._start, turned = time, swaps_axes(self._turn)
        stream.height, stream.width = planes.shape[::-1] if turned else planes.shape
        aspect = 1 / film.pixel_aspect if turned else film.pixel_aspect
        stream.fps, stream.fps_assumed = float(film.rate or RATE), film.kind in RAW
        stream.fps = stream.fps if film.rate or stream.fps_assumed else None
        stream.expected, stream.pixel_aspect = film.expected, float(aspect)
        stream.track = film.track(planes.bits, planes.full_range, aspect)
        if not exact:
            stream.remark("its metadata turn it by an odd angle: it is turned by the nearest right one")
        if film.others:
            stream.remark(f"holds {film.others + 1} videos; the first of its best is read")
        if first.interlaced_frame:
            stream.remark("its frames are interlaced, two moments in one: moving things have combs, which stay")

    def _frame(self, decoded: Decoded, number: int) -> Frame:
        try:
            return self._read(decoded, number)
        except InputError as error:
            raise error.within(f"frame {number} at {clock(decoded.time - self._start)}") from error.__cause__

    def _read(self, decoded: Decoded, number: int) -> Frame:
        planes = planes_of(decoded.frame).turned(self._turn)
        height, width = planes.shape
        if (height, width) != (self.stream.height, self.stream.width):
            remedy = "cut it there" if isinstance(self._place, Path) else "begin again there"
            raise InputError(f"is {width} x {height} pixels, unlike those before", remedy=remedy)
        reading = self._reading
        if decoded.doubtful and reading.band is None:
            reading = replace(reading, colours="colorize")  # damage makes colours that are none
        image, looked_at = grey_of(lambda how: near_infrared(planes, how), reading)
        colours = planes.rgb() if looked_at and not planes.is_neutral else None
        for warning in image.info.warnings:
            self.stream.remark(warning, f"frame {number}")
        return Frame(name_of(number), image, colours, time=decoded.time)


def _nothing(source: object) -> InputError:
    if isinstance(source, Wire):
        return LostError("answers, but no frame comes", remedy="check what it sends")
    return InputError("no frame can be decoded: damaged or unfinished", remedy="get a fresh copy")


def near_infrared(planes: Planes, how: Reading) -> NirImage:
    """A frame as a near-infrared picture: its luma as stored, or the band that is wanted.

    Raises ColourInputError where it has colours that are not welcome, InputError for a band that is not there.
    """
    black, white = planes.levels
    if how.band is not None or planes.is_rgb:
        stack = planes.samples[0] if planes.is_grey else planes.rgb_samples()
        samples, _ = pick(stack, choose_bands(1 if planes.is_grey else 3, None, how.band))
        black, white, told = (black, white, []) if planes.is_grey else (0, planes.peak, list[str]())
    else:
        samples = [planes.samples[0]]
        told = [] if how.colours == "colorize" else colour_remarks(planes)
    if white < planes.peak and how.stretch.kind != "range":
        samples = [np.minimum(samples[0], white)]  # what lies above is overshoot of a codec, of which nobody need hear
    raster = Raster("PNG", samples, black=float(black), peak=float(white), noisy=True, warnings=told)
    return NirWindows(Reader(Arrays(raster)), Look(how.stretch, how.equalize, how.colours == "colorize")).whole()


def colour_remarks(planes: Planes) -> list[str]:
    """What there is to say of the colours of a frame that counts as grey. Raises ColourInputError for another."""
    if planes.is_neutral:
        return []
    small = np.rint(planes.rgb(small=True) * 255).astype(np.uint8)
    channels = grey.Channels(small.shape[:2], small.dtype)
    channels.add([small[..., index] for index in range(3)], None)
    return grey.remark(channels.shares(), True, None)
