"""XMP, IPTC and the resources of Photoshop in the tags of a TIFF file (XMP part 3, section 1.3.2)."""

from __future__ import annotations

from typing import BinaryIO

from nircolor.image.metadata.kept import Metadata, gather
from nircolor.image.metadata.xmp_scan import MAX_BYTES
from nircolor.image.tiff import ifd
from nircolor.image.tiff.ifd import IfdEntry

_NAMES = {ifd.XMP: "the XMP", ifd.IPTC: "the IPTC record", ifd.RESOURCES: "the data of Photoshop"}


def read(stream: BinaryIO, offsets: tuple[int, ...], block: bytes | None) -> Metadata:
    """What the directories at ``offsets`` say; of two that differ the first counts. ``block``: EXIF, read elsewhere.

    Damage becomes a line of what is lost: that of the picture is found elsewhere.
    """
    found: dict[int, IfdEntry] = {}
    lost: dict[str, None] = {}
    for offset in offsets:
        try:
            entries, missing = _directory(stream, offset)
        except ValueError:
            lost["the XMP and IPTC tags are damaged and are not kept"] = None
            continue
        found = {**{entry.tag: entry for entry in entries}, **found}
        lost |= {f"{_NAMES[tag]} is too large or of an unknown type and is not kept": None for tag in missing}
    packet, record, resources = (found.get(tag) for tag in (ifd.XMP, ifd.IPTC, ifd.RESOURCES))
    return gather(
        block,
        packet=packet.data if packet else None,
        record=_iim(record) if record else None,
        resources=resources.data if resources else None,
        lost=lost,
    )


def _directory(stream: BinaryIO, offset: int) -> tuple[list[IfdEntry], list[int]]:
    """The entries of interest, and the tags that are there and cannot be had. Raises ``ValueError``."""
    layout, _ = ifd.read_header(stream)
    entries, _ = ifd.read_ifd(stream, offset, layout, _NAMES, MAX_BYTES)
    had = {entry.tag for entry in entries}
    return entries, [tag for tag in _NAMES if tag in ifd.tags(stream, offset, layout) - had]


def _iim(entry: IfdEntry) -> bytes:
    """The bytes of a record: many writers call them LONG, which are no numbers and not in the file's byte order."""
    swapped = ifd.swap(entry.data, entry.kind)
    return swapped if entry.data[:1] != b"\x1c" == swapped[:1] else entry.data
