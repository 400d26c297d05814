"""Netpbm's files, plain and binary: PBM, PGM, PPM and PAM of 1 to 16 bits, and PFM of floats.

Pillow makes 8 bits of the 16 of a PPM, so the few lines of a header are read here (netpbm.sourceforge.net/doc).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from nircolor.errors import InputError
from nircolor.image.limits import check_encoded, check_size
from nircolor.image.metadata.kept import Metadata, gather
from nircolor.image.raster import Bands, Raster, Request, Samples, choose_bands, only_page, pick
from nircolor.image.row_stored import Layout, RowStored
from nircolor.image.sample_types import sample_type
from nircolor.image.stored import Stored

_CHANNELS = {b"P1": 1, b"P2": 1, b"P3": 3, b"P4": 1, b"P5": 1, b"P6": 3}
_PLAIN = (b"P1", b"P2", b"P3")
_WHOLE = (*_PLAIN, b"P4")  # what is not read row by row
_BITS = (b"P1", b"P4")  # no largest value; 1 is black
_TOKEN = re.compile(rb"(?:\s|#[^\r\n]*[\r\n])*([^\s#]+)")
_COMMENT = re.compile(rb"#([^\r\n]*)")
_HEAD, _LONGEST_COMMENT = 1 << 20, 65533  # bytes: a JPEG and a PNG hold what is no longer
_LONGEST = 20  # characters of a number
_BLANKS = b" \t\r\n\v\f"
_NUMBERS = b"0123456789" + _BLANKS
_PAM_LINE = re.compile(rb"([A-Z]+)[ \t]+([^\r\n]*)")
_PAM_LINES = 100
_NEXT = re.compile(rb"\s*P[1-7]\s")


@dataclass(frozen=True)
class _Header:
    width: int
    height: int
    channels: int
    largest: int
    start: int
    """Where the samples begin."""
    alpha: int | None = None
    """Which channel, from 0, is transparency."""


def decode(stream: BinaryIO, request: Request) -> Raster | Stored:
    """Read a PBM, PGM, PPM, PNM or PAM file; its largest value is white. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read(_HEAD)
    magic = data[:2]
    header = _pam(data) if magic == b"P7" else _header(data, magic)
    if not 1 <= header.largest <= 65535:
        raise InputError(f"is damaged: its largest value is {header.largest}", remedy="get a fresh copy")
    dtype = np.dtype(">u2" if header.largest > 255 else np.uint8)
    bands = choose_bands(header.channels, header.alpha, request.band)
    raster = Raster("PNM", [], None, bands.alpha_band, peak=float(header.largest))
    raster.inverted, raster.bits = magic in _BITS, _bits(header.largest)
    if magic not in _WHOLE:
        raster.metadata = _comments(data[: header.start])
        return _rows(stream, header, dtype, bands, raster)
    check_size(header.width, header.height, dtype.itemsize * header.channels, 0, ratio=None)
    check_encoded(stream.seek(0, 2))
    stream.seek(0)
    data = stream.read()
    raster.metadata = _comments(data if magic in _PLAIN else data[: header.start])
    pixels = (_plain if magic in _PLAIN else _packed)(data, header)
    raster.planes, raster.alpha = pick(pixels.reshape(header.height, header.width, header.channels), bands)
    return raster


def decode_pfm(stream: BinaryIO, request: Request) -> Stored:
    """Read a PFM file: rows from the bottom, floats in [0, 1]. Raises ``InputError``."""
    only_page(request.page)
    data = stream.read(_HEAD)
    (width, height, scale), start = _tokens(data, 3)
    header = _Header(_whole(width), _whole(height), 3 if data[:2] == b"PF" else 1, 1, start)
    raster = Raster("PFM", [], metadata=_comments(data[:start]))
    bands = choose_bands(header.channels, None, request.band)
    return _rows(stream, header, np.dtype("<f4" if _is_below_0(scale) else ">f4"), bands, raster, upward=True)


def size_of(stream: BinaryIO) -> tuple[int, int]:
    """Height and width. Raises ``InputError``."""
    data = stream.read(_HEAD)
    if data[:2] == b"P7":
        header = _pam(data)
        return header.height, header.width
    width, height = map(_whole, _tokens(data, 2)[0])
    return height, width


def _rows(
    stream: BinaryIO, header: _Header, dtype: np.dtype[Any], bands: Bands, meaning: Raster, upward: bool = False
) -> Stored:
    layout = Layout(header.start, header.height, header.width, header.channels, dtype, upward)
    stored = RowStored(stream, layout, bands, sample_type(dtype), meaning)
    stream.seek(layout.end)
    _check_end(stream.read(_LONGEST), 0)
    return stored


def _comments(header: bytes) -> Metadata:
    """Each line behind a number sign, as one comment."""
    lines = [line for line in (found[1].strip() for found in _COMMENT.finditer(header)) if line]
    comment = b"\n".join(lines)
    if len(comment) > _LONGEST_COMMENT:
        return gather(lost=("its comments are too long and are not kept",))
    return gather(comments=[comment] if comment else [])


def _bits(largest: int) -> int | None:
    """How many of 16 bits count, where ``largest`` is a full range of them."""
    bits = largest.bit_length()
    return bits if 8 < bits < 16 and largest == 2**bits - 1 else None


def _header(data: bytes, magic: bytes) -> _Header:
    count = 2 if magic in _BITS else 3
    words, start = _tokens(data, count)
    width, height, largest = (_whole(word) for word in (*words, b"1")[:3])
    return _Header(width, height, _CHANNELS[magic], largest, start)


def _tokens(data: bytes, count: int) -> tuple[list[bytes], int]:
    """``count`` words behind the first two bytes, comments left out, and where the samples begin."""
    words, place = [], 2
    for _ in range(count):
        found = _TOKEN.match(data, place)
        if found is None or len(found[1]) > _LONGEST:
            raise InputError("is truncated: it ends within its header", remedy="get a fresh copy")
        words.append(found[1])
        place = found.end()
    return words, place + 1  # one blank


def _whole(word: bytes) -> int:
    if not word.isdigit():
        raise InputError(f"is damaged: {word.decode('latin-1')!a} is no size", remedy="get a fresh copy")
    return int(word)


def _is_below_0(scale: bytes) -> bool:
    try:
        return float(scale) < 0
    except ValueError as error:
        reason = f"is damaged: its scale {scale.decode('latin-1')!a} is no number"
        raise InputError(reason, remedy="get a fresh copy") from error


def _pam(data: bytes) -> _Header:
    fields: dict[bytes, bytes] = {}
    place = 3
    for _ in range(_PAM_LINES):
        end = data.find(b"\n", place)
        if end < 0:
            break
        line, place = data[place:end].strip(), end + 1
        if line == b"ENDHDR":
            return _pam_header(fields, place)
        if found := _PAM_LINE.fullmatch(line):
            fields.setdefault(found[1], found[2].strip())
    raise InputError("is truncated: it ends within its header", remedy="get a fresh copy")


def _pam_header(fields: dict[bytes, bytes], start: int) -> _Header:
    names = (b"WIDTH", b"HEIGHT", b"DEPTH", b"MAXVAL")
    width, height, channels, largest = (_whole(fields.get(name, b"")) for name in names)
    has_alpha = fields.get(b"TUPLTYPE", b"").endswith(b"_ALPHA") and channels > 1
    return _Header(width, height, channels, largest, start, channels - 1 if has_alpha else None)


# --- samples ----------------------------------------------------------------------------------------------------------


def _packed(data: bytes, header: _Header) -> Samples:
    """Eight pixels a byte, rows of whole bytes."""
    stride = -(-header.width // 8)
    rows = _take(data, _Header(stride, header.height, 1, 1, header.start), np.dtype(np.uint8))
    return np.unpackbits(rows.reshape(header.height, stride), axis=1)[:, : header.width]


def _take(data: bytes, header: _Header, dtype: np.dtype[Any]) -> NDArray[Any]:
    wanted = header.width * header.height * header.channels
    there = max(0, len(data) - header.start) // dtype.itemsize
    if there < wanted:
        raise _too_short(wanted, there)
    _check_end(data, header.start + wanted * dtype.itemsize)
    return np.frombuffer(data, dtype, wanted, header.start)


def _plain(data: bytes, header: _Header) -> Samples:
    """Numbers in letters; those of a PBM may stand without blanks between them."""
    text = re.sub(rb"#[^\r\n]*", b"", data[header.start - 1 :])
    if data[:2] == b"P1":
        values = np.frombuffer(text.translate(None, _BLANKS), np.uint8).astype(np.int64) - ord("0")
    else:
        if text.translate(None, _NUMBERS):
            raise InputError("is damaged: there is more than numbers in it", remedy="get a fresh copy")
        values = np.fromstring(text, np.int64, sep=" ")
    wanted = header.width * header.height * header.channels
    if values.size < wanted:
        raise _too_short(wanted, values.size)
    values = values[:wanted]
    if values.min() < 0 or values.max() > header.largest:
        raise InputError(f"is damaged: it has values above {header.largest}", remedy="get a fresh copy")
    return values.astype(np.uint8 if header.largest < 256 else np.uint16)


def _too_short(wanted: int, there: int) -> InputError:
    return InputError(f"is truncated: it has {there} of {wanted} samples", remedy="get a fresh copy")


def _check_end(data: bytes, end: int) -> None:
    if _NEXT.match(data, end):
        raise InputError("holds several pictures one after the other", remedy="split it first (pamsplit)")
