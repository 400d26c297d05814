"""AVIF files, 8, 10 or 12 bits: libavif decodes and encodes them, by way of imagecodecs, which has the depth.

What it does not hand over, profile, EXIF and XMP, is read from the boxes (``boxes.py``) and written into them here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any, BinaryIO, NamedTuple

import imagecodecs
import numpy as np

from nircolor.errors import InputError
from nircolor.image.codecs import coding
from nircolor.image.codecs.boxes import EXIF_ITEM, XMP_ITEM, Still, build, still, walk
from nircolor.image.info import ImageInfo
from nircolor.image.limits import check_size
from nircolor.image.metadata import exif
from nircolor.image.metadata.kept import gather
from nircolor.image.plan import AVIF_BITS
from nircolor.image.raster import Raster, Request, Samples, choose_bands, only_page, pick

_QUALITY, _SPEED = 95, 8  # of 100 and of 10: 7 MP/s on one core; slower is no smaller at this quality
_SRGB = {"primaries": 1, "transfer": 13, "matrix": 6}  # ITU-T H.273
_BY_PROFILE = {"primaries": 2, "transfer": 2, "matrix": 6}
_FULL = 4  # bytes of version and flags
_DEPTHS = (8, 10, AVIF_BITS)


def decode(stream: BinaryIO, request: Request) -> Raster:
    """Read an AVIF file. Samples of 10 and 12 bits stay as they are. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read()
    about = still(data)
    if about.bits not in _DEPTHS:
        raise InputError("is damaged: the AVIF does not say how deep it is", remedy="get a fresh copy")
    # no bound on the ratio: a flat picture of any size takes some bytes
    check_size(about.width, about.height, 4 * (1 if about.bits == 8 else 2), len(data), ratio=None)
    pixels = imagecodecs.avif_decode(data)
    if pixels.shape[:2] != (about.height, about.width):
        raise InputError("is damaged: its picture is not of the size that it says", remedy="get a fresh copy")
    return to_raster("AVIF", pixels, about, request)


def to_raster(name: str, pixels: Samples, about: Still, request: Request, *, upright: bool = False) -> Raster:
    """``pixels`` as stored, or already ``upright``, turned as the boxes say; the orientation of EXIF does not count."""
    for kind, value in () if upright else about.turns:
        pixels = np.rot90(pixels, value) if kind == b"irot" else (pixels[:, ::-1] if value else pixels[::-1])
    count = 1 if pixels.ndim == 2 else pixels.shape[2]
    bands = choose_bands(count, count - 1 if count in (2, 4) else None, request.band)
    raster = Raster(name, *pick(pixels, bands), bands.alpha_band, peak=float(2**about.bits - 1))
    raster.bits = about.bits if about.bits > 8 else None
    tags = exif.tidy(about.exif)
    raster.exif, raster.icc = tags.block, about.icc
    raster.metadata = gather(tags.block, packet=about.xmp, turned=bool(about.turns))
    raster.warnings += [tags.warning] if tags.warning else []
    if not about.icc and about.space:
        raster.icc, notes = coding.settle("nclx", *about.space)
        raster.warnings += notes
    return raster


def encode(stream: BinaryIO, samples: Samples, info: ImageInfo) -> None:
    """Write (H, W, 3 or 4) uint8, or uint16 with the source's 10 or 12 bits, without chroma subsampling (4:4:4)."""
    bits = 8 if samples.dtype == np.uint8 else (info.bits if info.bits in _DEPTHS else None) or AVIF_BITS
    if bits > 8:
        samples = np.rint(samples * np.float32((2**bits - 1) / 65535)).astype(np.uint16)
    options: dict[str, Any] = {"bitspersample": bits, "pixelformat": "444", **(_BY_PROFILE if info.icc else _SRGB)}
    data = imagecodecs.avif_encode(np.ascontiguousarray(samples), level=_QUALITY, speed=_SPEED, **options)
    stream.write(_with_metadata(bytes(data), info))


# --- metadata into what libavif wrote ---------------------------------------------------------------------------------


class _Item(NamedTuple):
    """A piece of metadata: its entry in the list of items, without its number, and its content."""

    kind: bytes
    names: bytes
    content: bytes


def _with_metadata(data: bytes, info: ImageInfo) -> bytes:
    """``data`` with the profile as a property of its picture, and EXIF and XMP as items behind it."""
    items = list[_Item]()
    if info.exif:  # behind a number: where the TIFF structure begins
        items.append(_Item(EXIF_ITEM, b"\0", bytes(4) + info.exif))
    if info.metadata.xmp:
        items.append(_Item(b"mime", b"\0" + XMP_ITEM + b"\0", info.metadata.xmp))
    if not info.icc and not items:
        return data
    parts = [(kind, bytes(content)) for kind, content in walk(memoryview(data))]
    meta = dict(parts)[b"meta"]
    growth = len(_meta(meta, info.icc, items, 0, 0)) - len(meta)
    grown = _meta(meta, info.icc, items, growth, len(data) + growth + 8)
    written = b"".join(build(kind, grown if kind == b"meta" else content) for kind, content in parts)
    return written + (build(b"mdat", b"".join(item.content for item in items)) if items else b"")


def _meta(meta: bytes, icc: bytes | None, items: list[_Item], growth: int, place: int) -> bytes:
    """The description with a profile and with ``items``, one after the other from ``place``.

    All others move by ``growth``.
    """
    boxes = {kind: bytes(content) for kind, content in walk(memoryview(meta)[_FULL:])}
    (primary,), (count,) = (struct.unpack_from(">H", boxes[kind], _FULL) for kind in (b"pitm", b"iinf"))
    boxes[b"iinf"] = boxes[b"iinf"][:_FULL] + struct.pack(">H", count + len(items)) + boxes[b"iinf"][_FULL + 2 :]
    rows, links = [], b""
    for new, item in enumerate(items, count + 1):
        boxes[b"iinf"] += build(b"infe", struct.pack(">IHH4s", 2 << 24, new, 0, item.kind) + item.names)
        links += build(b"cdsc", struct.pack(">HHH", new, 1, primary))
        rows.append((new, 0, 1, place, len(item.content)))
        place += len(item.content)
    boxes[b"iloc"] = _iloc(boxes[b"iloc"], growth, rows)
    if items:
        boxes = _behind(boxes, b"iinf", b"iref", boxes.get(b"iref", bytes(_FULL)) + links)
    if icc:
        boxes[b"iprp"] = _iprp(boxes[b"iprp"], primary, icc)
    return meta[:_FULL] + b"".join(build(kind, content) for kind, content in boxes.items())


def _behind(boxes: dict[bytes, bytes], before: bytes, kind: bytes, content: bytes) -> dict[bytes, bytes]:
    ordered: dict[bytes, bytes] = {}
    for name, value in boxes.items():
        ordered[name] = value
        if name == before:
            ordered[kind] = content
    return ordered | {kind: content}


def _iloc(content: bytes, growth: int, added: Sequence[tuple[int, ...]]) -> bytes:
    """The places of items: number, file, extents, offset and length of each."""
    if content[0] or content[_FULL : _FULL + 2] != b"\x44\0":
        raise ValueError("libavif wrote its items in an unknown way")
    (count,), start = struct.unpack_from(">H", content, _FULL + 2), _FULL + 4
    rows = [struct.unpack_from(">HHHII", content, start + 14 * index) for index in range(count)]
    rows = [(*row[:3], row[3] + growth, row[4]) for row in rows]
    packed = b"".join(struct.pack(">HHHII", *row) for row in (*rows, *added))
    return content[: _FULL + 2] + struct.pack(">H", len(rows) + len(added)) + packed


def _iprp(content: bytes, primary: int, icc: bytes) -> bytes:
    boxes = {kind: bytes(inner) for kind, inner in walk(memoryview(content))}
    number = sum(1 for _ in walk(memoryview(boxes[b"ipco"]))) + 1
    boxes[b"ipco"] += build(b"colr", b"prof" + icc)
    ipma = bytearray(boxes[b"ipma"])
    place = _FULL + 4  # of the first item: the main picture
    if ipma[0] or ipma[3] & 1 or struct.unpack_from(">H", ipma, place)[0] != primary:
        raise ValueError("libavif wrote its properties in an unknown way")
    end = place + 3 + ipma[place + 2]
    ipma[place + 2] += 1
    boxes[b"ipma"] = bytes(ipma[:end]) + bytes([number]) + bytes(ipma[end:])
    return b"".join(build(kind, inner) for kind, inner in boxes.items())
