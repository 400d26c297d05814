"""The pictures below a folder, by name alone: nothing is opened, a hundred thousand names take seconds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nircolor.datasets.pair import Problem
from nircolor.errors import InputError
from nircolor.image.formats import picture_suffixes

_IGNORED = frozenset({"@eadir", "__macosx"})  # what network drives and archives of macOS leave behind


@dataclass(frozen=True)
class File:
    """A picture: its path, the folders between the root and it, its name without the suffix."""

    path: Path
    folders: tuple[str, ...]
    stem: str


@dataclass(frozen=True)
class Listing:
    """Pictures in order of their paths; how many other files there are of each suffix; what could not be listed."""

    files: tuple[File, ...]
    others: Counter[str]
    problems: tuple[Problem, ...]


def list_pictures(root: Path) -> Listing:
    """List a folder and everything below it. Links to folders are followed, but no folder is entered twice, so that
    circles end. Hidden files and folders, ``@eaDir`` and ``__MACOSX`` are left out.

    Raises InputError where ``root`` is no folder that can be listed.
    """
    if not root.is_dir():
        raise InputError(f"{'a file, not a folder' if root.exists() else 'no such folder'} of pictures", path=root)
    files: list[File] = []
    others: Counter[str] = Counter()
    problems: list[Problem] = []
    pictures = picture_suffixes()
    for entry, folders in _walk(root, problems):
        path = Path(entry.path)
        if path.suffix.lower() not in pictures:
            others[path.suffix.lower()] += 1
        elif _true(entry.is_file):
            files.append(File(path, folders, path.stem))
        else:
            problems.append(Problem(entry.path, "a link that leads to no file; mend it or remove it", "unreadable"))
    return Listing(tuple(files), others, tuple(problems))


def _walk(root: Path, problems: list[Problem]) -> Iterator[tuple[os.DirEntry[str], tuple[str, ...]]]:
    """Every file below ``root`` with the folders that lead to it, folder by folder, by name."""
    entered: set[tuple[int, int]] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(str(root), ())]
    while waiting:
        folder, names = waiting.pop()
        below = []
        for entry in _entries(folder, entered, problems, at_root=not names):
            if _true(entry.is_dir):
                below.append((entry.path, (*names, entry.name)))
            else:
                yield entry, names
        waiting += reversed(below)


def _true(question: Callable[[], bool]) -> bool:
    """What is_file or is_dir says; a link to itself is neither."""
    try:
        return question()
    except OSError:
        return False


def _entries(
    folder: str, entered: set[tuple[int, int]], problems: list[Problem], at_root: bool
) -> list[os.DirEntry[str]]:
    try:
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in entered:
            return []
        entered.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            kept = [e for e in entries if not e.name.startswith(".") and e.name.lower() not in _IGNORED]
    except OSError as error:
        reason = f"cannot be listed ({error.strerror}); give yourself the right to read it"
        if at_root:
            raise InputError(reason, path=folder) from error
        problems.append(Problem(folder, reason, "unreadable"))
        return []
    return sorted(kept, key=lambda entry: entry.name)
