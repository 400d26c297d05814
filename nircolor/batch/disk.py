"""Folders on a disk, and the pictures in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from nircolor.batch.disk_log import DiskLog
from nircolor.batch.places import Found, Obstacle, Place, Seen, Size, Sizes, Stamp, Warn, is_hidden
from nircolor.batch.probe import probe
from nircolor.errors import InputError, OutputError
from nircolor.files import atomic_file, clear_leftovers
from nircolor.image.source import open_source


@dataclass(frozen=True)
class Disk:
    """A ``Place`` by its path."""

    path: Path

    def __truediv__(self, name: str) -> Disk:
        return Disk(self.path / name)

    def __str__(self) -> str:
        return str(self.path)

    @property
    def name(self) -> str:
        return self.path.name

    def check_source(self) -> None:
        if not self.path.is_dir():
            there = self.path.exists()
            what = "is no folder; to colorize one picture use nircolor colorize" if there else "does not exist"
            raise InputError(what, path=self.path, remedy="give a folder of pictures")

    def check_target(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise OutputError("is no folder", path=str(self.path), remedy="choose another output folder")

    def files(self, recursive: bool, shut: Callable[[str], bool], avoid: Place | None) -> Iterator[Seen | Obstacle]:
        """Names alone: nothing is opened. Links to folders are followed, but no folder is entered twice, so that
        circles end.
        """
        entered = {_identity(str(avoid))} if avoid else set()
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            for entry in self._entries(folder, entered):
                if isinstance(entry, Obstacle):
                    yield entry
                elif _true(entry.is_dir):
                    if recursive and not shut(f"{folder}{entry.name}"):
                        waiting.append(f"{folder}{entry.name}{os.sep}")
                else:
                    name = f"{folder}{entry.name}"
                    yield Seen(name, partial(_found, name, entry.stat))

    def _entries(self, folder: str, entered: set[tuple[int, int]]) -> Iterator[os.DirEntry[str] | Obstacle]:
        path = os.path.join(self.path, folder)  # noqa: PTH118 - Path would cost a second in a hundred thousand names
        try:
            identity = _identity(path)
            if identity in entered:
                return
            entered.add(identity)
            with os.scandir(path) as entries:
                yield from (entry for entry in entries if not is_hidden(entry.name))
        except OSError as error:
            reason, remedy = f"cannot be listed ({error.strerror})", "change its permissions"
            if not folder:
                raise InputError(reason, path=self.path, remedy=remedy) from error
            yield Obstacle(folder, f"{reason}; {remedy}")

    def file(self, name: str) -> Seen:
        return Seen(name, partial(self._listed, name))

    def _listed(self, name: str) -> Found | Obstacle:
        root = self.path
        below = os.path.relpath(root / name, root) if os.path.isabs(name) else os.path.normpath(name)  # noqa: PTH117
        if Path(below).parts[:1] == (os.pardir,):
            return Obstacle(name, "is not below the input folder; list only files that are")
        return _found(below, (root / below).stat)

    def sizes(self) -> Sizes:
        return lambda name: _size(self.path / name)

    def is_same(self, other: Place) -> bool:
        try:
            return self.path.samefile(str(other))
        except (OSError, ValueError):  # one of them is not there
            return False

    def ignores_case(self) -> bool:
        """Judged by the nearest folder that is there."""
        for place in (self.path.absolute(), *self.path.absolute().parents):
            swapped = place.with_name(place.name.swapcase()) if place.name else place
            if place.exists() and swapped != place:
                return swapped.exists() and swapped.samefile(place)
        return False

    def log(self, name: str, warn: Warn) -> DiskLog:
        return DiskLog(self.path, name, warn)

    def sweep(self, outputs: Iterable[str]) -> None:
        """Where a link leads out of the folder, nothing is touched."""
        root = self.path.resolve()
        for place in {(self.path / output).parent for output in outputs}:
            with suppress(OSError):  # gone, or not to be read
                if place.resolve().is_relative_to(root):
                    clear_leftovers(place)

    def content(self) -> Path:
        return self.path

    def stamp(self, bytes: int, changed: int) -> Stamp:
        """Size, times of change, and which file it is. The time of change of the status cannot be set back by those
        who set that of the content.
        """
        status = self.path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino

    def shape(self) -> Size | None:
        return probe(self.path)

    def size(self) -> int:
        return self.path.stat().st_size

    def write(self, save: Callable[[Path | BinaryIO], None]) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save(self.path)
        return self.size()

    def copy(self, content: Path | bytes, replace: bool) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open_source(content) as stream, atomic_file(self.path, replace) as output:
            shutil.copyfileobj(stream, output)
            return output.tell()


def _identity(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:  # an output folder that is not there yet
        return (-1, -1)
    return status.st_dev, status.st_ino


def _found(name: str, stat: Callable[[], os.stat_result]) -> Found | Obstacle:
    try:
        status = stat()
    except OSError as error:
        return Obstacle(name, f"cannot be looked at ({error.strerror}); mend the link or the list")
    return Found(name, status.st_size, status.st_mtime_ns)


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return 0 if os.path.lexists(path) else None  # a link to nowhere is there, too


def _true(question: Callable[[], bool]) -> bool:
    """What is_dir says; a link to itself is none."""
    try:
        return question()
    except OSError:
        return False
