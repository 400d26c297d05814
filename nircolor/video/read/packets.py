"""What can be told of encoded frames beside their pixels: whether one is damaged or lost, and when it is shown.

FFmpeg makes up what a damaged frame lacks and often keeps silent, so that some codecs are looked at here.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from nircolor.errors import InputError

if TYPE_CHECKING:
    import av

_FOOTER = 3, 8  # bytes behind a slice of FFV1, without and with a checksum
_SWAPPED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL = 0xFFFFFFFF
_EVERY = ("h264", "hevc")  # codecs of which each packet makes one frame, shown at its time
_BACK, _AHEAD = Fraction(1), Fraction(12 * 3600)  # seconds; times that jump by more are those of another recording


def clock(time: Fraction) -> str:
    """``0:07.250``, ``1:02:07.250``: minutes and seconds from the start of a video, as a player shows them."""
    sign, milliseconds = "-" if time < 0 else "", round(abs(time) * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    told = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{sign}{told}:{rest // 1000:02}.{rest % 1000:03}"


def checker(codec: str, extradata: bytes | None) -> Callable[[bytes], str]:
    """What says of an encoded frame of ``codec`` what is wrong with it, or nothing."""
    if codec == "mjpeg":
        return _jpeg
    return _ffv1 if codec == "ffv1" and extradata else lambda data: ""


def _jpeg(data: bytes) -> str:
    try:
        from nircolor.image.codecs import jpeg_check  # which brings numba

        jpeg_check.check(data)
    except InputError as error:
        return error.reason.removeprefix("is damaged: ")
    return ""


def _ffv1(data: bytes) -> str:
    """RFC 9043, 4.8: each slice ends with its size, and perhaps a checksum of all of it."""
    plain, checked = (list(_slices(data, footer)) for footer in _FOOTER)
    if checked[-1:] == [0]:
        bounds = [len(data), *checked]
        parts = [data[start:end] for end, start in zip(bounds, checked, strict=False)]
        return "" if all(map(_is_sound, parts)) else "a checksum does not fit"
    return "" if plain[-1:] == [0] else "the sizes of its parts make no sense"


def _slices(data: bytes, footer: int) -> Iterator[int]:
    """Where each slice begins, from the last to the first: at 0 where all sizes are right."""
    end = len(data)
    while end >= footer:
        end -= int.from_bytes(data[end - footer : end - footer + 3], "big") + footer
        if end >= 0:
            yield end


def _is_sound(part: bytes) -> bool:
    """CRC-32, its bits the other way round as those of ``zlib``, from 0: that of a whole part is 0."""
    return zlib.crc32(part.translate(_SWAPPED), _ALL) == _ALL


class Lost:
    """Frames that went in and never came out, by their time stamps; of codecs where that means something.

    What comes before the first key frame does not count: a video may begin between two of them.
    """

    def __init__(self, codec: str) -> None:
        self._counts, self._waiting = codec in _EVERY, set[int]()
        self._first: int | None = None

    def went_in(self, packet: av.Packet[Any]) -> None:
        """A packet was handed to the decoder."""
        if not self._counts or packet.pts is None or packet.is_discard:
            return
        if self._first is None and packet.is_keyframe:
            self._first = packet.pts
        if self._first is not None and packet.pts >= self._first:
            self._waiting.add(packet.pts)

    def came_out(self, pts: int | None) -> list[int]:
        """A frame came out (None: the last one has); the time stamps of those that should have come before it."""
        gone = sorted(stamp for stamp in self._waiting if pts is None or stamp <= pts)
        self._waiting.difference_update(gone)
        return [stamp for stamp in gone if stamp != pts]


class Times:
    """Seconds of each frame, which always grow: ``step`` a frame where there are no time stamps."""

    def __init__(self, step: Fraction) -> None:
        self._step, self._shift, self.jumped = step, Fraction(0), False
        self._last: Fraction | None = None

    def next(self, stamp: Fraction | None) -> Fraction:
        """When the next frame is shown; ``stamp``: when it says so."""
        last = self._last
        if last is None:
            self._last = stamp or Fraction(0)
        elif stamp is None:
            self._last = last + self._step
        else:
            if not -_BACK <= stamp + self._shift - last <= _AHEAD:  # FFmpeg takes a step back for counters gone full
                self._shift, self.jumped = last + self._step - stamp, True
            self._last = max(stamp + self._shift, last + self._step / 100)
        return self._last
