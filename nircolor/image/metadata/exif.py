"""EXIF blocks: orientation taken out, everything else kept byte for byte."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from nircolor.image.orient import UPRIGHT, swaps_axes
from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import IfdEntry, IfdLayout

PREFIX = b"Exif\0\0"
"""What JPEG (and some writers of WebP and PNG) put before the TIFF structure."""

PACKETS = (ifd.XMP, ifd.IPTC, ifd.RESOURCES)
"""Tags of other standards; they are read and written apart, since they may speak of the old pixels."""

_LINKS = (ifd.EXIF_IFD, ifd.GPS_IFD, ifd.INTEROP_IFD)  # none is followed further: they may lead back
_PIXEL_WIDTH, _PIXEL_HEIGHT = 40962, 40963
_CENTIMETRE, _INCH = 3, 2
_INTEROP_INDEX = 1

# what a TIFF file says about the photograph, as against about its own layout
# (269, 285 and 297: name of the document and of the page, and its number)
_DESCRIPTIVE = (269, 270, 271, 272, ifd.ORIENTATION, 285, 297, 305, 306, 315, 316, 33432)
_OF_GDAL = {269, 270, ifd.ORIENTATION, 305, 306, 315, 316, 33432}


@dataclass(frozen=True)
class Exif:
    """A block fit for the output, and what it said."""

    block: bytes | None = None
    orientation: int = UPRIGHT
    resolution: tuple[float, float] | None = None
    warning: str | None = None
    adobe: bool = False
    """Whether the values are those of Adobe RGB: cameras say so here and embed no profile."""


def tidy(block: bytes | None) -> Exif:
    """Read a block, set its orientation to 1, and cut its thumbnail off, which shows the near-infrared picture.

    A damaged block is dropped with a warning: a picture is worth more than its metadata.
    """
    if not block:
        return Exif()
    block = block.removeprefix(PREFIX)
    try:
        return _tidy(block)
    except ValueError:
        return Exif(warning="the EXIF block is damaged and is not kept")


def _tidy(block: bytes) -> Exif:
    stream, patched = io.BytesIO(block), bytearray(block)
    layout, first = ifd.read_header(stream)
    if layout.big:
        raise ValueError("EXIF has no BigTIFF form")
    entries, link = ifd.read_ifd(stream, first, layout)
    found = _by_tag(entries)
    orientation = orientation_of(found)
    for entry in entries:
        if entry.tag == ifd.ORIENTATION:
            _patch(patched, entry, UPRIGHT, layout)
    _cut_out(patched, slice(first + 2, link), layout)
    if swaps_axes(orientation):
        _swap_dimensions(patched, sub_directories(stream, found, layout, (first,)))
    return Exif(bytes(patched), orientation, resolution_of(found), adobe=_is_adobe(stream, found, layout))


def _cut_out(patched: bytearray, table: slice, layout: IfdLayout) -> None:
    """Take packets of other standards and the link to the thumbnail out of the first directory."""
    records = [patched[at : at + 12] for at in range(table.start, table.stop, 12)]
    kept = [record for record in records if struct.unpack_from(f"{layout.order}H", record)[0] not in PACKETS]
    patched[table.start - 2 : table.start] = struct.pack(f"{layout.order}H", len(kept))
    patched[table.start : table.stop + 4] = b"".join(kept).ljust(table.stop + 4 - table.start, b"\0")


def packets(block: bytes | None) -> dict[int, bytes]:
    """What a block holds of ``PACKETS``: programs that make it of a TIFF file take them along."""
    stream = io.BytesIO((block or b"").removeprefix(PREFIX))
    try:
        layout, first = ifd.read_header(stream)
        return {entry.tag: entry.data for entry in ifd.read_ifd(stream, first, layout, PACKETS)[0]}
    except ValueError:
        return {}


def _is_adobe(stream: BinaryIO, found: dict[int, IfdEntry], layout: IfdLayout) -> bool:
    """DCF 2.0: the interoperability index of the optional colour space is R03."""
    try:
        for tag in (ifd.EXIF_IFD, ifd.INTEROP_IFD):
            (offset,) = found[tag].numbers()
            found = _by_tag(ifd.read_ifd(stream, int(offset), layout)[0])
        return found[_INTEROP_INDEX].data.startswith(b"R03")
    except (ValueError, KeyError):
        return False


def _by_tag(entries: list[IfdEntry]) -> dict[int, IfdEntry]:
    return {entry.tag: entry for entry in reversed(entries)}  # of two with the same number the first counts


def _patch(patched: bytearray, entry: IfdEntry, value: int, layout: IfdLayout) -> None:
    size = len(entry.data)
    patched[entry.position : entry.position + size] = value.to_bytes(size, "little" if layout.order == "<" else "big")


def _swap_dimensions(patched: bytearray, directories: dict[int, list[IfdEntry]]) -> None:
    for entries in directories.values():
        sides = {entry.tag: entry for entry in entries}
        width, height = sides.get(_PIXEL_WIDTH), sides.get(_PIXEL_HEIGHT)
        if width and height and (width.kind, width.count) == (height.kind, height.count) and len(width.data) <= 4:
            one, two = (slice(side.position, side.position + len(side.data)) for side in (width, height))
            patched[one], patched[two] = patched[two], patched[one]


def sub_directories(
    stream: BinaryIO, found: dict[int, IfdEntry], layout: IfdLayout, seen: Iterable[int], strict: bool = False
) -> dict[int, list[IfdEntry]]:
    """Entries of the EXIF and GPS directories, by the tag that points to each.

    Damaged ones are left out, and those at an offset that was ``seen`` before: a directory may point back. Where
    ``strict``, raises ``CutOffError`` for one that lies beyond the end of ``stream``.
    """
    directories, visited = {}, set(seen)
    for tag in (ifd.EXIF_IFD, ifd.GPS_IFD):
        offset = found[tag].numbers() if tag in found else ()
        if len(offset) != 1 or offset[0] in visited:
            continue
        visited.add(int(offset[0]))
        try:
            entries, _ = ifd.read_ifd(stream, int(offset[0]), layout)
        except ValueError as error:
            if strict and isinstance(error, ifd.CutOffError):
                raise
            continue
        directories[tag] = [entry for entry in entries if entry.tag not in _LINKS]
    return directories


def orientation_of(found: dict[int, IfdEntry]) -> int:
    """Orientation 1 to 8; 1 where it is missing or nonsense."""
    numbers = found[ifd.ORIENTATION].numbers() if ifd.ORIENTATION in found else ()
    return int(numbers[0]) if len(numbers) == 1 and numbers[0] in range(1, 9) else UPRIGHT


def resolution_of(found: dict[int, IfdEntry]) -> tuple[float, float] | None:
    """Pixels per inch along x and y, None where the tags are missing or have no unit."""
    x, y, unit = (
        found[tag].numbers() if tag in found else ()
        for tag in (ifd.X_RESOLUTION, ifd.Y_RESOLUTION, ifd.RESOLUTION_UNIT)
    )
    if len(x) != 1 or len(y) != 1:
        return None
    scale = {_INCH: 1.0, _CENTIMETRE: 2.54}.get(int(unit[0]) if unit else _INCH)  # inch is the standard's default
    return None if scale is None else sane_resolution(x[0] * scale, y[0] * scale)


def sane_resolution(x: float, y: float) -> tuple[float, float] | None:
    """(x, y) where both are possible pixels per inch, else None."""
    return (x, y) if 0 < x < 1e6 and 0 < y < 1e6 else None


def from_tiff(stream: BinaryIO, *offsets: int) -> tuple[bytes | None, tuple[float, float] | None]:
    """What the directories at ``offsets`` of a TIFF file say about the photograph; of two that differ the first counts.

    Returns an EXIF block, None for nothing, and the resolution in pixels per inch. Raises ``ValueError`` where the
    directory is damaged, ``CutOffError`` where the file ends before its metadata do.
    """
    layout, _ = ifd.read_header(stream)
    entries = [entry for offset in offsets for entry in ifd.read_ifd(stream, offset, layout)[0]]
    entries = [entry for entry in entries if not _is_machine_text(entry)]
    found = _by_tag(entries)
    about = [found[tag] for tag in _DESCRIPTIVE if tag in found]
    directories = sub_directories(stream, found, layout, offsets, strict=True)
    return (build(about, directories) if about or directories else None), resolution_of(found)


def _is_machine_text(entry: IfdEntry) -> bool:
    # descriptions by which tifffile, ImageJ and OME describe the layout to their readers: wrong for any other file
    return entry.tag == 270 and entry.data.lstrip().startswith((b'{"shape"', b"ImageJ=", b"<?xml", b"shape="))


def build(about: list[IfdEntry], directories: dict[int, list[IfdEntry]]) -> bytes:
    """A little-endian block from the entries of its first directory and of those that hang on it."""
    links = [IfdEntry(tag, ifd.LONG, 1, bytes(4)) for tag in directories]
    size = 8 + len(ifd.build_ifd([*about, *links], 8))
    tails = bytes(size % 2)
    for index, (tag, entries) in enumerate(directories.items()):
        offset = size + len(tails)
        links[index] = IfdEntry(tag, ifd.LONG, 1, struct.pack("<I", offset))
        tails += ifd.word_aligned(ifd.build_ifd(entries, offset))
    return b"II*\0" + struct.pack("<I", 8) + ifd.build_ifd([*about, *links], 8) + tails


def with_texts(block: bytes | None, texts: dict[int, str]) -> tuple[bytes | None, set[int]]:
    """The block with ``texts`` by tag in its first directory, and the tags that say something else already.

    The directory moves to the end and all else stays where it is: maker notes count their offsets from the start.
    """
    if not texts:
        return block, set()
    added = {tag: text.encode() + b"\0" for tag, text in texts.items()}
    if block is None:
        return build([IfdEntry(tag, 2, len(data), data) for tag, data in added.items()], {}), set()
    try:
        return _appended(block, added)
    except ValueError:
        return block, set(texts)


def _appended(block: bytes, added: dict[int, bytes]) -> tuple[bytes, set[int]]:
    stream = io.BytesIO(block)
    layout, first = ifd.read_header(stream)
    if layout.big:
        raise ValueError("EXIF has no BigTIFF form")
    entries, link = ifd.read_ifd(stream, first, layout)
    said = {entry.tag: entry.data.rstrip(b"\0 ") for entry in entries}
    refused = {tag for tag, data in added.items() if tag in said and said[tag] != data.rstrip(b"\0 ")}
    missing = {tag: data for tag, data in added.items() if tag not in said}
    if not missing:
        return block, refused
    return ifd.append_texts(block, slice(first + 2, link), layout.order, missing), refused


def split(block: bytes) -> tuple[list[IfdEntry], dict[int, list[IfdEntry]]]:
    """The descriptive entries of a block and its directories: what ``build`` puts together.

    Raises ``ValueError`` where the block is damaged.
    """
    stream = io.BytesIO(block)
    layout, first = ifd.read_header(stream)
    found = _by_tag(ifd.read_ifd(stream, first, layout)[0])
    return [found[tag] for tag in _DESCRIPTIVE if tag in found], sub_directories(stream, found, layout, (first,))


def fits_gdal(block: bytes | None) -> bool:
    """Whether GDAL, which keeps a few texts alone, writes all that ``split`` finds in a tidy block."""
    if block is None:
        return True
    about, directories = split(block)
    return not directories and {entry.tag for entry in about} <= _OF_GDAL
