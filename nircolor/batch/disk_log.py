"""Lines in a file that is only ever added to, and locked: on the disk before work goes on.

Whatever ends the process, all lines but the last are whole, and the lock ends with it.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import BinaryIO

from nircolor.batch.places import LONGEST, Warn, vanished
from nircolor.errors import OutputError, display_name
from nircolor.small_file import open_regular

_FAR = 0x7FFF0000  # Windows locks bytes, not files, and nobody else may read them: one far beyond the end

if sys.platform == "win32":
    import msvcrt

    def _take(stream: BinaryIO) -> None:
        stream.seek(_FAR)
        msvcrt.locking(stream.fileno(), msvcrt.LK_NBLCK, 1)
        stream.seek(0)
else:
    import fcntl

    def _take(stream: BinaryIO) -> None:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


class DiskLog:
    """A ``Log`` in the file ``name``.jsonl of a folder. ``warn``: gets a line where the disk has no locks."""

    def __init__(self, folder: Path, name: str, warn: Warn) -> None:
        self.folder, self.path = folder, folder / f"{name}.jsonl"
        self._guard, self._warn = Lock(), warn

    def __enter__(self) -> DiskLog:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("a+b")
        except OSError as error:
            remedy = "check its permissions or choose another output folder"
            raise OutputError(f"cannot be written to ({error.strerror})", path=self.folder, remedy=remedy) from error
        if not self._lock():
            self._stream.close()
            remedy = "wait for it, or choose another output folder"
            raise OutputError("another nircolor batch is at work on this folder", path=self.folder, remedy=remedy)
        self._mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # a full disk has been reported already
            self._stream.close()

    def _lock(self) -> bool:
        """Whether the lock is ours now; False when another process holds it. A file system without locks is used
        without one.
        """
        try:
            _take(self._stream)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                return False
            reason = f"this disk has no locks ({error.strerror}); do not run two batches on it at once"
            self._warn(f"{self._stream.name}: {reason}")
        return True

    def _mend(self) -> None:
        """End a line that a crash has cut off, so that the next one stands alone."""
        size = self._stream.seek(0, os.SEEK_END)
        if size:
            self._stream.seek(size - 1)
            if self._stream.read(1) != b"\n":
                with suppress(OSError):  # a disk that is still full: the first row will show it
                    os.write(self._stream.fileno(), b"\n")

    def size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def lines(self) -> Iterator[tuple[str, bytes]]:
        name = display_name(self.path)
        try:
            with open_regular(self.path) as stream:
                number, start = 1, True
                while line := stream.readline(LONGEST):
                    if start:
                        yield f"{name}, line {number}", line
                    start = line.endswith(b"\n")
                    number += start
        except FileNotFoundError:
            return
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            remedy = "check its permissions, or choose another output folder"
            raise OutputError(f"cannot be read ({reason})", path=self.path, remedy=remedy) from error

    def add(self, lines: list[str], now: bool) -> None:
        data = "".join(line + "\n" for line in lines).encode("ascii")
        self.check()
        with self._guard:
            try:
                # past the buffer: what does not fit on the disk must not come back when the file is closed
                while data:
                    data = data[os.write(self._stream.fileno(), data) :]
                os.fsync(self._stream.fileno())
            except OSError as error:
                remedy = "make room, then go on with `policy=resume`"
                raise OutputError(f"cannot be written ({error.strerror})", path=self.path, remedy=remedy) from error

    def check(self) -> None:
        """Raises OutputError where the file is no longer in its place: what is added to it would reach nobody."""
        try:
            there = os.path.samestat(self.path.stat(), os.fstat(self._stream.fileno()))
        except OSError:
            there = False
        if not there:
            raise vanished(self.path)
