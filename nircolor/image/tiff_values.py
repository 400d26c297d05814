"""What the tags of a TIFF page say about its values: which is black, which is white, and which stands for no data."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np
from tifffile import TiffPage

from nircolor.image import ifd, tiff_checks
from nircolor.image.ifd import IfdEntry

_PHOTOMETRIC, _MAX_SAMPLE_VALUE, _GREY_CURVE, _TRANSFER, _ICC = 262, 281, 291, 301, 34675
_GDAL, _NODATA, _LINEAR, _BLACK_LEVEL, _WHITE_LEVEL = 42112, 42113, 50712, 50714, 50717
_WANTED = (
    _PHOTOMETRIC, _MAX_SAMPLE_VALUE, _GREY_CURVE, _TRANSFER, _ICC, _GDAL, _NODATA, _LINEAR, _BLACK_LEVEL, _WHITE_LEVEL
)  # fmt: skip
_SCALE = re.compile(rb'role="(scale|offset)">\s*([^<\s]{1,30})')  # in GDAL's metadata
_NEUTRAL = {b"scale": b"1", b"offset": b"0"}
_MINISWHITE = 0


@dataclass
class Values:
    """How stored values are to be read."""

    black: float = 0.0
    peak: float = 1.0
    inverted: bool = False
    nodata: float | None = None
    notes: list[str] = field(default_factory=list)
    type_peak: float | None = None
    """``peak`` without the levels of a sensor, should they prove wrong; None where there are none."""


def values_of(page: TiffPage, stream: BinaryIO) -> Values:
    """Read the tags of ``page``. One that makes no sense is passed over, with a note."""
    layout, _ = ifd.read_header(stream)
    entries, _ = ifd.read_ifd(stream, page.offset, layout, _WANTED)
    found = {entry.tag: entry for entry in reversed(entries)}
    values = Values(peak=_peak(page, found), inverted=_is_inverted(page))
    if _PHOTOMETRIC not in found:
        values.notes.append("has no photometric tag: the smallest value was read as black")
    values.notes += _left_out(found)
    _apply_levels(values, found)
    _apply_nodata(values, page, found)
    return values


def _left_out(found: dict[int, IfdEntry]) -> list[str]:
    notes = []
    if _ICC not in found and (_TRANSFER in found or _GREY_CURVE in found):
        notes.append("its transfer function is left out of account; if it looks wrong convert it to sRGB first")
    scales = _SCALE.findall(found[_GDAL].data) if _GDAL in found else []
    told = {f"{kind.decode()} ({value.decode('latin-1')!a})" for kind, value in scales if value != _NEUTRAL[kind]}
    if told:
        notes.append(f"its {' and '.join(sorted(told)[:2])} left out of account: the stored values were read")
    return notes


def _is_inverted(page: TiffPage) -> bool:
    # a file without the tag is read as GDAL and libtiff do; tifffile takes the standard's number 0, white is zero
    return page.photometric == _MINISWHITE and _PHOTOMETRIC in page.tags


def _peak(page: TiffPage, found: dict[int, IfdEntry]) -> float:
    """Stored value that means 1.0: from the number of bits, or from MaxSampleValue where it is a full range of bits.

    Any other MaxSampleValue is the largest value some writer happened to find, and the range must not depend on data.
    """
    if tiff_checks.sample_type(page).kind == "f":
        return 1.0
    bits = page.bitspersample
    if bits == 16 and _MAX_SAMPLE_VALUE in found:
        largest = set(found[_MAX_SAMPLE_VALUE].numbers())
        if len(largest) == 1 and largest <= {2**fewer - 1 for fewer in range(9, 16)}:
            return float(largest.pop())
    return float(2**bits - 1)


def _apply_levels(values: Values, found: dict[int, IfdEntry]) -> None:
    """BlackLevel and WhiteLevel of a sensor (DNG 1.7, chapter 4): one number a band, or a pattern of them."""
    if _LINEAR in found:  # the levels are those of its results
        values.notes.append("its linearization table, black and white level are left out of account")
        return
    levels = [found[tag].values() or (math.nan,) if tag in found else () for tag in (_BLACK_LEVEL, _WHITE_LEVEL)]
    black, white = (sum(each) / len(each) if each else None for each in levels)
    if black is None and white is None:
        return
    low, high = black or 0.0, values.peak if white is None else white
    if not 0 <= low < high < math.inf or (values.peak > 1 and high > values.peak):
        values.notes.append(f"its black level {low:g} and white level {high:g} make no range and are not used")
        return
    values.black, values.peak, values.type_peak = low, high, values.peak
    if any(len(set(each)) > 1 for each in levels):
        values.notes.append(f"its black or white level is not the same everywhere: {low:g} and {high:g} were used")


def _apply_nodata(values: Values, page: TiffPage, found: dict[int, IfdEntry]) -> None:
    if _NODATA not in found:
        return
    text = found[_NODATA].data.split(b"\0")[0].decode("latin-1").strip()
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        values.notes.append(f"its nodata value {text[:40]!a} is no number: all pixels count as picture")
        return
    if page.dtype is not None and page.dtype.kind == "f":
        number = float(np.float64(number).astype(page.dtype).astype(np.float32))  # as it was stored, and is read
    values.nodata = number
