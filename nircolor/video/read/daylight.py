"""Day and night in one clip: which frames are in colour, and what becomes of those that are.

Cameras turn to infrared at dusk, and their pictures grey. One frame alone does not tell for certain: there are clocks
and logos in colour, casts, noise of codecs, a chroma that fades over many frames, single frames that fail. So a frame
is judged by how much of its area is in colour, and a switch needs several frames that agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.errors import ColourInputError, InputError, display_name
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream

PASSED = {"copy": "passed on as they are", "grey": "turned grey"}
"""What is said of colour frames that are not colorized, by ``Reading.colours``."""

EVIDENCE = 3
"""Frames that have to agree on a switch: the first of them, and those that follow it."""

NIGHT, DAY = 0.08, 0.12
"""Share of a frame that is in colour: up to the first it is one of the night, from the second on one of the day.
Between the two it goes with the frames before."""

CAST, CHROMA = 16, 8
"""Differences between channels, of 255: a cast of the whole frame is forgiven up to the first; what exceeds the second
is colour."""

_BLOCKS, _CELLS, _SIDE = 24, 4, 8  # blocks a side, means in a block a side, least pixels of a block a side
_EDGE = 8  # the share of the height, at the top and at the bottom, where clocks and logos stand: one part of so many
_TOLD = 10  # switches that are told one by one


def coloured(rgb: NDArray[Any], deep: bool = False) -> float:
    """Share in [0, 1] of the area of (H, W, 3) uint8, uint16 or float in [0, 1] that is in colour, but for an eighth at
    the top and at the bottom.

    A block of the frame is if the median of its means is: thin letters, noise and the edges of a logo do not count.
    ``deep``: the frame may use a part of its range only, so that its brightest thousandth is white.
    """
    chroma = _chroma(rgb, deep)
    cast = np.median(chroma, axis=0)
    if np.ptp(cast) <= CAST:
        chroma = chroma - cast
    return float(np.mean(np.ptp(chroma, axis=1) > CHROMA))


def _chroma(rgb: NDArray[Any], deep: bool) -> NDArray[np.float32]:
    """(blocks, 3): how much more red and blue than green there is in each block, of 255."""
    rows, columns = (min(_BLOCKS, -(-side // _SIDE)) for side in rgb.shape[:2])
    means = cv2.resize(rgb, (columns * _CELLS, rows * _CELLS), interpolation=cv2.INTER_AREA).astype(np.float32)
    peak = float(np.iinfo(rgb.dtype).max) if rgb.dtype.kind == "u" else 1.0
    white = float(np.percentile(means, 99.9)) if deep else peak
    edge = rows // _EDGE
    means, rows = means[edge * _CELLS : (rows - edge) * _CELLS], rows - 2 * edge
    blocks = means.reshape(rows, _CELLS, columns, _CELLS, 3).swapaxes(1, 2).reshape(rows * columns, -1, 3)
    above_green = np.median(blocks - blocks[..., 1:2], axis=1)
    return np.asarray(above_green * np.float32(255 / max(white, 1e-6)), np.float32)


class Daylight:
    """Sorts the frames of one source: those of the night are to be colorized, those of the day are treated as
    ``reading.colours`` says. ``stream`` counts the switches, and the frames that are not to be colorized.
    """

    def __init__(self, stream: Stream, reading: Reading) -> None:
        self._stream, self._reading, self._number = stream, reading, 0
        self._day: bool | None = None

    def sort(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """All ``frames``, in order: those of the day with ``colours``, those of the night without.

        ``EVIDENCE`` frames are in memory. Raises what ``frames`` raise, once those before are out, and ColourInputError
        for a frame of the day that is to be refused.
        """
        for (frame, share), *others in _ahead(frames):
            before, self._number = self._day, self._number + 1
            day = self.judge(share, *(other for _, other in others))
            passed = self._by_day(frame, share) if day else self._by_night(frame, share)
            if before not in (None, day):
                self._tell(frame, day)
            yield passed

    def judge(self, share: float, *ahead: float) -> bool:
        """Whether the next frame is one of the day, by the ``coloured`` share of it and of those that follow it."""
        shares = (share, *ahead)
        if self._day is None:
            self._day = float(np.median(shares)) > (NIGHT + DAY) / 2
        elif self._day:
            self._day = any(share > NIGHT for share in shares)
        else:
            self._day = all(share >= DAY for share in shares)
        return self._day

    def _by_day(self, frame: Frame, share: float) -> Frame:
        if self._reading.colours == "refuse":
            if frame.colours is None:
                return frame
            raise self._refusal(frame, share)
        self._stream.copied += 1
        if self._reading.colours == "copy" and frame.colours is not None:
            return frame
        return replace(frame, colours=np.repeat(frame.image.pixels[..., np.newaxis], 3, axis=2), file=None)

    def _by_night(self, frame: Frame, share: float) -> Frame:
        if share:
            where = f"frame {self._number}" if frame.file is None else display_name(frame.file.name)
            self._stream.remark("is in colour in part, or among grey ones: read as grey, by its luma", where)
        return replace(frame, colours=None, file=None)

    def _refusal(self, frame: Frame, share: float) -> ColourInputError:
        error = ColourInputError(
            f"is a colour picture: {100 * share:.0f} % of its area is in colour",
            remedy="take their luma with `colours=colorize`, or the one that is near-infrared with `band=1`, 2 or 3; "
            "`colours=copy` passes colour pictures on as they are, `colours=grey` makes them grey",
        )
        return error.at(frame.file) if frame.file else error.within(f"frame {self._number}").at(self._stream.path)

    def _tell(self, frame: Frame, day: bool) -> None:
        self._stream.switches += 1
        if self._stream.switches <= _TOLD:
            what = f"colour begins: {PASSED[self._reading.colours]}" if day else "colour ends: colorized from here on"
            self._stream.warnings.append(f"at {self._when(frame)} {what}")

    def _when(self, frame: Frame) -> str:
        seconds = frame.time
        if seconds is None and self._stream.fps:
            seconds = Fraction(self._number - 1) / Fraction(self._stream.fps)
        if seconds is None:
            return display_name(frame.name)
        minutes, rest = divmod(int(seconds), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def _ahead(frames: Iterable[Frame]) -> Iterator[list[tuple[Frame, float]]]:
    """Each frame and its share in colour, with those of the next ones, as many as there are."""
    waiting, fault = list[tuple[Frame, float]](), None
    try:
        for frame in frames:
            waiting.append((frame, _share(frame)))
            if len(waiting) == EVIDENCE:
                yield waiting.copy()
                del waiting[0]
    except InputError as error:  # of ``frames``: those that came before are still to be looked at
        fault = error
    while waiting:
        yield waiting.copy()
        del waiting[0]
    if fault:
        raise fault


def _share(frame: Frame) -> float:
    deep = frame.image.info.dtype != "uint8"
    return 0.0 if frame.colours is None else coloured(frame.colours, deep)
