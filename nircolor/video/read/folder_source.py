"""A folder of numbered pictures as a source of frames."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from nircolor.batch.probe import probe
from nircolor.errors import InputError, display_name
from nircolor.image.formats import picture_suffixes
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream, read_frame
from nircolor.video.read.daylight import Daylight

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)  # the last number of a name counts
_NAMED = 3  # gaps, or files, that are named
_AS_IT_IS = Reading()


class FolderSource:
    """``frame_0001.png``, ``frame_0002.png``, ... in order of their numbers, each read as ``nircolor colorize`` would.

    Other files are left out, hidden ones too. Raises InputError where there are no frames, or those of two sequences.
    """

    def __init__(self, folder: Path, reading: Reading = _AS_IT_IS) -> None:
        self._folder, self._reading = folder, reading
        self._names, others = _sequence(folder)
        first = folder / self._names[0][1]
        size = probe(first)
        if size is None:  # reading it says why
            height, width = self._read(first, Stream(folder, 0, 0, None, 0)).image.pixels.shape
            size = (height, width)
        self.stream = Stream(folder, *size, None, len(self._names))
        if others:
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            named = ", ".join(display_name(name) for name in others[:_NAMED])
            self.stream.remark(f"pictures without a number are left out: {named}{more}")
        if gaps := _gaps([number for number, _ in self._names]):
            self.stream.remark(gaps)

    def frames(self) -> Iterator[Frame]:
        """Raises InputError for a picture that cannot be read, whose size is not that of the first, or of colour."""
        return Daylight(self.stream, self._reading).sort(self._all())

    def _all(self) -> Iterator[Frame]:
        size = None
        for _, name in self._names:
            path = self._folder / name
            frame = self._read(path, self.stream)
            shape = frame.image.pixels.shape
            size = size or shape
            if shape != size:
                (height, width), (rows, columns) = size, shape
                raise InputError(
                    f"is {columns} x {rows} pixels, but the first frame is {width} x {height}",
                    path=path,
                    remedy="make all of one size, or use nircolor batch",
                )
            yield frame

    def close(self) -> None:
        """Nothing stays open."""

    def _read(self, path: Path, stream: Stream) -> Frame:
        return read_frame(path.name, path, self._reading, stream, display_name(path.name))


def _sequence(folder: Path) -> tuple[list[tuple[int, str]], list[str]]:
    """Number and name of each frame, in order; names of pictures that have no number."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    others: list[str] = []
    for name in _pictures(folder):
        if match := _NUMBERED.fullmatch(name):
            found.setdefault((match[1], match[3]), []).append((int(match[2]), name))
        else:
            others.append(name)
    if not found:
        reason = "has no numbered pictures, such as frame_0001.png"
        raise InputError(reason, path=folder, remedy="name them so")
    if len(found) > 1:
        first, second = (min(frames)[1] for frames in list(found.values())[:2])
        raise InputError(
            f"has more than one sequence ({display_name(first)}, {display_name(second)})",
            path=folder,
            remedy="give each a folder of its own, or use nircolor batch",
        )
    (frames,) = found.values()
    return sorted(frames), others


def _pictures(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()]
    except OSError as error:
        reason = f"cannot be listed ({error.strerror})"
        raise InputError(reason, path=folder, remedy="change its permissions") from error
    suffixes = picture_suffixes()
    return sorted(name for name in names if Path(name).suffix.lower() in suffixes)


def _gaps(numbers: list[int]) -> str:
    """Which numbers are missing, if any are."""
    gaps = [(a + 1, b - 1) for a, b in pairwise(numbers) if b > a + 1]
    if not gaps:
        return ""
    named = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in gaps[:_NAMED])
    more = f" and {len(gaps) - _NAMED} more gaps" if len(gaps) > _NAMED else ""
    return f"frames are missing: {named}{more}; the output goes on without them"
