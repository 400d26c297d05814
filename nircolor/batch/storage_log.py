"""Lines on object storage, where nothing can be added to a file: numbered parts, and a marker for a lock.

    OUTDIR/nircolor-batch/20261124T215900-1f2e3d4c-000001.jsonl    rows, oldest first
    OUTDIR/nircolor-batch/lock.json                                who is at work, and when it was last alive

Lines that are wanted there at once are; the others are kept for a moment and written together, so a killed batch does
the pictures of its last two seconds again. A marker is no lock: two batches that begin within
the same second, on storage that answers slowly, may both go on.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from threading import Event, Lock, Thread
from types import TracebackType

from nircolor.batch.places import vanished
from nircolor.batch.remote import Remote, Stored
from nircolor.errors import InputError, NircolorError, OutputError

_MARKER = "lock.json"
_PAUSE = 2.0  # seconds that rows are kept, at most
_BEAT = 20.0  # seconds between signs of life
_DEAD = 90.0  # seconds after which a marker counts for nothing
_SETTLE = 0.5  # seconds after which a marker of somebody who came at the same moment would show


class StorageLog:
    """A ``Log`` in the folder ``name`` below another one."""

    def __init__(self, folder: Remote, name: str) -> None:
        self.folder, self.path = folder, folder / name
        now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S")
        self._token, self._number = f"{now}-{secrets.token_hex(4)}", 0
        self._kept: list[str] = []
        self._guard, self._ended, self._fault = Lock(), Event(), list[NircolorError]()
        self._writer = Thread(target=self._write_on, name="manifest", daemon=True)

    def __enter__(self) -> StorageLog:
        self._take_marker()
        self._writer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._writer.join()
        try:
            self._flush()
        finally:
            if _read_marker(self.path / _MARKER).get("token") == self._token:
                (self.path / _MARKER).remove()

    def size(self) -> int:
        return sum(part.bytes for part in self._parts())

    def lines(self) -> Iterator[tuple[str, bytes]]:
        """As far as the clocks of the machines agree, oldest first. Raises InputError."""
        names = sorted(part.name for part in self._parts())
        with ThreadPoolExecutor(8) as pool:
            read = pool.map(lambda name: (self.path / name).read(), names)
            for name, data in zip(names, read, strict=True):
                yield from ((f"{name}, line {number}", line) for number, line in enumerate(data.splitlines(), 1))

    def add(self, lines: list[str], now: bool) -> None:
        """Raises OutputError, too, for what went wrong since the last time."""
        with self._guard:
            self._kept += lines
        if self._fault:
            raise self._fault[0]
        if now:
            self._flush()

    def check(self) -> None:
        there = sum(part.name.startswith(self._token) for part in self._parts())
        if there < self._number:
            raise vanished(self.path)

    def _parts(self) -> list[Stored]:
        return [part for part in self.path.list(recursive=False) if part.name.endswith(".jsonl")]

    def _flush(self) -> None:
        with self._guard:
            if not self._kept:
                return
            part = self.path / f"{self._token}-{self._number + 1:06d}.jsonl"
            self._put(part, "".join(line + "\n" for line in self._kept))
            self._kept, self._number = [], self._number + 1

    def _write_on(self) -> None:
        beat = time.monotonic()
        while not self._ended.wait(_PAUSE):
            try:
                self._flush()
                if time.monotonic() - beat > _BEAT:
                    beat = time.monotonic()
                    self._refuse_other()
                    self._mark()
            except NircolorError as error:
                self._fault.append(error)

    def _take_marker(self) -> None:
        other = _read_marker(self.path / _MARKER)
        if other and time.time() - float(other.get("time", 0)) < _DEAD:
            raise self._busy(other)
        self._mark()
        time.sleep(_SETTLE)
        self._refuse_other()

    def _refuse_other(self) -> None:
        other = _read_marker(self.path / _MARKER)
        if other and other.get("token") != self._token:
            raise self._busy(other)

    def _busy(self, marker: dict[str, str]) -> OutputError:
        reason = f"another nircolor batch is at work on this folder ({marker.get('owner', 'unknown')})"
        dead = f"one that has died counts for nothing after {_DEAD:.0f} s"
        remedy = f"wait for it ({dead}) or choose another output folder"
        return OutputError(reason, path=str(self.folder), remedy=remedy)

    def _mark(self) -> None:
        owner = f"{socket.gethostname()}, process {os.getpid()}"
        self._put(self.path / _MARKER, json.dumps({"token": self._token, "owner": owner, "time": time.time()}))

    def _put(self, place: Remote, text: str) -> None:
        try:
            place.write(text.encode("ascii"))
        except OutputError as error:
            raise error.at(str(place)) from error


def _read_marker(marker: Remote) -> dict[str, str]:
    try:
        values = json.loads(marker.read())
    except (InputError, ValueError):  # there is none
        return {}
    return values if isinstance(values, dict) else {}
