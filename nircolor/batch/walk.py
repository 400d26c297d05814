"""The pictures below a folder, by name alone, and what their outputs are called.

Nothing is opened, and names may be any bytes.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from pathlib import Path

from nircolor.batch.manifest import NAME
from nircolor.batch.places import Found, Obstacle, Place, Seen
from nircolor.errors import UsageError, display_name
from nircolor.image.formats import FORMATS, by_name, by_suffix, outcome, picture_suffixes


@dataclass(frozen=True)
class Selection:
    """Which files of a folder are wanted. Globs match the path below it or the last name in it, ``*`` across folders.

    recursive: folders in it, too. include: only what matches, whatever its suffix; else a file counts by its suffix.
    exclude: nothing that matches, and no folder. listed: these files and no others, by their paths below the folder.
    """

    recursive: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    listed: tuple[str, ...] | None = None

    def wants(self, name: str) -> bool:
        """``name``: path of a file below the folder."""
        if self.excludes(name):
            return False
        return _matches(name, self.include) if self.include else split(name)[1].lower() in self._pictures

    @cached_property
    def _pictures(self) -> frozenset[str]:
        return picture_suffixes()

    def excludes(self, name: str) -> bool:
        """The same of a folder, too."""
        return _matches(name, self.exclude)


@dataclass(frozen=True)
class Naming:
    """What outputs are called: ``suffix`` is added to each name. Raises UsageError where it cannot be part of one."""

    suffix: str = "_rgb"

    def __post_init__(self) -> None:
        if any(separator in self.suffix for separator in (os.sep, os.altsep or os.sep, "\0")):
            reason, remedy = "is part of a name, not of a path", "leave the separator out"
            raise UsageError(reason, option="suffix", value=repr(self.suffix), remedy=remedy)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that nobody excluded, but whose suffix, ``kind``, is that of no picture."""

    kind: str


Item = Found | Obstacle | LeftOut


def walk(root: Place, selection: Selection, avoid: Place | None = None) -> Iterator[Item]:
    """Every wanted file below ``root``, in no order; hidden ones are passed over. ``avoid``: a folder that is not
    entered, such as that of the outputs.

    Raises InputError where ``root`` is no folder that can be listed.
    """
    root.check_source()
    for seen in _seen(root, selection, avoid):
        if isinstance(seen, Obstacle):
            yield seen
        elif selection.wants(seen.name):
            yield seen.look()
        elif not selection.include and seen.name != NAME and not selection.excludes(seen.name):
            yield LeftOut(split(seen.name)[1].lower() or "no suffix")


def _seen(root: Place, selection: Selection, avoid: Place | None) -> Iterator[Seen | Obstacle]:
    if selection.listed is None:
        return root.files(selection.recursive, selection.excludes, avoid)
    return map(root.file, selection.listed)


def split(name: str) -> tuple[str, str]:
    """``a/x.tar.gz`` -> ``a/x.tar`` and ``.gz``, as ``Path.suffix`` does, at a tenth of its cost."""
    return os.path.splitext(name)  # noqa: PTH122


def _matches(name: str, globs: tuple[str, ...]) -> bool:
    if not globs:
        return False
    path = name.replace(os.sep, "/")
    return any(fnmatchcase(path, glob) or fnmatchcase(path.rpartition("/")[2], glob) for glob in globs)


def name_outputs(names: Sequence[str], naming: Naming, ignore_case: bool, format: str | None = None) -> list[str]:
    """The output of each input, both paths below their folders: ``a/x.tif`` -> ``a/x_rgb.tif``.

    ``format``: of the outputs, a name that ``by_name`` knows; None: as the inputs, or what formats that are not
    written become. Inputs that differ by their extension alone and would become one file (``x.tif`` and ``x.png`` that
    shall be PNG) keep it in the name, all but those that have the format already: ``x_tif_rgb.png`` and ``x_rgb.png``.
    Raises UsageError when two outputs still have one name.
    """
    native = None if format is None else by_name(format)
    key: Callable[[str], str] = str.casefold if ignore_case else str
    outputs = [_output(name, naming.suffix, native, tagged=False) for name in names]
    for clash in _clashes(outputs, key):
        for index in clash:
            if _converts(split(names[index])[1], native):
                outputs[index] = _output(names[index], naming.suffix, native, tagged=True)
    for first, second, *_ in _clashes(outputs, key):
        raise UsageError(
            f"{display_name(names[first])} and {display_name(names[second])}: both would become "
            f"{display_name(outputs[first])}; rename one, or leave one out with `exclude`"
        )
    return outputs


def _output(name: str, suffix: str, native: str | None, tagged: bool) -> str:
    stem, extension = split(name)
    wanted = native or _outcome(extension)
    kept = wanted is None or not _converts(extension, native)
    tag = f"_{extension[1:]}" if tagged else ""
    return f"{stem}{tag}{suffix}{extension if kept or wanted is None else FORMATS[wanted].suffixes[0]}"


def _converts(extension: str, native: str | None) -> bool:
    """Whether the output of an input with ``extension`` has another format."""
    return _family(extension) != (native or _outcome(extension))


def _outcome(extension: str) -> str | None:
    family = _family(extension)
    return None if family is None else outcome(family)


def _clashes(outputs: Sequence[str], key: Callable[[str], str]) -> list[list[int]]:
    """Groups of indices whose outputs have one name."""
    if len({key(output) for output in outputs}) == len(outputs):
        return []
    groups: dict[str, list[int]] = defaultdict(list)
    for index, output in enumerate(outputs):
        groups[key(output)].append(index)
    return [group for group in groups.values() if len(group) > 1]


@lru_cache(maxsize=256)
def _family(extension: str) -> str | None:
    return by_suffix(Path(f"x{extension}"))
