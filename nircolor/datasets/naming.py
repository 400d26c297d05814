"""What names say: which side a picture is of, and which split a folder is.

The words below are what the benchmarks' own folders use (``RGB-Registered``, ``paired_NIR1``, ``Train``,
``Validation``, ``Testing``) and what public loaders of them make of it (``nir_val``, ``rgb_val``, ``NIR_Images``).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Side = Literal["nir", "rgb"]

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}
_PLAIN: dict[str, Side] = {"nir": "nir", "rgb": "rgb"}
_WORDS: dict[str, Side] = {
    **_PLAIN,
    **dict.fromkeys(("nir1", "nir2", "ir", "infrared", "nearinfrared"), "nir"),
    **dict.fromkeys(("vis", "visible", "color", "colour", "gt", "truth", "groundtruth"), "rgb"),
}
_FILLER = re.compile(r"images?|imgs?|pictures?|photos?|set|reg|registered|resgistered|paired|near|ground")
_SUFFIX = re.compile(r"(?:(?P<id>.+)[ _.\-])?(?P<side>nir|rgb)(?:[ _.\-]reg)?", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class SidePlace:
    """What the folders above a picture say: its side and split (None, empty where they don't), and what is left."""

    side: Side | None
    split: str
    rest: tuple[str, ...]


@lru_cache(maxsize=4096)  # pure, and asked once a picture
def place(folders: tuple[str, ...]) -> SidePlace:
    """``("Train", "paired_NIR1")`` -> nir, train, nothing left; ``("NIR_Images", "field_nir")`` -> nir, ``("field",)``.

    The innermost folder that names a side, or a split, has the last word.
    """
    side: Side | None = None
    split = ""
    rest: list[str] = []
    for name in folders:
        one = _folder(name)
        side, split = one.side or side, one.split or split
        rest += one.rest
    return SidePlace(side, split, tuple(rest))


def _folder(name: str) -> SidePlace:
    tokens = [token for token in re.split(r"[\W_]+", name) if token]
    words = [token.lower() for token in tokens]
    sides = {_WORDS[word] for word in words if word in _WORDS}
    if len(sides) > 1:  # "rgb_nir": both
        return SidePlace(None, "", (name,))
    side = next(iter(sides), None)
    split = next((SPLITS[word] for word in words if word in SPLITS), "")
    if all(word in _WORDS or word in SPLITS or _FILLER.fullmatch(word) for word in words):
        return SidePlace(side, split, () if side or split else (name,))
    if not any(word in _PLAIN for word in words):  # "test_site_3", "color_chart": a name like any other
        return SidePlace(None, "", (name,))
    return SidePlace(side, "", ("_".join(token for token in tokens if token.lower() not in _PLAIN),))


def by_suffix(stem: str) -> tuple[str, Side | None]:
    """Name without its side, and the side: ``x_nir`` -> x, nir; ``x_rgb_reg`` -> x, rgb; ``x`` -> x, None.

    ``x_nir_rgb`` has none: that is what nircolor calls its own output for ``x_nir``. A bare ``nir`` leaves an empty
    name: it is called by its folder.
    """
    match = _SUFFIX.fullmatch(stem)
    if not match:
        return stem, None
    name = match["id"] or ""
    return (stem, None) if name.lower().endswith(("_nir", "-nir")) else (name, _PLAIN[match["side"].lower()])


def join(folders: Sequence[str], name: str) -> str:
    """An id: the folders that tell pictures apart, and the name; composed Unicode, so that é is é on every system."""
    return unicodedata.normalize("NFC", "/".join([*folders, *([name] if name else [])]) or "picture")
