"""XMP, IPTC and comments in the segments of a JPEG file (XMP part 3, section 1.1.3; T.81, B.2.4.5)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from nircolor.image.codecs import jpeg_markers
from nircolor.image.metadata import iptc
from nircolor.image.metadata.exif import PREFIX
from nircolor.image.metadata.kept import Metadata, gather
from nircolor.image.metadata.xmp_scan import MAX_BYTES, scan

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_RESOURCES = b"Photoshop 3.0\0"
_NOTE = "http://ns.adobe.com/xmp/note/"
_APP0, _APP1, _APP13, _COM = 0xE0, 0xE1, 0xED, 0xFE
_MAX_COMMENTS = 64

Segments = Sequence[tuple[str, bytes]]
"""Name (``APP1``, ``COM``, ...) and content of each segment before the first scan, as Pillow's ``applist`` has them."""


def read(segments: Segments, block: bytes | None) -> Metadata:
    """What the segments say. ``block``: EXIF, which is read elsewhere."""
    packets = _behind(segments, "APP1", _XMP)
    packet = packets[0] if packets else None
    extended, lost = _extended(packet, _behind(segments, "APP1", _EXTENDED)) if packet else (None, ())
    if len(packets) > 1:
        lost = (*lost, f"of {len(packets)} XMP packets the first is kept")
    comments = [content for name, content in segments if name == "COM" and content.strip(b"\0")]
    if len(comments) > _MAX_COMMENTS:
        lost = (*lost, f"of {len(comments)} comments the first {_MAX_COMMENTS} are kept")
    resources = b"".join(_behind(segments, "APP13", _RESOURCES))  # Photoshop cuts them where a segment is full
    kept = comments[:_MAX_COMMENTS]
    return gather(block, packet=packet, extended=extended, resources=resources, comments=kept, lost=lost)


def _behind(segments: Segments, name: str, head: bytes) -> list[bytes]:
    return [content[len(head) :] for kind, content in segments if kind == name and content.startswith(head)]


def _extended(packet: bytes, parts: list[bytes]) -> tuple[bytes | None, tuple[str, ...]]:
    """The second part of ``packet``, put together from its pieces, and a line where it cannot be."""
    name = _name(packet)
    if name is None:
        return None, ()
    pieces: dict[int, bytes] = {}
    total = 0
    for part in parts:
        if part.startswith(name) and len(part) >= 40:
            total, place = struct.unpack_from(">II", part, 32)
            pieces.setdefault(place, part[40:])
    places = sorted(pieces)
    ends = [0, *(place + len(pieces[place]) for place in places)]
    if places != ends[:-1] or ends[-1] != total or not 0 < total <= MAX_BYTES:
        return None, ("the second part of the XMP is incomplete and is not kept",)
    return b"".join(pieces[place] for place in places), ()


def _name(packet: bytes) -> bytes | None:
    """The name of the second part, by which its pieces know each other; None where there is none."""
    try:
        found = scan(packet)
    except ValueError:
        return None
    names = [each for each in found.properties if (each.space, each.name) == (_NOTE, "HasExtendedXMP")]
    return found.data[names[0].inner].strip() if names else None


def write(encoded: memoryview, metadata: Metadata) -> Iterator[bytes | memoryview]:
    """The parts of a JPEG stream that has ``metadata`` too, behind its JFIF and EXIF segments."""
    place = _behind_exif(encoded)
    yield encoded[:place]
    if metadata.xmp:
        yield _segment(_APP1, _XMP + metadata.xmp)
    if metadata.iptc:
        yield _segment(_APP13, _RESOURCES + iptc.to_resources(metadata.iptc))
    for comment in metadata.comments:
        yield _segment(_COM, comment)
    yield encoded[place:]


def _behind_exif(encoded: memoryview) -> int:
    place = 2  # behind the start of the image
    for marker, behind, content in jpeg_markers.walk(bytes(encoded[: 1 << 18])):
        if marker != _APP0 and not (marker == _APP1 and bytes(content[:6]) == PREFIX):
            break
        place = behind
    return place


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
