"""VCIP2020: the Grand Challenge on NIR Image Colorization (IEEE VCIP 2020), 256 x 256, 8-bit PNG.

Known, from the challenge's own page (July 2020; its pictures are crops of the EPFL RGB-NIR scene data set)::

    NIR_VCIP_Challenge_dataset/
        NIR/             country_0000_nir.png      372 pairs: country, field, forest, mountain
        RGB-Registered/  country_0000_rgb_reg.png  (an earlier page spells it RGB-Resgistered)
        RGB-Online/      country_0000_rgb_onl.png  1020 colour pictures without a partner: set aside
        Validation/      validation_0000_nir.png, validation_0000_rgb_reg.png   18 pairs
        Testing/         28 pairs, handed out afterwards, named like the validation pairs

Its folders are the official split. Loaders also look for ``*_nir_reg.png`` and ``validation_*_rgb.png``: both are read.
HAQAGen (Table 1) counts 400 pairs, split 320 / 40 / 40, and publishes no list: those numbers cannot be had from the
official folders. Names tell no scene: the 372 pictures show some 160 places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nircolor.datasets.layout import Layout, LayoutEntry, Role
from nircolor.datasets.listing import File
from nircolor.datasets.naming import by_suffix, join, place

_REGISTERED = ("rgb-registered", "rgb-resgistered")
_TRAINING: dict[str, Role] = {"nir": "nir", **dict.fromkeys(_REGISTERED, "rgb")}
_KINDS = ("country", "field", "forest", "mountain")


def recognises(files: Sequence[File]) -> bool:
    return any(name.lower() in _REGISTERED for folders in {file.folders for file in files} for name in folders)


def read(files: Sequence[File]) -> list[LayoutEntry]:
    """The two training folders are a split only where another one lies beside them."""
    entries = [_entry(file) for file in files]
    if not any(entry.split for entry in entries):
        return entries
    return [replace(e, split="train") if not e.split and _innermost(e.file) in _TRAINING else e for e in entries]


def _entry(file: File) -> LayoutEntry:
    if any(name.lower() == "rgb-online" for name in file.folders):
        return LayoutEntry(file, "", "aside")
    name, side = by_suffix(file.stem)
    kind = name.split("_")[0].lower()
    return LayoutEntry(
        file,
        id=join((), name),
        role=side or _TRAINING.get(_innermost(file), "stray"),
        split=place(file.folders).split,
        kind=kind if kind in _KINDS else "",
    )


def _innermost(file: File) -> str:
    return file.folders[-1].lower() if file.folders else ""


VCIP2020 = Layout("vcip2020", "folders NIR and RGB-Registered", recognises, read)
