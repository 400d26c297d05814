"""Whether files that GDAL reads hold what their headers promise: it fills up what is missing, without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nircolor.errors import InputError
from nircolor.image.limits import check_promise

_RATIO = 1 << 16  # pixels a byte: more than any compression, and any map of which a few tiles are there, comes to


def check_held(dataset: Any, source: Path, held: int | None = None) -> None:
    """Refuse with ``InputError`` a picture on this machine that is larger than its files can hold.

    ``dataset``: of rasterio, open. ``source``: the file that was asked for. ``held``: the bytes of what it leads to,
    where that is known; otherwise those of the files that belong to it.
    """
    if held is None:
        named = (Path(name) for name in {str(source), *dataset.files})
        held = sum(path.stat().st_size for path in named if path.is_file())
    check_promise(dataset.width, dataset.height, 1, held, _RATIO)
    path = Path(dataset.name)
    promised = _plain_bytes(dataset, path) if path.is_file() else 0
    if promised and (stored := path.stat().st_size) < promised:
        reason = f"promises {dataset.width} x {dataset.height} pixels but holds only {stored} of {promised} bytes"
        raise InputError(reason, remedy="it is truncated or damaged, get a fresh copy")


def _plain_bytes(dataset: Any, path: Path) -> int:
    """Bytes that a file of plain samples should have; 0 where nobody can tell."""
    if dataset.driver == "PCIDSK":
        with path.open("rb") as stream:
            blocks = stream.read(32)[16:].strip()
        return int(blocks) * 512 if blocks.isdigit() else 0
    if dataset.driver == "ENVI" and not dataset.tags(ns="ENVI").get("file_compression"):
        return int(dataset.width * dataset.height * sum(np.dtype(name).itemsize for name in dataset.dtypes))
    return 0
