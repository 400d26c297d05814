"""The pictures below a folder, by name alone: nothing is opened, and names may be any bytes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache, partial
from pathlib import Path

from nircolor.batch.manifest import NAME
from nircolor.batch.remote import Place, Remote
from nircolor.errors import InputError, display_name
from nircolor.image.formats import FORMATS

_PICTURES = frozenset(suffix for entry in FORMATS.values() for suffix in entry.suffixes)
_IGNORED = frozenset({"@eadir", "__macosx"})  # what network drives and archives of macOS leave behind


@dataclass(frozen=True)
class Selection:
    """Which files are wanted. Globs match the path below the folder or the last name in it, ``*`` across folders.

    Without ``include`` a file counts by its suffix. ``exclude`` also keeps out of whole folders. ``listed``: these
    files and no others. ``avoid``: a folder that is not entered, such as that of the outputs.
    """

    recursive: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None
    avoid: Place | None = None

    def wants(self, name: str) -> bool:
        """``name``: path of a file below the folder."""
        if _matches(name, self.exclude):
            return False
        return _matches(name, self.include) if self.include else _is_picture(split(name)[1])


@dataclass(frozen=True, slots=True)
class Found:
    """A file: its path below the folder, its size in bytes, when it was changed last (in nanoseconds)."""

    name: str
    bytes: int
    changed: int


@dataclass(frozen=True)
class Problem:
    """Something that could not be looked at; ``reason`` is one line without the path."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that nobody excluded, but whose suffix, ``kind``, is that of no picture."""

    kind: str


Item = Found | Problem | LeftOut


def walk(root: Place, selection: Selection) -> Iterator[Item]:
    """Every wanted file below ``root``, in no order. Links to folders are followed, but no folder is entered twice, so
    that circles end. Hidden files and folders are passed over.

    Raises InputError where ``root`` is no folder that can be listed.
    """
    if isinstance(root, Remote):
        yield from _walk_remote(root, selection)
        return
    if not root.is_dir():
        what = "is no folder; to colorize one picture use nircolor colorize" if root.exists() else "does not exist"
        raise InputError(f"{display_name(root)}: {what}; give a folder of pictures")
    if selection.listed is not None:
        for name in selection.listed:
            yield from _sift(name, selection, partial(_listed, root, name))
        return
    entered = {_identity(selection.avoid)} if isinstance(selection.avoid, Path) else set()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        for entry in _entries(root, folder, entered):
            if isinstance(entry, Problem):
                yield entry
            elif _true(entry.is_dir):
                if selection.recursive and not _matches(f"{folder}{entry.name}", selection.exclude):
                    waiting.append(f"{folder}{entry.name}{os.sep}")
            else:
                name = f"{folder}{entry.name}"
                yield from _sift(name, selection, partial(_found, name, entry.stat))


def _sift(name: str, selection: Selection, found: Callable[[], Found | Problem]) -> Iterator[Item]:
    if selection.wants(name):
        yield found()
    elif not selection.include and name != NAME and not _matches(name, selection.exclude):
        yield LeftOut(split(name)[1].lower() or "no suffix")


def _walk_remote(root: Remote, selection: Selection) -> Iterator[Item]:
    """Of a list, too, only what the storage has is looked at when its turn comes: asking for each takes too long."""
    if selection.listed is not None:
        for name in selection.listed:
            yield from _sift(name, selection, partial(Found, name, 0, 0))
        return
    avoid = f"{selection.avoid.url}/" if isinstance(selection.avoid, Remote) else None
    for item in root.list(selection.recursive):
        hidden = any(part.startswith(".") or part.lower() in _IGNORED for part in item.name.split("/"))
        ours = avoid is not None and f"{root.url}/{item.name}".startswith(avoid)
        if not hidden and not ours and not _in_excluded(item.name, selection):
            yield from _sift(item.name, selection, partial(Found, item.name, item.bytes, item.changed))


def _in_excluded(name: str, selection: Selection) -> bool:
    parts = name.split("/")[:-1]
    return any(_matches("/".join(parts[: depth + 1]), selection.exclude) for depth in range(len(parts)))


def _entries(root: Path, folder: str, entered: set[tuple[int, int]]) -> Iterator[os.DirEntry[str] | Problem]:
    path = os.path.join(root, folder)  # noqa: PTH118 - Path would cost a second in a hundred thousand names
    try:
        identity = _identity(path)
        if identity in entered:
            return
        entered.add(identity)
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.name.lower() not in _IGNORED:
                    yield entry
    except OSError as error:
        reason = f"cannot be listed ({error.strerror}); change its permissions"
        if not folder:
            raise InputError(f"{display_name(root)}: {reason}") from error
        yield Problem(folder, reason)


def _identity(path: str | Path) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:  # an output folder that is not there yet
        return (-1, -1)
    return status.st_dev, status.st_ino


def _listed(root: Path, name: str) -> Found | Problem:
    below = os.path.relpath(root / name, root) if os.path.isabs(name) else os.path.normpath(name)  # noqa: PTH117
    if Path(below).parts[:1] == (os.pardir,):
        return Problem(name, "is not below the input folder; list only files that are")
    return _found(below, (root / below).stat)


def _found(name: str, stat: Callable[[], os.stat_result]) -> Found | Problem:
    try:
        status = stat()
    except OSError as error:
        return Problem(name, f"cannot be looked at ({error.strerror}); mend the link or the list")
    return Found(name, status.st_size, status.st_mtime_ns)


def split(name: str) -> tuple[str, str]:
    """``a/x.tar.gz`` -> ``a/x.tar`` and ``.gz``, as ``Path.suffix`` does, at a tenth of its cost."""
    return os.path.splitext(name)  # noqa: PTH122


def _true(question: Callable[[], bool]) -> bool:
    """What is_dir says; a link to itself is none."""
    try:
        return question()
    except OSError:
        return False


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    if not globs:
        return False
    path = name.replace(os.sep, "/")
    return any(fnmatchcase(path, glob) or fnmatchcase(path.rpartition("/")[2], glob) for glob in globs)


@lru_cache(maxsize=256)
def _is_picture(suffix: str) -> bool:
    return suffix.lower() in _PICTURES
