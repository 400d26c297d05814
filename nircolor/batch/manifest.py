"""The manifest of an output folder: a line of JSON for each picture, only ever added to, on the disk before work goes
on. Whatever ends the process, all lines but the last are whole, and a torn last one is passed over."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from threading import Lock
from types import TracebackType

from nircolor.batch import parts
from nircolor.batch.lock import lock
from nircolor.batch.parts import Parts, vanished
from nircolor.batch.remote import Place, Remote
from nircolor.batch.row import Row
from nircolor.errors import OutputError, display_name
from nircolor.files import clear_leftovers
from nircolor.small_file import open_regular

NAME = "nircolor-batch.jsonl"

_LONGEST = 1 << 20  # bytes of a line
_NAMED = 3  # odd lines that are named one by one
_log = logging.getLogger("nircolor")


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of an output that a batch has made or begun, which makes it ours to replace."""

    finished: bool = False
    """False: begun, and nobody knows how far it came."""
    sha256: str | None = None
    """Of the input that the output was made of; None when there is no output to rely on."""
    stamp: tuple[int, ...] = ()
    output_bytes: int = 0
    made_with: str = ""


class Manifest:
    """Open for adding, and locked against other batches, while entered.

    Raises OutputError when the folder cannot be written to, or another batch is at work on it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / NAME
        self._guard = Lock()

    def __enter__(self) -> Manifest:
        name = display_name(self.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("a+b")
        except OSError as error:
            remedy = "check its permissions or choose another output folder"
            raise OutputError(f"{name}: cannot be written to ({error.strerror}); {remedy}") from error
        if not lock(self._stream):
            self._stream.close()
            remedy = "wait for it, or choose another output folder"
            raise OutputError(f"{name}: another nircolor batch is at work on this folder; {remedy}")
        self._mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been told already
            self._stream.close()

    @property
    def size(self) -> int:
        """Bytes; see ``size``."""
        return os.fstat(self._stream.fileno()).st_size

    def add(self, rows: Iterable[Row]) -> None:
        """Add lines; when this returns they are on the disk. Any thread may call it. Raises OutputError."""
        data = "".join(row.to_json() + "\n" for row in rows).encode("ascii")
        self.check()
        with self._guard:
            try:
                # past the buffer: what does not fit on the disk must not come back when the file is closed
                while data:
                    data = data[os.write(self._stream.fileno(), data) :]
                os.fsync(self._stream.fileno())
            except OSError as error:
                remedy = "make room, then go on with --resume"
                raise OutputError(
                    f"{display_name(self.path)}: cannot be written ({error.strerror}); {remedy}"
                ) from error

    def check(self) -> None:
        """Raise OutputError where the file is no longer in its place: what is added to it would reach nobody."""
        try:
            there = os.path.samestat(self.path.stat(), os.fstat(self._stream.fileno()))
        except OSError:
            there = False
        if not there:
            raise OutputError(vanished(display_name(self.path)))

    def _mend(self) -> None:
        """End a line that a crash has cut off, so that the next one stands alone."""
        size = self._stream.seek(0, os.SEEK_END)
        if size:
            self._stream.seek(size - 1)
            if self._stream.read(1) != b"\n":
                with suppress(OSError):  # a disk that is still full: the first row will tell
                    os.write(self._stream.fileno(), b"\n")


def open_manifest(folder: Place) -> Manifest | Parts:
    """A folder's manifest, on a disk or on remote storage; enter it to add to it."""
    return Parts(folder) if isinstance(folder, Remote) else Manifest(folder)


def size(folder: Place) -> int:
    """Bytes of a folder's manifest, 0 where there is none: what was read of it is out of date once this changes."""
    if isinstance(folder, Remote):
        return parts.size(folder)
    try:
        return (folder / NAME).stat().st_size
    except OSError:
        return 0


def rows(folder: Place, tell: Callable[[str], None] | None = None) -> Iterator[Row]:
    """All rows of a folder's manifest, oldest first; none where there is no manifest. Raises OutputError.

    A line that is no row is passed over. ``tell``: told where it is and why, but for what a crash has cut off.
    """
    for place, line in parts.lines(folder) if isinstance(folder, Remote) else _lines(folder):
        try:
            yield Row.from_json(line)
        except ValueError as error:
            if tell and line.strip() and not _is_torn(line):
                tell(f"{place}: {error}; passed over")


def _lines(folder: Path) -> Iterator[tuple[str, bytes]]:
    path = folder / NAME
    name = display_name(path)
    try:
        with open_regular(path) as stream:
            number, start = 1, True
            while line := stream.readline(_LONGEST):
                if start:  # what follows of a line that is too long is no line
                    yield f"{name}, line {number}", line
                start = line.endswith(b"\n")
                number += start
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        remedy = "check its permissions, or choose another output folder"
        raise OutputError(f"{name}: cannot be read ({reason}); {remedy}") from error


def _is_torn(line: bytes) -> bool:
    """Whether it looks like the beginning of a row."""
    return len(line) < _LONGEST and line.startswith(b'{"input": ') and not line.rstrip().endswith(b"}")


def history(folder: Place) -> dict[str, Past]:
    """By output, the last that is known of it. Lines that are no rows are warned of."""
    past: dict[str, Past] = {}
    odd: list[str] = []
    for row in rows(folder, odd.append):
        if row.status in ("done", "kept"):
            past[row.output] = Past(True, row.sha256, row.stamp, row.output_bytes, intern(row.made_with))
        elif row.status == "begun":
            past[row.output] = Past()
        elif row.output in past:
            past[row.output] = Past(finished=True)
    for text in odd[:_NAMED]:
        _log.warning("%s", text)
    if len(odd) > _NAMED:
        _log.warning("%s: %d more lines are no rows; passed over", display_name(str(folder)), len(odd) - _NAMED)
    return past


def sweep(folder: Place, past: dict[str, Past]) -> None:
    """Remove what a killed batch has left under temporary names (see image/atomic.py), inside the folder alone: where
    a link leads out of it, nothing is touched.
    """
    if isinstance(folder, Remote):  # it has none
        return
    root = folder.resolve()
    for place in {(folder / output).parent for output, what in past.items() if not what.finished}:
        with suppress(OSError):  # gone, or not to be read
            if place.resolve().is_relative_to(root):
                clear_leftovers(place)
