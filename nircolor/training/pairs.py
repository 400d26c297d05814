"""The pairs of a recipe's source, which must be without fault, and their decoded pixels."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.datasets import Pair, open_dataset
from nircolor.errors import InputError
from nircolor.training.recipe import SourceConfig

_HARMLESS = ("stray", "unlisted")  # certainly in no pair that is trained on


def find_pairs(source: SourceConfig, data: Path) -> tuple[Pair, ...]:
    """The pairs of ``source``, whose folder and split file lie below ``data``; all splits where it names none.

    Raises InputError for the first pair that is incomplete or doubled: a run of hours should not begin on half of its
    data; and for a folder without near-infrared pictures.
    """
    split_file = data / source.split_file if source.split_file else None
    found = open_dataset(data / source.folder, split=source.split or "all", split_file=split_file)
    for problem in found.problems:
        if problem.kind not in _HARMLESS:
            raise InputError(str(problem))
    return found.pairs


def load_pair(pair: Pair) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """-> nir (H, W) and rgb (H, W, 3), 8 bit. Raises InputError when one is missing or unreadable, or sizes differ."""
    if pair.nir is None:
        raise InputError(f"{pair.rgb}: its nir partner is missing; add it to train on this pair")
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
