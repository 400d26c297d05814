"""What outputs are called: as ``nircolor colorize`` would call them, in the same folders, no two alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nircolor.batch.remote import Place, Remote
from nircolor.batch.walk import split
from nircolor.errors import UsageError, display_name
from nircolor.image.formats import FORMATS, by_name, by_suffix


@dataclass(frozen=True)
class Naming:
    """``suffix`` is added to each name; ``format`` is a name that ``by_name`` knows, None: as the input."""

    suffix: str = "_rgb"
    format: str | None = None


def name_outputs(names: Sequence[str], naming: Naming, ignore_case: bool) -> list[str]:
    """The output of each input, both paths below their folders: ``a/x.tif`` -> ``a/x_rgb.tif``.

    Inputs that differ by their extension alone and would become one file (``x.tif`` and ``x.png`` with ``--format
    png``) keep it in the name, all but those that have the format already: ``x_tif_rgb.png`` and ``x_rgb.png``.
    Raises UsageError when two outputs still have one name.
    """
    native = None if naming.format is None else by_name(naming.format)
    key: Callable[[str], str] = str.casefold if ignore_case else str
    outputs = [_output(name, naming.suffix, native, tagged=False) for name in names]
    for clash in _clashes(outputs, key):
        for index in clash:
            if _family(split(names[index])[1]) != native:
                outputs[index] = _output(names[index], naming.suffix, native, tagged=True)
    for first, second, *_ in _clashes(outputs, key):
        raise UsageError(
            f"{display_name(names[first])} and {display_name(names[second])}: both would become "
            f"{display_name(outputs[first])}; rename one, or leave one out with --exclude"
        )
    return outputs


def _output(name: str, suffix: str, native: str | None, tagged: bool) -> str:
    stem, extension = split(name)
    kept = native is None or native == _family(extension)
    tag = f"_{extension[1:]}" if tagged else ""
    return f"{stem}{tag}{suffix}{extension if kept or native is None else FORMATS[native].suffixes[0]}"


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


def ignores_case(folder: Place) -> bool:
    """Whether the disk takes ``x.png`` and ``X.PNG`` for one file, judged by the nearest folder that is there."""
    if isinstance(folder, Remote):
        return False
    for place in (folder.absolute(), *folder.absolute().parents):
        swapped = place.with_name(place.name.swapcase()) if place.name else place
        if place.exists() and swapped != place:
            return swapped.exists() and swapped.samefile(place)
    return False
