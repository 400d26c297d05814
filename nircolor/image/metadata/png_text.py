"""The text chunks of PNG (third edition, section 11.3.3), and what other programs put into them: XMP, IPTC and EXIF."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nircolor.image.metadata import iptc
from nircolor.image.metadata.kept import Metadata, PngText, gather
from nircolor.image.metadata.xmp_scan import MAX_BYTES

KINDS = (b"tEXt", b"zTXt", b"iTXt")
_XMP = "XML:com.adobe.xmp"
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"
_RAW = "Raw profile type "
_RAW_KEPT = {"exif": "exif", "APP1": "exif", "xmp": "xmp", "iptc": "iptc", "8bim": "iptc"}
_RAW_FORM = re.compile(
    rb"\s{0,4}[\w .-]{0,40}\n *([0-9]{1,9})\n([0-9A-Fa-f\s]*)\Z"
)  # of ImageMagick: a name, size, digits
_OUTDATED = re.compile(r"(exif|tiff):Orientation|exif:(ExifImage|PixelX|PixelY|thumbnail:).*|Thumb::.*", re.IGNORECASE)
_MAX_TEXT, _MAX_ALL, _MAX_COUNT = 1 << 20, 4 << 20, 256  # bytes of a text and of all, and how many chunks
_PACKED = 1024  # bytes from which on a text is packed
_DAMAGED, _LARGE = (
    "a text chunk is damaged and is not kept",
    "the texts of the input are too many or too large: some are not kept",
)


class _TooLargeError(ValueError):
    pass


class _Stored(NamedTuple):
    """A text as it is stored: perhaps packed, and not yet decoded."""

    keyword: str
    data: bytes
    packed: bool = False
    coding: str = "latin-1"
    language: str = ""
    translated: str = ""

    def open(self, most: int) -> bytes:
        """The text's bytes; no bomb is unpacked further than ``most``. Raises ``ValueError`` or ``zlib.error``."""
        text = self.data
        if self.packed:
            unpacker = zlib.decompressobj()
            text = unpacker.decompress(self.data, most + 1)
            if len(text) <= most and not unpacker.eof:
                raise ValueError("cut off")
        if len(text) > most:
            raise _TooLargeError
        return text


class _Found:
    """What the text chunks of a file hold, by what it is for."""

    def __init__(self) -> None:
        self.texts: list[PngText] = []
        self.profiles: dict[str, bytes] = {}
        self.lost: dict[str, None] = {}
        self._left, self._count, self._tried = _MAX_ALL, 0, set[str]()

    def add(self, kind: bytes, content: bytes) -> None:
        """Raises ``ValueError`` or ``zlib.error`` for a chunk that is damaged, ``_TooLargeError`` beyond all bounds."""
        self._count += 1
        if self._count > _MAX_COUNT:
            raise _TooLargeError
        stored = _stored(kind, content)
        if stored.keyword == _XMP:
            self._keep("xmp", self._once(stored))
        elif stored.keyword.startswith(_RAW):
            self._raw(stored.keyword.removeprefix(_RAW), self._once(stored))
        elif not _OUTDATED.fullmatch(stored.keyword):
            self._text(stored)

    def _once(self, stored: _Stored) -> bytes | None:
        """The bytes of what a file has once, and which may be large; None where there was one already."""
        first = stored.keyword not in self._tried
        self._tried.add(stored.keyword)
        return stored.open(MAX_BYTES) if first else None

    def _keep(self, name: str, data: bytes | None) -> None:
        if data:
            self.profiles.setdefault(name, data)

    def _raw(self, name: str, text: bytes | None) -> None:
        kept = _RAW_KEPT.get(name)
        if kept is None:
            self.lost[f"the text {_RAW + name!a} is not kept"] = None
        elif text is not None:
            data = _from_digits(text)
            is_xmp = data.startswith(_XMP_SEGMENT)
            self._keep("xmp" if is_xmp else kept, data.removeprefix(_XMP_SEGMENT))

    def _text(self, stored: _Stored) -> None:
        data = stored.open(_MAX_TEXT)
        self._left -= len(data) + len(stored.translated)
        if self._left < 0:
            raise _TooLargeError
        if b"\0" in data:
            raise ValueError("no text")
        self.texts.append(PngText(stored.keyword, data.decode(stored.coding), stored.language, stored.translated))


def read(chunks: Sequence[tuple[bytes, memoryview]], block: bytes | None) -> tuple[Metadata, bytes | None]:
    """What the text chunks of a file say, and its EXIF: ``block``, that of its own chunk, or else one among them."""
    found = _Found()
    for kind, content in chunks:
        try:
            found.add(kind, bytes(content))
        except _TooLargeError:
            found.lost[_LARGE] = None
        except (ValueError, zlib.error):
            found.lost[_DAMAGED] = None
    profiles, record = found.profiles, found.profiles.get("iptc", b"")
    block = block or profiles.get("exif")
    wrapped = record.startswith(b"8BIM")
    metadata = gather(
        block,
        packet=profiles.get("xmp"),
        record=None if wrapped else record,
        resources=record if wrapped else None,
        texts=found.texts,
        lost=found.lost,
    )
    return metadata, block


def _stored(kind: bytes, content: bytes) -> _Stored:
    """Keyword and text of a chunk. Raises ``ValueError`` where it is damaged."""
    name, mark, rest = content.partition(b"\0")
    if not mark or not 0 < len(name) < 80:
        raise ValueError("no keyword")
    keyword = name.decode("latin-1")
    if kind == b"tEXt":
        return _Stored(keyword, rest)
    if kind == b"zTXt":
        return _Stored(keyword, _method(rest[:1], rest[1:]), packed=True)
    language, _, more = rest[2:].partition(b"\0")
    translated, mark, text = more.partition(b"\0")
    if not mark or len(translated) > _MAX_TEXT:
        raise ValueError("no text")
    packed = rest[:1] == b"\1"
    data = _method(rest[1:2], text) if packed else text
    return _Stored(keyword, data, packed, "utf-8", language.decode("ascii"), translated.decode())


def _method(method: bytes, data: bytes) -> bytes:
    if method != b"\0":
        raise ValueError("no known method")
    return data


def _from_digits(text: bytes) -> bytes:
    """The bytes of a profile as ImageMagick writes it. Raises ``ValueError``."""
    form = _RAW_FORM.match(text)
    data = bytes.fromhex(form[2].decode()) if form else b""
    if not form or len(data) != int(form[1]):
        raise ValueError("no profile")
    return data


def write(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of the chunks that hold ``metadata``."""
    if metadata.xmp:
        yield b"iTXt", _XMP.encode() + b"\0\0\0\0\0" + metadata.xmp
    if metadata.iptc:
        yield b"zTXt", f"{_RAW}iptc".encode() + b"\0\0" + zlib.compress(_raw_form("iptc", metadata.iptc))
    yield from map(_chunk, metadata.texts)


def _raw_form(name: str, record: bytes) -> bytes:
    digits = iptc.to_resources(record).hex()
    rows = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return f"\n{name}\n{len(digits) // 2:8}\n{rows}\n".encode()


def _chunk(text: PngText) -> tuple[bytes, bytes]:
    keyword = text.keyword.encode("latin-1")
    try:
        plain = text.text.encode("latin-1")
    except UnicodeEncodeError:
        plain = None
    if plain is not None and not text.language and not text.translated:
        packed = len(plain) > _PACKED
        return (b"zTXt", keyword + b"\0\0" + zlib.compress(plain)) if packed else (b"tEXt", keyword + b"\0" + plain)
    packed = len(text.text) > _PACKED
    data = zlib.compress(text.text.encode()) if packed else text.text.encode()
    head = bytes([0, packed, 0]) + text.language.encode() + b"\0" + text.translated.encode() + b"\0"
    return b"iTXt", keyword + head + data
