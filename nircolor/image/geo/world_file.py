"""World files: six numbers in a text beside a picture that say where it lies, in a coordinate system that they omit."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

from nircolor.image.geo.tags import Geo
from nircolor.image.raster import Raster

_LARGEST = 4096  # bytes


def add(raster: Raster, picture: Path) -> None:
    """Give ``raster`` the place that a world file beside ``picture`` says, where the picture itself says none.

    ``a.tif`` has ``a.tfw``, ``a.tifw`` or ``a.wld``, in small letters or capitals; ``a.png`` has ``a.pgw`` and so on.
    One that is damaged is a warning.
    """
    geo = raster.geo or Geo()
    if geo.scale or geo.ties or geo.matrix or geo.rpc:
        return
    for path in _names(picture):
        if path.is_file():
            if numbers := _numbers(path):
                raster.geo = replace(geo, matrix=_matrix(numbers, centres=geo.is_point))
            else:
                raster.warnings.append(f"the world file {path.name!a} is damaged: the place on the map is not kept")
            return


def _names(picture: Path) -> list[Path]:
    suffix = picture.suffix.lower()
    if len(suffix) < 3:
        return []
    ends = (f".{suffix[1]}{suffix[-1]}w", f"{suffix}w", ".wld")
    return [picture.with_suffix(name) for end in ends for name in (end, end.upper())]


def _numbers(path: Path) -> list[float]:
    """The six numbers; none where the file holds anything else."""
    try:
        with path.open("rb") as stream:
            numbers = [float(text) for text in stream.read(_LARGEST).split()]
    except (OSError, ValueError):
        return []
    sound = len(numbers) == 6 and all(map(math.isfinite, numbers))
    return numbers if sound and numbers[0] * numbers[3] != numbers[1] * numbers[2] else []


def _matrix(numbers: list[float], centres: bool) -> tuple[float, ...]:
    """The numbers place the middle of the first pixel; a GeoTIFF its corner, unless it counts ``centres``."""
    x_of_column, y_of_column, x_of_row, y_of_row, x, y = numbers
    back = 0 if centres else 0.5
    left, top = x - back * (x_of_column + x_of_row), y - back * (y_of_column + y_of_row)
    return (x_of_column, x_of_row, 0, left, y_of_column, y_of_row, 0, top, 0, 0, 0, 0, 0, 0, 0, 1)
