"""Every type of number that files store samples in, as one of the three that are handed on: uint8, uint16 and float32.

    bool, uint8, uint16    as they are
    int8, int16            uint8, uint16: values below 0 become 0, and are counted
    int32, uint32          float32, of which 24 bits are exact; the output has 16 bits
    int64, uint64          the same where no value needs more than 32 bits, else an error
    float16, 32, 64        float32

Which value is black and which is white comes from the type and the number of its bits, never from the data. Where the
type changes, a value that stands for no data becomes one that no picture has: the largest of uint8 or uint16, or NaN.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nircolor.errors import InputError
from nircolor.image.raster import Samples

_UNSIGNED: dict[np.dtype[Any], np.dtype[Any]] = {
    np.dtype(np.bool_): np.dtype(np.uint8),
    np.dtype(np.int8): np.dtype(np.uint8),
    np.dtype(np.int16): np.dtype(np.uint16),
}
_LEAST_64, _MOST_64 = -(2**31), 2**32 - 1  # of 64 bits: the values of int32 and uint32
_PERCENT = 100  # steps between black and white of a reflectance in whole numbers, at least


@dataclass(frozen=True)
class SampleType:
    """How the samples of one file are handed on. Make it with ``sample_type``."""

    stored: np.dtype[Any]
    """Type in the file."""
    handed: np.dtype[Any]
    """uint8, uint16 or float32."""
    peak: float
    """Stored and handed value that means white where no tag says otherwise; black is 0."""
    declared: int | float | None = None
    """Stored value that stands for no data; None where there is none."""
    nodata: float | None = None
    """What stands for it among the samples that are handed on; None where no sample can have it."""

    @property
    def depth(self) -> str:
        """Type of the output that holds such a picture: ``handed``, but uint16 where the file has whole numbers."""
        return "uint16" if self.handed.kind == "f" and self.stored.kind != "f" else str(self.handed)

    @property
    def recoded(self) -> int | float | None:
        """``declared`` where another value stands for it among the samples that are handed on."""
        coded = self.nodata is not None and self.stored.kind in "iu" and self.stored != self.handed
        return self.declared if coded else None

    def convert(self, block: Samples, mask: bool = False) -> tuple[Samples, int]:
        """Stored samples, of any shape, as they are handed on, and how many of them were below 0 and became 0.

        ``mask``: they are transparency, in which no value stands for no data. ``block`` stays as it is, and may be
        what is returned. Raises ``InputError`` for numbers of 64 bits that are too large.
        """
        if self.stored.kind in "bf" or self.stored == self.handed:
            with np.errstate(over="ignore", invalid="ignore"):  # float64 beyond float32 becomes infinite
                return block.astype(self.handed, copy=False), 0
        gone = None if mask or self.nodata is None else block == self.declared
        if self.handed.kind == "f":
            return self._wide(block, gone), 0
        below = block < 0
        samples = np.where(below, 0, block).astype(self.handed)
        if gone is not None:
            samples[gone] = self.nodata
            below &= ~gone
        return samples, int(np.count_nonzero(below))

    def _wide(self, block: Samples, gone: Samples | None) -> Samples:
        picture = block if gone is None else block[~gone]
        if self.stored.itemsize == 8 and picture.size and not _LEAST_64 <= picture.min() <= picture.max() <= _MOST_64:
            reason = f"holds {self.stored} samples that need more than 32 bits"
            raise InputError(reason, remedy="convert it to float32 first")
        samples = block.astype(np.float32)
        if gone is not None:
            samples[gone] = np.nan
        return samples

    def reflectance(self, scale: float, offset: float) -> tuple[float, float] | None:
        """Stored values of which ``scale * value + offset`` is 0 and 1: black and white of a reflectance.

        None where they are no range within the type, or one of so few steps, or so far from 0, that something else is
        meant: degrees, metres, radiance.
        """
        if not 0 < scale < np.inf or not -1 <= offset <= 0:
            return None
        black, white = (0 - offset) / scale, (1 - offset) / scale
        whole = self.stored.kind != "f"
        fits = black < white < np.inf and (not whole or white <= self.peak)
        return (black, white) if fits and (not whole or white - black >= _PERCENT) else None

    def remarks(self, clipped: int) -> list[str]:
        """What to say of the ``clipped`` samples that ``convert`` counted in all."""
        return [f"{clipped} of its {self.stored} values are below 0 and became 0"] if clipped else []


class Clipped:
    """How many values had to be clipped, each place of a file counted once, and one line about them in ``warnings``."""

    def __init__(self, warnings: list[str], kind: SampleType) -> None:
        self._warnings, self._kind, self._places = warnings, kind, set[Hashable]()
        self._count, self._line = 0, len(warnings)

    def add(self, place: Hashable, count: int) -> None:
        """Take note of what ``SampleType.convert`` counted at ``place``; the line is kept up to date."""
        if not count or place in self._places:
            return
        self._places.add(place)
        if not self._count:
            self._line = len(self._warnings)
            self._warnings.append("")
        self._count += count
        (self._warnings[self._line],) = self._kind.remarks(self._count)


def sample_type(stored: np.dtype[Any], bits: int | None = None, declared: int | float | None = None) -> SampleType:
    """How samples of the type ``stored`` are handed on, of which ``bits`` are used (None: all).

    ``declared``: the value that stands for no data. Raises ``InputError``, which names the type, for all others.
    """
    stored = stored.newbyteorder("=")
    if stored.kind not in "biuf" or stored.itemsize > 8:
        raise InputError(f"holds {stored.name} samples", remedy="convert it to uint8, uint16 or float32 first")
    handed = _handed(stored)
    return SampleType(stored, handed, _peak(stored, bits), declared, _nodata(stored, handed, declared))


def _handed(stored: np.dtype[Any]) -> np.dtype[Any]:
    if stored.kind == "u" and stored.itemsize <= 2:
        return stored
    return _UNSIGNED.get(stored) or np.dtype(np.float32)


def _peak(stored: np.dtype[Any], bits: int | None) -> float:
    if stored.kind == "f":
        return 1.0
    if stored.kind == "b":
        return 2.0 ** (bits or 1) - 1
    bits = min(bits or 64, 8 * stored.itemsize, 32)  # 64 bits are read where they hold no more than 32
    return 2.0 ** (bits - (stored.kind == "i")) - 1


def _nodata(stored: np.dtype[Any], handed: np.dtype[Any], declared: int | float | None) -> float | None:
    if declared is None:
        return None
    if stored.kind == "f":
        with np.errstate(over="ignore"):
            return float(np.float64(declared).astype(stored).astype(np.float32))  # as it was stored, and is read
    low, high = (0, 1) if stored.kind == "b" else (int(np.iinfo(stored).min), int(np.iinfo(stored).max))
    if not low <= declared <= high or declared != int(declared):
        return None
    if stored.kind == "b" or stored == handed:
        return float(declared)
    return float(np.nan) if handed.kind == "f" else float(np.iinfo(handed).max)
