"""What every source of frames is: a video file or a folder of numbered pictures, opened and looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nircolor.image import NirImage

_NO_DIGITS = str.maketrans("", "", "0123456789")


@dataclass(frozen=True)
class Frame:
    """One frame, and the file name that it has, or would have, as a picture of its own."""

    name: str
    image: NirImage


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
    warnings: list[str] = field(default_factory=list)
    """One line each, without the path; some come only while frames are read."""

    def remark(self, text: str, where: str = "") -> None:
        """A warning that many frames may give rise to, told of the first: numbers in it make no difference."""
        kind = text.translate(_NO_DIGITS)
        if kind not in self._told:
            self._told.add(kind)
            self.warnings.append(f"{where}: {text}" if where else text)

    _told: set[str] = field(default_factory=set, init=False)


class Source(Protocol):
    """Where frames come from."""

    stream: Stream

    def frames(self) -> Iterator[Frame]:
        """All frames in order, once. Raises InputError, with the path and the frame, where they cannot go on."""
        ...

    def close(self) -> None: ...
