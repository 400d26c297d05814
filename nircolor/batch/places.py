"""Where pictures are, and where they go: a folder on a disk (disk.py) or on object storage (storage.py).

What the two do differently stands behind one protocol, so that nothing else in this package asks which one it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from nircolor.errors import OutputError

Size = tuple[int, int]
"""Height and width, in pixels."""

Stamp = tuple[int, ...]
"""What changes with the content of a file, known without reading it; empty: nobody knows."""

Sizes = Callable[[str], int | None]
"""Bytes of a file by its name, None where there is none."""

Warn = Callable[[str], None]
"""Gets a line for people."""

LONGEST = 1 << 20
"""Bytes of a line of a log; what follows of a longer one is no line."""

_IGNORED = frozenset({"@eadir", "__macosx"})  # what network drives and archives of macOS leave behind


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path below the folder, its size in bytes, and a number that changes when it does (0: unknown)."""

    name: str
    bytes: int
    changed: int


@dataclass(frozen=True)
class Obstacle:
    """Something that could not be looked at; ``reason`` is one line without the path."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The name of a file. ``look`` says more of it, which may cost a call of the system."""

    name: str
    look: Callable[[], Found | Obstacle]


class Log(Protocol):
    """Lines that are only ever added. While entered it is open for adding, and locked against other batches.

    Entering raises OutputError where the folder cannot be written to, or another batch is at work on it.
    """

    path: Any
    """Where the lines are, for people."""

    def __enter__(self) -> Log: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def size(self) -> int:
        """Bytes, 0 where there is none: what was read is out of date once this changes."""

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """Where each line is, and what it says, oldest first; none where there is no log. Raises OutputError."""

    def add(self, lines: list[str], now: bool) -> None:
        """Add lines. ``now``: they are stored when this returns. Any thread may call it. Raises OutputError."""

    def check(self) -> None:
        """Raises OutputError where what has been added is gone."""


class Place(Protocol):
    """A folder, or a file in it; ``/`` goes below it, ``str`` is how people write it."""

    def __truediv__(self, name: str) -> Place: ...

    @property
    def name(self) -> str:
        """Its last part."""

    # a folder

    def check_source(self) -> None:
        """Raises InputError where this is no folder to read from."""

    def check_target(self) -> None:
        """Raises OutputError or UsageError where this can be no folder to write to; it need not be there."""

    def files(self, recursive: bool, shut: Callable[[str], bool], avoid: Place | None) -> Iterator[Seen | Obstacle]:
        """Every file below, in no order, but for hidden ones, and for folders that are ``shut`` or to ``avoid``.

        Raises InputError where the folder cannot be listed.
        """

    def file(self, name: str) -> Seen:
        """One file, by its path below this folder or its whole path; it need not be there."""

    def sizes(self) -> Sizes:
        """Of files below this folder."""

    def is_same(self, other: Place) -> bool:
        """Whether both are one, which is there."""

    def ignores_case(self) -> bool:
        """Whether ``x.png`` and ``X.PNG`` below it are one file."""

    def log(self, name: str, warn: Warn) -> Log:
        """The log called ``name`` in this folder."""

    def sweep(self, outputs: Iterable[str]) -> None:
        """Remove what a killed batch has left under temporary names beside ``outputs``, inside this folder alone."""

    # a file

    def content(self) -> Path | bytes:
        """What the readers of pictures take. Raises InputError."""

    def stamp(self, bytes: int, changed: int) -> Stamp:
        """Of the file, of which its folder's listing has said ``bytes`` and ``changed``. Raises OSError."""

    def shape(self) -> Size | None:
        """Of a picture, from its header; None where that cannot be told, or would take a request."""

    def size(self) -> int:
        """Bytes. Raises OSError, OutputError."""

    def write(self, save: Callable[[Path | BinaryIO], None]) -> int:
        """Have ``save`` make the file, whole or not at all, folders as needed; its size in bytes. Raises what ``save``
        raises, OSError, OutputError.
        """

    def copy(self, content: Path | bytes, replace: bool) -> int:
        """The same from what ``content`` of another file has returned; an existing file is there to be replaced or an
        error, where that can be told. Raises OutputExistsError too.
        """


def is_hidden(part: str) -> bool:
    """Whether a file or folder of this name is passed over."""
    return part.startswith(".") or part.lower() in _IGNORED


def vanished(log: object) -> OutputError:
    """What to raise where lines of a log are gone."""
    reason = "has vanished while the batch was at work, and outputs may have vanished with it"
    return OutputError(reason, path=str(log), remedy="run the batch again with a new output folder")
