"""OpenEXR files, half or float: the library of that name decodes them (extra ``nircolor[exr]``), band by band.

Values are proportional to light, as the format has it: they are read under a linear profile.
"""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import numpy as np
import OpenEXR

from nircolor.errors import InputError
from nircolor.image import coding
from nircolor.image.limits import check_size
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page

_COLOURS = ("R", "G", "B", "Y")
_ALPHA = "A"
_TYPES = {"HALF": np.float16, "FLOAT": np.float32}
_NAMED = 8  # bands that a message lists


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read the first part of an OpenEXR file. Bands count in the order R, G, B, Y, A, then by name.

    Raises ``InputError``.
    """
    only_page(request.page)
    data = stream.read()
    file = OpenEXR.InputFile(io.BytesIO(data))
    header = file.header()
    window = header["dataWindow"]
    width, height = window.max.x - window.min.x + 1, window.max.y - window.min.y + 1
    channels = header["channels"]
    names = _order(channels)
    check_size(width, height, 4 * len(names), len(data), ratio=None)
    planes, alpha, number = _read(file, names, request, (height, width), channels)
    raster = Raster("EXR", planes, alpha, number, icc=coding.linear_profile())
    raster.premultiplied = alpha is not None
    if (window.min.x, window.min.y, window.max.x, window.max.y) != _corners(header["displayWindow"]):
        raster.warnings.append("its data window is not its display window: all data was read, and nothing beside it")
    return raster


def _corners(window: Any) -> tuple[int, int, int, int]:
    return window.min.x, window.min.y, window.max.x, window.max.y


def _order(channels: dict[str, Any]) -> list[str]:
    known = [name for name in (*_COLOURS, _ALPHA) if name in channels]
    return known + sorted(set(channels) - set(known))


def _read(
    file: Any, names: list[str], request: Request, shape: tuple[int, int], channels: dict[str, Any]
) -> tuple[list[Samples], Samples | None, int | None]:
    """The chosen planes, the mask, and which band that is."""
    mask = names.index(_ALPHA) if _ALPHA in names else None
    try:
        bands = choose_bands(len(names), mask, request.band)
    except InputError as error:
        told = ", ".join(f"{number} is {name[:30]!a}" for number, name in enumerate(names[:_NAMED], 1))
        raise InputError(f"{error.reason} ({told})", remedy=error.remedy) from error
    planes = [_plane(file, names[index], shape, channels) for index in bands.colour]
    alpha = None if bands.alpha is None else _plane(file, names[bands.alpha], shape, channels)
    return planes, alpha, bands.alpha_band


def _plane(file: Any, name: str, shape: tuple[int, int], channels: dict[str, Any]) -> Samples:
    channel = channels[name]
    dtype = _TYPES.get(str(channel.type))
    if dtype is None:
        raise InputError(f"holds {str(channel.type).lower()} samples in its band {name[:30]!a}", remedy="choose another")
    if (channel.xSampling, channel.ySampling) != (1, 1):
        raise InputError(f"has fewer samples than pixels in its band {name[:30]!a}", remedy="choose another")
    return np.frombuffer(file.channel(name), dtype).reshape(shape).astype(np.float32)
