"""Which file of a folder of predictions belongs to which pair, by name alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from unicodedata import normalize

from nircolor.datasets.listing import File, list_pictures
from nircolor.datasets.naming import place
from nircolor.datasets.pair import Pair, Problem
from nircolor.files import natural

_NAMED = 3  # files that belong to no pair are named one by one up to so many


@dataclass(frozen=True)
class _Names:
    """Under which names the prediction of a pair may be filed, and in which folder."""

    stems: frozenset[str]
    folder: str


def match_predictions(folder: Path, pairs: Sequence[Pair]) -> tuple[dict[str, Path], tuple[Problem, ...]]:
    """The prediction of each pair by its id; and the pairs without one, those with two, and the files of no pair.

    A prediction is called like the pair (``x``), like its truth (``x_rgb``), like its near-infrared picture (``x_nir``)
    or as ``nircolor colorize`` calls it (``x_nir_rgb``), with any suffix. Where the id has folders (``country/0000``)
    the file lies in the same ones, or its name holds them (``country_0000``); folders that name a side or a split
    (``NIR``, ``val``) make no difference. The near-infrared picture itself never counts, and the truth itself only
    where there is nothing else. Raises InputError where ``folder`` is no folder.
    """
    listing = list_pictures(Path(folder))
    index = _Index(listing.files)
    names = {pair.id: _names(pair) for pair in pairs}
    found = {pair.id: index.in_folder(names[pair.id]) for pair in pairs}
    claimed = {file.path for files in found.values() for file in files}
    for pair in pairs:
        if not found[pair.id] and not names[pair.id].folder:  # the id has no folders: any will do
            found[pair.id] = [file for file in index.anywhere(names[pair.id]) if file.path not in claimed]
    own = _Own(pairs)
    kept = {pair.id: own.without(pair, found[pair.id]) for pair in pairs}
    known = {file.path for files in found.values() for file in files}
    strays = [file.path for file in listing.files if file.path not in known and not own.holds(file.path)]
    problems = [*listing.problems, *_missing(folder, pairs, kept), *_doubled(kept), *_strays(folder, strays)]
    return {name: files[0].path for name, files in kept.items() if len(files) == 1}, tuple(problems)


def _names(pair: Pair) -> _Names:
    *folders, name = pair.id.split("/")
    nir = (pair.nir.stem,) if pair.nir else ()
    stems = {name, pair.rgb.stem, *nir}
    if folders:
        name = "_".join([*folders, name])
        stems.add(name)
    if folders or not nir:  # how the near-infrared picture is called there can only be guessed
        nir = (*nir, name, f"{name}_nir")
    stems |= {f"{stem}_rgb" for stem in nir}
    return _Names(frozenset(normalize("NFC", stem) for stem in stems), "/".join(folders))


class _Index:
    """Files by stem, each with the folders it may be said to lie in."""

    def __init__(self, files: Sequence[File]) -> None:
        self._files: dict[str, list[File]] = defaultdict(list)
        for file in files:
            self._files[normalize("NFC", file.stem)].append(file)

    def anywhere(self, names: _Names) -> list[File]:
        return [file for stem in sorted(names.stems) for file in self._files.get(stem, ())]

    def in_folder(self, names: _Names) -> list[File]:
        """Files in the folder of the id; at the top too, where the name holds the folders."""
        flat = names.folder.replace("/", "_") + "_" if names.folder else ""
        return [
            f for f in self.anywhere(names) if names.folder in _folders(f.folders) or (flat and f.stem.startswith(flat))
        ]


@lru_cache(maxsize=4096)  # pure, and asked several times a file
def _folders(folders: tuple[str, ...]) -> frozenset[str]:
    """The folders as an id has them, and as they are."""
    return frozenset(normalize("NFC", "/".join(names)) for names in (place(folders).rest, folders))


class _Own:
    """The pictures of the pairs themselves: predictions may have been written beside them."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._real: dict[Path, Path] = {}
        self._pictures = {self._key(path) for pair in pairs for path in (pair.nir, pair.rgb) if path is not None}

    def holds(self, path: Path) -> bool:
        return self._key(path) in self._pictures

    def without(self, pair: Pair, files: Sequence[File]) -> list[File]:
        """``files`` less the near-infrared picture, and less the truth where there are others."""
        nir = None if pair.nir is None else self._key(pair.nir)
        others = [file for file in files if self._key(file.path) != nir]
        apart = [file for file in others if self._key(file.path) != self._key(pair.rgb)]
        return apart or others

    def _key(self, path: Path) -> Path:
        """The path without links in its folders; one look at the disk a folder."""
        if path.parent not in self._real:
            self._real[path.parent] = path.parent.resolve()
        return self._real[path.parent] / path.name


def _missing(folder: Path, pairs: Sequence[Pair], kept: dict[str, list[File]]) -> Iterator[Problem]:
    for pair in pairs:
        if not kept[pair.id]:
            name = f"{pair.nir.stem}_rgb.*" if pair.nir is not None else f"{pair.rgb.stem}.*"
            reason = f"no prediction of it in {folder}; expected {name}, or its id for a name"
            yield Problem(pair.id, reason, "unpaired", pair.id)


def _doubled(kept: dict[str, list[File]]) -> Iterator[Problem]:
    for name, files in kept.items():
        for file in files[1:]:
            reason = f"a second prediction of {name}, beside {files[0].path}; keep one of them"
            yield Problem(str(file.path), reason, "doubled", name)


def _strays(folder: Path, paths: Collection[Path]) -> Iterator[Problem]:
    ordered = sorted(paths, key=lambda path: natural(str(path)))
    if len(ordered) > _NAMED:
        some = ", ".join(path.name for path in ordered[:_NAMED])
        reason = f"{len(ordered)} pictures belong to no pair of this split ({some} ...); they are not measured"
        yield Problem(str(folder), reason, "stray")
        return
    for path in ordered:
        yield Problem(str(path), "belongs to no pair of this split; it is not measured", "stray")
