"""A plain folder of pairs: ``x_nir.*`` beside ``x_rgb.*``, or two folders, ``nir`` and ``rgb``, with equal names.

- A suffix says more than a folder: ``_nir``, ``_rgb``, also ``_rgb_reg``; a hyphen, a dot or a blank does as well.
- Folders may say ``nir``, ``infrared``, ``rgb``, ``visible``, ``colour`` ... (see naming.py), at any depth.
- Where no colour picture is marked, the unmarked ones are colour: ``x.png`` beside ``x_nir.png``.
- Where no near-infrared picture is marked, all are colour: a folder of truth alone, or of predictions.
- Other folders are part of the id: ``site/nir/3.png`` and ``site/rgb/3.png`` are the pair ``site/3``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nircolor.datasets.layout import Layout, LayoutEntry
from nircolor.datasets.listing import File
from nircolor.datasets.naming import by_suffix, join, place


def read(files: Sequence[File]) -> list[LayoutEntry]:
    apart = _apart(files)
    entries = [_entry(file, apart) for file in files]
    if {"nir", "rgb"} <= {entry.role for entry in entries}:
        return entries
    return [replace(entry, role="rgb") if entry.role == "stray" else entry for entry in entries]


def _entry(file: File, apart: bool) -> LayoutEntry:
    where, (name, side) = place(file.folders), by_suffix(file.stem)
    return LayoutEntry(file, join(() if apart else where.rest, name), side or where.side or "stray", where.split)


def _apart(files: Sequence[File]) -> bool:
    """Whether, by suffix, all of one side lie in one folder and all of the other in another, whatever their names."""
    sides: dict[str, set[tuple[str, ...]]] = {"nir": set(), "rgb": set()}
    for file in files:
        side = by_suffix(file.stem)[1]
        if side:
            sides[side].add(place(file.folders).rest)
    return all(len(rests) == 1 for rests in sides.values()) and sides["nir"] != sides["rgb"]


FOLDER = Layout("folder", "x_nir.* beside x_rgb.*, or folders nir and rgb with equal names", bool, read)
