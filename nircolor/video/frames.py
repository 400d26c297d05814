"""What every source of frames is: a video file or a folder of numbered pictures, opened and looked at."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nircolor import picture
from nircolor.errors import ColourInputError, DamagedInputError
from nircolor.image import NirImage, read_rgb
from nircolor.picture import Reading
from nircolor.wording import kind_of

_FAULTS = 10  # lines of one video; a damaged one may give rise to thousands


@dataclass(frozen=True)
class Frame:
    """One frame, and the file name that it has, or would have, as a picture of its own.

    ``colours``, (H, W, 3) float32 in [0, 1]: those of a frame that is passed on instead of being colorized, and
    ``image`` is its luma. ``file``: where such a picture is one already, to be copied.
    """

    name: str
    image: NirImage
    colours: NDArray[np.float32] | None = None
    file: Path | None = None
    time: Fraction | None = None
    """Seconds on the clock of the source; None where frames have no times."""


@dataclass(frozen=True)
class Track:
    """What a container says of its video beside the pixels: all that the output is to keep.

    ``rate``: frames a second in the mean, None where it says none. ``bits``: of a luma sample. ``colour``: primaries,
    transfer and matrix, as numbers of ITU-T H.273, 2 where unspecified. ``tracks``: streams of the container that are
    copied as they are (sound, subtitles), PyAV's own objects.
    """

    time_base: Fraction
    rate: Fraction | None
    start: Fraction
    bits: int
    full_range: bool
    colour: tuple[int, int, int]
    pixel_aspect: Fraction
    metadata: Mapping[str, str]
    tracks: tuple[Any, ...] = ()


@dataclass
class Faults:
    """Damage that does not end the work: a few lines, then their count."""

    count: int = 0
    _lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """``text``: one line that names the time."""
        self.count += 1
        if len(self._lines) < _FAULTS:
            self._lines.append(text)

    @property
    def told(self) -> tuple[str, ...]:
        """One line each."""
        more = self.count - len(self._lines)
        return (*self._lines, *([f"and {more} more places are damaged"] if more else []))


@dataclass
class Stream:
    """What is known of a source before its frames are read."""

    path: Path
    height: int
    width: int
    fps: float | None
    """Frames a second; None where nobody knows."""
    expected: int
    """How many frames there should be; 0 where nobody knows."""
    fps_assumed: bool = False
    """Whether ``fps`` is what is usual, since nobody knows."""
    pixel_aspect: float = 1.0
    """Width of a pixel as it shall be shown, of its height."""
    copied: int = 0
    """Colour frames so far that were passed on, or turned grey, instead of being colorized."""
    switches: int = 0
    """How often the frames so far have changed between day and night."""
    track: Track | None = None
    """None: the source has no container, or one that OpenCV reads, which says little."""
    aside: deque[Any] = field(default_factory=deque)
    """Packets of ``track.tracks`` that the source has come past; the sink takes them away, in order."""
    keeps_aside: bool = True
    """False: nobody takes them away, so none are put there. See ``leave_aside``."""
    catch_up: Callable[[Fraction], None] = lambda until: None
    """Puts aside all that is heard before ``until``, seconds on the clock of the source; called between two frames."""
    faults: Faults = field(default_factory=Faults)
    """What is damaged, by time; the rest goes on."""
    scaled: tuple[int, int] | None = None
    """Height and width of the output, where a sink cannot keep those of the source."""
    is_live: bool = False
    """Whether its frames come when they are seen, so that waiting for them is a delay."""
    dropped: int = 0
    """Frames of a live input that came faster than they were taken."""
    is_given_up: bool = False
    """Whether nobody wants more of its frames, so that waiting for one ends."""
    arrivals: deque[float] = field(default_factory=deque)
    """When each frame of a live input came, by ``time.monotonic``; whoever is done with one takes its own away."""
    warnings: list[str] = field(default_factory=list)
    """One line each, without the path; some come only while frames are read."""
    _seen: int = field(default=0, init=False)

    @property
    def square(self) -> tuple[int, int]:
        """Height and width of the frames with square pixels, none lost: the shorter side of a pixel is drawn out."""
        wide, tall = max(1.0, self.pixel_aspect), max(1.0, 1 / self.pixel_aspect)
        return round(self.height * tall), round(self.width * wide)

    def make_square(self) -> tuple[int, int]:
        """For sinks that cannot say what shape pixels have: the size to scale to, with a remark if that is another."""
        size = self.square
        if size != (self.height, self.width):
            self.scaled = size
            self.remark(
                f"its pixels are not square ({self.pixel_aspect:.3g} times as wide as high): {self.width} x "
                f"{self.height} become {size[1]} x {size[0]} square ones; frames in a folder keep theirs"
            )
        return size

    def leave_aside(self) -> None:
        """For outputs that hold pictures alone: what goes with them is left out, and sound not without a word."""
        self.keeps_aside = False
        self.aside.clear()
        if self.track and any(track.type == "audio" for track in self.track.tracks):
            self.remark("its sound is not kept")

    def told_by(self, other: Stream) -> None:
        """What there is to say of this one is said by ``other`` from now on: both are the same to whoever listens."""
        self.faults, self.warnings, self._kinds = other.faults, other.warnings, other._kinds

    def news(self) -> list[str]:
        """The warnings since the last call."""
        before, self._seen = self._seen, len(self.warnings)
        return self.warnings[before:]

    def remark(self, text: str, where: str = "") -> None:
        """A warning that many frames may give rise to, given for the first: numbers in it make no difference."""
        kind = kind_of(text)
        if kind not in self._kinds:
            self._kinds.add(kind)
            self.warnings.append(f"{where}: {text}" if where else text)

    _kinds: set[str] = field(default_factory=set, init=False)


def name_of(number: int) -> str:
    """File name of a frame that has none, counted from 1."""
    return f"frame_{number:06d}.png"


def grey_of(read: Callable[[Reading], NirImage], reading: Reading) -> tuple[NirImage, bool]:
    """What ``read`` makes of a frame, by its luma where it is in colour; whether its colours have to be looked at.

    The rule for pictures does not decide here: what ``Daylight`` sees in many frames does. Raises what ``read`` raises.
    """
    try:
        return read(reading), reading.colours in ("copy", "grey")
    except ColourInputError:
        return read(replace(reading, colours="colorize")), True


def colours_of(pixels: NDArray[Any]) -> NDArray[np.float32] | None:
    """(H, W, 3) uint8, uint16 or float in [0, 1] -> float32 in [0, 1]; None where the channels are equal."""
    if all(np.array_equal(pixels[..., 0], pixels[..., channel]) for channel in (1, 2)):
        return None
    peak = np.iinfo(pixels.dtype).max if pixels.dtype.kind == "u" else 1
    return np.asarray(pixels / np.float32(peak), np.float32)


def read_frame(name: str, content: Path | bytes, reading: Reading, stream: Stream, where: str) -> Frame:
    """A frame that is stored as a picture: read as ``nircolor colorize`` reads it, with its colours if it has some.

    What is odd about the picture is a remark of ``stream``, as of ``where``. Raises InputError.
    """
    try:
        image, looked_at = grey_of(lambda how: picture.read(content, how), reading)
    except DamagedInputError as error:
        raise error.with_remedy("get a fresh copy") from error.__cause__  # a film of frames with holes is no use
    colours = colours_of(read_rgb(content).pixels) if looked_at else None
    for warning in image.info.warnings:
        stream.remark(warning, where)
    return Frame(name, image, colours, content if colours is not None and isinstance(content, Path) else None)


class Source(Protocol):
    """Where frames come from."""

    stream: Stream

    def frames(self) -> Iterator[Frame]:
        """All frames in order, once. Raises InputError, with the path and the frame, where they cannot go on."""
        ...

    def close(self) -> None: ...
