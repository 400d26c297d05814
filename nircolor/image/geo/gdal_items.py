"""What GDAL's metadata (tag 42112 of a TIFF) say of bands: their descriptions, wavelengths, scales and offsets.

A small XML of its own: <GDALMetadata><Item name="DESCRIPTION" sample="3" role="description">NIR</Item></GDALMetadata>.
It is read by patterns with bounds, so that nothing in it is expanded or fetched.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from nircolor.image.bands import MOST_NAMED, BandLabel, nanometres

_ITEM = re.compile(r"<Item\s([^<>]{0,400})>([^<]{0,400})</Item>")
_ATTRIBUTE = re.compile(r'(\w{1,40})\s*=\s*"([^"]{0,200})"')
_NO_COLOURS = frozenset(("gray", "undefined", "palette"))
_MOST = 1 << 16  # items of one file


@dataclass(frozen=True)
class Scale:
    """Stored values times ``scale`` plus ``offset`` are physical ones."""

    scale: float = 1.0
    offset: float = 0.0

    def __str__(self) -> str:
        told = (("scale", self.scale, 1), ("offset", self.offset, 0))
        return " and ".join(f"{name} ({number:.6g})" for name, number, neutral in told if number != neutral)


@dataclass(frozen=True)
class _Item:
    name: str
    role: str
    sample: int | None
    text: str


class GdalItems:
    """The items of one file; ``data`` is the value of the tag."""

    def __init__(self, data: bytes) -> None:
        found = _ITEM.finditer(data.split(b"\0")[0].decode("utf-8", "replace"))
        self._items = [_item(match) for match in islice(found, _MOST)]
        self._scales = self._texts(lambda item: item.role == "scale")
        self._offsets = self._texts(lambda item: item.role == "offset")

    def labels(self, count: int) -> tuple[BandLabel, ...]:
        """Names and wavelengths of ``count`` bands, or the first of very many."""
        names = self._texts(lambda item: item.role == "description")
        colours = self._texts(lambda item: item.role == "colorinterp" and item.text.lower() not in _NO_COLOURS)
        units = self._texts(lambda item: item.name == "wavelength_units")
        waves = self._texts(lambda item: item.name in ("wavelength", "central_wavelength_um"))
        lengths = {band: nanometres(text, units.get(band, "")) for band, text in waves.items()}
        return tuple(
            BandLabel(names.get(band, ""), lengths.get(band), colours.get(band, ""))
            for band in range(min(count, MOST_NAMED))
        )

    def scale(self, band: int) -> Scale:
        """Of one band, from 0. What is no number is NaN."""
        return Scale(_number(self._scales, band, 1.0), _number(self._offsets, band, 0.0))

    def _texts(self, wanted: Callable[[_Item], bool]) -> dict[int | None, str]:
        return {item.sample: item.text for item in self._items if wanted(item)}


def _item(match: re.Match[str]) -> _Item:
    attributes = dict(_ATTRIBUTE.findall(match[1]))
    sample = attributes.get("sample", "")
    return _Item(
        attributes.get("name", "").lower(),
        attributes.get("role", "").lower(),
        int(sample) if re.fullmatch(r"[0-9]{1,6}", sample) else None,
        " ".join(html.unescape(match[2]).split()),
    )


def _number(texts: dict[int | None, str], band: int, neutral: float) -> float:
    text = texts.get(band, texts.get(None))  # an item without a band is of all of them
    try:
        return neutral if text is None else float(text)
    except ValueError:
        return math.nan
