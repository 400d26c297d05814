"""Pairs of files in a folder, and their decoded pixels."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError

_NAME = re.compile(r"(?P<id>.+)_(?P<side>nir|rgb)(_reg)?$", re.IGNORECASE)
_SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp"}


@dataclass(frozen=True)
class Pair:
    """One scene seen twice. ``scene`` groups pairs that show the same place; ``kind`` is free text of the data set."""

    id: str
    nir: Path
    rgb: Path
    scene: str
    kind: str = ""


def find_pairs(folder: Path, split_file: Path | None = None, split: str | None = None) -> list[Pair]:
    """All ``<id>_nir.*`` / ``<id>_rgb.*`` (or ``<id>_rgb_reg.*``) pairs below a folder, sorted by id.

    With ``split_file``, a CSV with columns ``id`` and ``split`` (and perhaps ``scene`` and ``kind``), only the rows of
    ``split`` are kept. Raises InputError for a missing folder, a missing partner, or no pair at all.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder of training pairs")
    sides: dict[str, dict[str, Path]] = {}
    for path in sorted(folder.rglob("*")):
        match = _NAME.match(path.stem) if path.suffix.lower() in _SUFFIXES else None
        if match:
            sides.setdefault(match["id"], {})[match["side"].lower()] = path
    rows = _read_split(split_file) if split_file else {}
    chosen = [i for i in sides if split is None or rows.get(i, {}).get("split") == split]
    pairs = [_pair(i, sides[i], rows.get(i, {})) for i in sorted(chosen)]
    if not pairs:
        raise InputError(f"{folder}: no pairs named <id>_nir.* and <id>_rgb.*{f' in split {split}' if split else ''}")
    return pairs


def _read_split(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def _pair(name: str, sides: dict[str, Path], row: dict[str, str]) -> Pair:
    for side, other in (("nir", "rgb"), ("rgb", "nir")):
        if side not in sides:
            raise InputError(f"{sides[other]}: its {side} partner is missing")
    return Pair(name, sides["nir"], sides["rgb"], row.get("scene", name), row.get("kind", ""))


def load_pair(pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """-> nir (H, W) and rgb (H, W, 3), 8 bit. Raises InputError when one is unreadable or the sizes differ."""
    nir, rgb = _decode(pair.nir, cv2.IMREAD_GRAYSCALE), _decode(pair.rgb, cv2.IMREAD_COLOR)
    if nir.shape != rgb.shape[:2]:
        raise InputError(
            f"{pair.nir}: {nir.shape[1]} x {nir.shape[0]}, but {pair.rgb}: {rgb.shape[1]} x {rgb.shape[0]}"
        )
    return nir, np.ascontiguousarray(rgb[..., ::-1])


def _decode(path: Path, mode: int) -> NDArray[np.uint8]:
    pixels = cv2.imdecode(np.fromfile(path, np.uint8), mode) if path.stat().st_size else None
    if pixels is None:
        raise InputError(f"{path}: not a picture that can be read")
    return np.asarray(pixels, np.uint8)
