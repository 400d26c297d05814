"""OpenEXR files, half, float or uint32: the library of that name decodes them (extra ``nircolor[exr]``), band by band.

Values are proportional to light, as the format has it: they are read under a linear profile.
"""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
import OpenEXR

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.codecs.exr_header import ExrHeader, read_header
from nircolor.image.limits import check_size
from nircolor.image.raster import Bands, Raster, Request, Samples, choose_bands, only_page
from nircolor.image.sample_types import SampleType, sample_type

_COLOURS = ("R", "G", "B", "Y")
_ALPHA = "A"
_NAMED = 8  # bands that a message lists


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read an OpenEXR file of one part. Bands count in the order R, G, B, Y, A, then by name. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    header = read_header(data)
    names = _order(header)
    height, width = header.shape
    check_size(width, height, 4 * len(names), len(data), ratio=None)
    bands = _choose(names, request)
    file = OpenEXR.InputFile(io.BytesIO(data))
    kind = _kind(header, [names[index] for index in bands.colour])
    planes = [_plane(file, names[index], header) for index in bands.colour]
    alpha = None if bands.alpha is None else _mask(file, names[bands.alpha], header, kind)
    raster = Raster("EXR", planes, alpha, bands.alpha_band, peak=kind.peak, depth=kind.depth)
    raster.icc = coding.linear_profile()
    raster.premultiplied = alpha is not None
    if header.data != header.display:
        raster.warnings.append("its data window is not its display window: all data was read, and nothing beside it")
    return raster


def _order(header: ExrHeader) -> list[str]:
    known = [name for name in (*_COLOURS, _ALPHA) if name in header.channels]
    return known + sorted(set(header.channels) - set(known))


def _choose(names: list[str], request: Request) -> Bands:
    try:
        return choose_bands(len(names), names.index(_ALPHA) if _ALPHA in names else None, request.band)
    except InputError as error:
        told = ", ".join(f"{number} is {name[:30]!a}" for number, name in enumerate(names[:_NAMED], 1))
        raise InputError(f"{error.reason} ({told})", remedy=error.remedy) from error


def _plane(file: OpenEXR.InputFile, name: str, header: ExrHeader) -> Samples:
    channel = header.channels[name]
    if not channel.full:
        raise InputError(
            f"has fewer samples than pixels in its band {name[:30]!a}", remedy="choose another with `band`"
        )
    kind = sample_type(np.dtype(channel.type))
    return kind.convert(np.frombuffer(file.channel(name), channel.type).reshape(header.shape))[0]


def _mask(file: OpenEXR.InputFile, name: str, header: ExrHeader, kind: SampleType) -> Samples:
    own = sample_type(np.dtype(header.channels[name].type))
    return _plane(file, name, header) * np.float32(kind.peak / own.peak)


def _kind(header: ExrHeader, names: list[str]) -> SampleType:
    """What the bands ``names`` have in common. Raises ``InputError`` where that is nothing."""
    kinds = [sample_type(np.dtype(header.channels[name].type)) for name in names]
    if len({kind.peak for kind in kinds}) > 1:
        told = " and ".join(sorted({str(kind.stored) for kind in kinds}))
        raise InputError(f"holds {told} samples in one picture", remedy="choose one band with `band`")
    return kinds[0]
