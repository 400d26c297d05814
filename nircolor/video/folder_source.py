"""A folder of numbered pictures as a source of frames."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from nircolor import picture
from nircolor.batch.probe import probe
from nircolor.errors import InputError
from nircolor.image import Stretch
from nircolor.image.formats import by_suffix
from nircolor.image.source import display_name
from nircolor.picture import Reading
from nircolor.video.frames import Frame, Stream

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)  # the last number of a name counts
_NAMED = 3  # gaps that are told
_NO_STRETCH = Stretch()


class FolderSource:
    """``frame_0001.png``, ``frame_0002.png``, ... in order of their numbers, each read as ``nircolor colorize`` would.

    ``stretch`` is best one that depends on no frame: ``Stretch.between``.
    Other files are left out, hidden ones too. Raises InputError where there are no frames, or those of two sequences.
    """

    def __init__(self, folder: Path, band: int | None = None, stretch: Stretch = _NO_STRETCH) -> None:
        self._folder, self._reading = folder, Reading(stretch, band=band)
        self._names = _sequence(folder)
        first = folder / self._names[0][1]
        size = probe(first)
        if size is None:  # reading it tells why
            image = picture.read(first, self._reading)
            size = (image.pixels.shape[0], image.pixels.shape[1])
        self.stream = Stream(folder, *size, None, len(self._names))
        if gaps := _gaps([number for number, _ in self._names]):
            self.stream.remark(gaps)

    def frames(self) -> Iterator[Frame]:
        """Raises InputError for a picture that cannot be read, or whose size is not that of the first."""
        size = None
        for _, name in self._names:
            path = self._folder / name
            image = picture.read(path, self._reading)
            size = size or image.pixels.shape
            if image.pixels.shape != size:
                (height, width), (rows, columns) = size, image.pixels.shape
                raise InputError(
                    f"{display_name(path)}: is {columns} x {rows} pixels, but the first frame is {width} x {height}; "
                    "make all of one size, or use nircolor batch"
                )
            for warning in image.info.warnings:
                self.stream.remark(warning, display_name(name))
            yield Frame(name, image)

    def close(self) -> None:
        """Nothing stays open."""


def _sequence(folder: Path) -> list[tuple[int, str]]:
    """Number and name of each frame, in order."""
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for name in _pictures(folder):
        if match := _NUMBERED.fullmatch(name):
            found.setdefault((match[1], match[3]), []).append((int(match[2]), name))
    if not found:
        raise InputError(f"{display_name(folder)}: has no numbered pictures, such as frame_0001.png; name them so")
    if len(found) > 1:
        first, second = (min(frames)[1] for frames in list(found.values())[:2])
        raise InputError(
            f"{display_name(folder)}: has more than one sequence ({display_name(first)}, {display_name(second)}); "
            "give each a folder of its own, or use nircolor batch"
        )
    (frames,) = found.values()
    return sorted(frames)


def _pictures(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".") and entry.is_file()]
    except OSError as error:
        raise InputError(
            f"{display_name(folder)}: cannot be listed ({error.strerror}); change its permissions"
        ) from error
    return sorted(name for name in names if by_suffix(Path(name)))


def _gaps(numbers: list[int]) -> str:
    """Which numbers are missing, if any are."""
    gaps = [(a + 1, b - 1) for a, b in pairwise(numbers) if b > a + 1]
    if not gaps:
        return ""
    told = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in gaps[:_NAMED])
    more = f" and {len(gaps) - _NAMED} more gaps" if len(gaps) > _NAMED else ""
    return f"frames are missing: {told}{more}; the output goes on without them"
