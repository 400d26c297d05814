"""Where a picture lies on the Earth, and what GDAL says of it: tags of a TIFF page that outlive the change of colours.

GeoTIFF 1.1 (OGC 19-008): the coordinate system is in GeoKeys, the place in tie points, a pixel scale or a matrix. RPCs
are the camera of a satellite. GDAL's own metadata is XML: items of the file, and of its bands.
"""

from __future__ import annotations

import math
import re
import struct
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import IfdEntry

_KEYS, _DOUBLES, _TEXTS = 34735, 34736, 34737
_SCALE, _TIES, _MATRIX = 33550, 33922, 34264
_RPC, _GDAL = 50844, 42112
_WANTED = (_KEYS, _DOUBLES, _TEXTS, _SCALE, _TIES, _MATRIX, _RPC, _GDAL)
_ASCII, _DOUBLE = 2, 12
_KINDS = {_DOUBLES: _DOUBLE, _TEXTS: _ASCII}

_RASTER_TYPE, _POINT = 1025, 2  # GTRasterTypeGeoKey: RasterPixelIsPoint
_RPC_NUMBERS = 92
_LARGEST = 1 << 24  # bytes of one tag
_LARGEST_TEXT = 1 << 22  # bytes of XML that are parsed
_STATISTICS = re.compile("STATISTICS_|HISTOGRAM", re.IGNORECASE)
_BANDS = ("red", "green", "blue")


@dataclass(frozen=True)
class Geo:
    """A georeference, whole or in part. Empty: not there."""

    system: tuple[IfdEntry, ...] = ()
    """The coordinate system: GeoKeys, and the numbers and texts that they point to."""
    scale: tuple[float, ...] = ()
    """ModelPixelScale: 3 numbers, units of the coordinate system a pixel."""
    ties: tuple[float, ...] = ()
    """ModelTiepoint: 6 numbers a point: column, row, 0, then x, y, z of the coordinate system."""
    matrix: tuple[float, ...] = ()
    """ModelTransformation: 4 x 4, row by row, from (column, row, 0, 1) to (x, y, z, 1)."""
    rpc: tuple[float, ...] = ()
    """Rational polynomial coefficients of RPCCoefficientTag, 92 numbers."""
    items: str = ""
    """GDAL's metadata as XML, without what was true of the near-infrared values alone."""

    @property
    def is_placed(self) -> bool:
        """Whether it says where something lies, and is not only GDAL's metadata."""
        return bool(self.system or self.scale or self.ties or self.matrix or self.rpc)

    @property
    def name(self) -> str:
        """What messages call it."""
        return "the georeference" if self.is_placed else "GDAL's metadata"

    @property
    def is_point(self) -> bool:
        """Whether whole numbers of columns and rows are the middles of pixels, not their corners."""
        numbers = self.system[0].numbers() if self.system else ()
        return any(numbers[at] == _RASTER_TYPE and numbers[at + 3] == _POINT for at in range(4, len(numbers) - 3, 4))

    def entries(self) -> Iterator[IfdEntry]:
        """The tags of an output, in no order."""
        yield from self.system
        numbers = {_SCALE: self.scale, _TIES: self.ties, _MATRIX: self.matrix, _RPC: self.rpc}
        for tag, values in numbers.items():
            if values:
                yield IfdEntry(tag, _DOUBLE, len(values), struct.pack(f"<{len(values)}d", *values))
        if self.items:
            text = self.items.encode() + b"\0"
            yield IfdEntry(_GDAL, _ASCII, len(text), text)


def from_tiff(stream: BinaryIO, offset: int) -> tuple[Geo | None, list[str]]:
    """The georeference of the page at ``offset``, None where it has none; a warning for each part that is damaged."""
    try:
        layout, _ = ifd.read_header(stream)
        entries, _ = ifd.read_ifd(stream, offset, layout, _WANTED, _LARGEST)
    except ValueError:
        return None, ["the tags of its georeference are damaged and not kept"]
    found = {entry.tag: entry for entry in reversed(entries)}  # of two with the same number the first counts
    values, lost = dict[str, Any](), list[str]()
    for read, warning in _PARTS:
        try:
            values |= read(found)
        except ValueError:
            lost.append(warning)
    geo = Geo(**values)
    return (None if geo == Geo() else geo), lost


def _system(found: Mapping[int, IfdEntry]) -> dict[str, Any]:
    if _KEYS not in found:
        return {}
    numbers = found[_KEYS].numbers()
    parts = [found[tag] for tag in (_KEYS, _DOUBLES, _TEXTS) if tag in found]
    room = {entry.tag: entry.count for entry in parts}
    if len(numbers) < 4 or numbers[0] != 1 or len(numbers) < 4 + 4 * numbers[3]:
        raise ValueError("a short directory of keys")
    for at in range(4, 4 + 4 * int(numbers[3]), 4):
        _, place, count, start = numbers[at : at + 4]
        if place and start + count > room.get(int(place), 0):
            raise ValueError("a key whose value is not there")
    if found[_KEYS].kind != ifd.SHORT or any(entry.kind != _KINDS[entry.tag] for entry in parts[1:]):
        raise ValueError("another kind of numbers")
    return {"system": tuple(replace(entry, position=-1) for entry in parts)}


def _place(found: Mapping[int, IfdEntry]) -> dict[str, Any]:
    ties = _numbers(found, _TIES)
    if len(ties) % 6:
        raise ValueError("half a tie point")
    return {"scale": _numbers(found, _SCALE, 3), "ties": ties, "matrix": _numbers(found, _MATRIX, 16)}


def _camera(found: Mapping[int, IfdEntry]) -> dict[str, Any]:
    return {"rpc": _numbers(found, _RPC, _RPC_NUMBERS)}


def _numbers(found: Mapping[int, IfdEntry], tag: int, count: int | None = None) -> tuple[float, ...]:
    """``count`` finite numbers, or none where the tag is not there. Raises ``ValueError`` for anything else."""
    if tag not in found:
        return ()
    values = found[tag].values()
    if not values or count not in (None, len(values)) or not all(map(math.isfinite, values)):
        raise ValueError(f"tag {tag} does not hold what it should")
    return values


def _metadata(found: Mapping[int, IfdEntry]) -> dict[str, Any]:
    """GDAL's items of the file, and names of the bands where they had any: what else is said of them is no longer true.

    Those are statistics, scale, offset, unit and colour of near-infrared values.
    """
    if _GDAL not in found:
        return {}
    text = found[_GDAL].data.split(b"\0")[0]
    if len(text) > _LARGEST_TEXT or b"<!DOCTYPE" in text or b"<!ENTITY" in text:  # which may expand without end
        raise ValueError("no metadata of GDAL")
    try:
        old = ET.fromstring(text)
    except ET.ParseError as error:
        raise ValueError("no XML") from error
    new, items = ET.Element("GDALMetadata"), old.findall("Item")
    new.extend(item for item in items if _is_of_file(item))
    if any(item.get("role") == "description" for item in items):
        new.extend(_named(sample, name) for sample, name in enumerate(_BANDS))
    return {"items": ET.tostring(new, encoding="unicode")} if len(new) else {}


def _is_of_file(item: ET.Element) -> bool:
    return "sample" not in item.attrib and "role" not in item.attrib and not _STATISTICS.match(item.get("name", ""))


def _named(sample: int, name: str) -> ET.Element:
    item = ET.Element("Item", name="DESCRIPTION", sample=str(sample), role="description")
    item.text = name
    return item


_PARTS: tuple[tuple[Callable[[Mapping[int, IfdEntry]], dict[str, Any]], str], ...] = (
    (_system, "its GeoKeys are damaged: the coordinate system is not kept"),
    (_place, "its tie points, pixel scale or matrix are damaged: the place on the map is not kept"),
    (_camera, "its RPCs are damaged and not kept"),
    (_metadata, "its GDAL metadata (tag 42112) is damaged or too long and not kept"),
)
