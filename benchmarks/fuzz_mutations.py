"""How ``fuzz.py`` damages a file: blindly, byte by byte, or knowing the format, so that the damage gets past checksums
and into the fields that decide on sizes, offsets and meanings.

Each mutation takes bytes and a source of chance, and gives bytes.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from random import Random
from typing import Any

Mutation = Callable[[bytes, Random], bytes]

NUMBERS = (0, 1, 2, 3, 7, 8, 16, 255, 256, 32767, 32768, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 1, 2, 7, 10**5, 10**6, 2**31, 2**63, 10**30, 1e308, -1e-308, float("nan"), float("inf"),
    "", "x", "\0", "\ud800", "../x", "/x", "x" * 300, [], {}, [[]], [0] * 500, [8] * 40, {"x": {}}, [None],
    json.loads("[" * 99 + "]" * 99),
)  # fmt: skip


def blind(data: bytes, chance: Random) -> bytes:
    """One to five wounds anywhere."""
    for _ in range(chance.randint(1, 5)):
        data = chance.choice((_flip, _overwrite, _cut, _drop, _repeat, _insert))(data, chance)
    return data


def _place(data: bytes, chance: Random, size: int = 1) -> int:
    """Headers, where most is decided, as often as all the rest."""
    end = max(1, len(data) - size + 1)
    return chance.randrange(min(end, 128)) if chance.random() < 0.5 else chance.randrange(end)


def _flip(data: bytes, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + bytes([(data[at] if data else 0) ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _overwrite(data: bytes, chance: Random) -> bytes:
    patch = _number(chance)
    at = _place(data, chance, len(patch))
    return data[:at] + patch + data[at + len(patch) :]


def _number(chance: Random) -> bytes:
    value, size = chance.choice(NUMBERS), chance.choice((1, 2, 4))
    return (value % 256**size).to_bytes(size, chance.choice(("little", "big")))


def _cut(data: bytes, chance: Random) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _drop(data: bytes, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + data[at + chance.randint(1, 64) :]


def _repeat(data: bytes, chance: Random) -> bytes:
    at, size = _place(data, chance), chance.randint(1, 300)
    return data[: at + size] + data[at : at + size] * chance.randint(1, 20) + data[at + size :]


def _insert(data: bytes, chance: Random) -> bytes:
    at = _place(data, chance)
    return data[:at] + chance.randbytes(chance.randint(1, 64)) + data[at:]


def _patched(content: bytes, chance: Random) -> bytes:
    """Content of a part: a field changed, or damaged anywhere."""
    return _overwrite(content, chance) if content and chance.random() < 0.7 else blind(content, chance)


def _shuffled(parts: list[Any], chance: Random, change: Callable[[Any], Any]) -> list[Any]:
    """One part changed, dropped, doubled or moved."""
    at, parts = chance.randrange(len(parts)), list(parts)
    what = chance.random()
    if what < 0.7:
        parts[at] = change(parts[at])
    elif what < 0.8:
        del parts[at]
    elif what < 0.9:
        parts.insert(chance.randrange(len(parts)), parts[at])
    else:
        parts.insert(chance.randrange(len(parts)), parts.pop(at))
    return parts


def png(data: bytes, chance: Random) -> bytes:
    """Chunks, with checksums that are right again."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    if chance.random() < 0.2:
        names = (b"gAMA", b"cHRM", b"iCCP", b"eXIf", b"tRNS", b"PLTE", b"pHYs", b"acTL", b"sBIT", b"zTXt")
        chunks.insert(1, (chance.choice(names), chance.randbytes(chance.choice((0, 1, 4, 9, 32, 300)))))
    chunks = _shuffled(chunks, chance, lambda chunk: (chunk[0], _patched(chunk[1], chance)))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def tiff(data: bytes, chance: Random) -> bytes:
    """Entries of a directory: tag, type, count, value; and where the next directory is. Offsets may point anywhere,
    back to their own directory too.
    """
    order = "<" if data[:2] == b"II" else ">"
    if data[2:4] not in (b"*\0", b"\0*"):  # BigTIFF
        return blind(data, chance)
    start = struct.unpack(f"{order}I", data[4:8])[0]
    count = struct.unpack(f"{order}H", data[start : start + 2])[0]
    wild = chance.choice((*NUMBERS, start, start + 2, len(data), len(data) - 8, 4)) % 2**32
    if chance.random() < 0.15:
        place, patch = start + 2 + 12 * count, struct.pack(f"{order}I", wild)
    else:
        place = start + 2 + 12 * chance.randrange(count)
        tags = (256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 322, 324, 330, 338, 339, 34665, 42113, 50714, 50717)
        fields = {0: ("H", chance.choice(tags)), 2: ("H", chance.randrange(20)), 4: ("I", wild), 8: ("I", wild)}
        offset = chance.choice((0, 2, 4, 8, 8, 8))
        form, value = fields[offset]
        place, patch = place + offset, struct.pack(f"{order}{form}", value)
    return data[:place] + patch + data[place + len(patch) :]


def jpeg(data: bytes, chance: Random) -> bytes:
    """Segments and the scan behind them."""
    segments, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        segments.append(data[at : at + 2 + size])
        at += 2 + size
    scan = data[at:]
    if chance.random() < 0.3:
        scan = blind(scan, chance) if chance.random() < 0.9 else scan[:9]
    else:
        segments = _shuffled(segments, chance, lambda part: part[:4] + _patched(part[4:], chance))
    return data[:2] + b"".join(segments) + scan


def riff(data: bytes, chance: Random) -> bytes:
    """Chunks of WebP and AVI, with lengths that are right again, mostly."""
    chunks, at = [], 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    if not chunks:
        return blind(data, chance)
    chunks = _shuffled(chunks, chance, lambda chunk: (chunk[0], _patched(chunk[1], chance)))
    body = b"".join(n + struct.pack("<I", len(c)) + c + b"\0" * (len(c) % 2) for n, c in chunks)
    return data[:4] + struct.pack("<I", 4 + len(body)) + data[8:12] + body


def boxes(data: bytes, chance: Random) -> bytes:
    """A field within a box of MP4, AVIF, JPEG 2000 and their like, or near a name of one."""
    names = (b"meta", b"iloc", b"iinf", b"ipma", b"ispe", b"av1C", b"hvcC", b"pixi", b"jp2h", b"ihdr", b"colr", b"jp2c")
    names += (b"\xff\x4f\xff\x51", b"jxlc", b"jxlp", b"Exif")
    names += (
        b"moov",
        b"mvhd",
        b"tkhd",
        b"mdhd",
        b"stsd",
        b"stts",
        b"stsc",
        b"stsz",
        b"stco",
        b"avih",
        b"strh",
        b"strf",
    )
    there = [at for name in names if (at := data.find(name)) >= 0]
    if not there or chance.random() < 0.3:
        return riff(data, chance) if data[:4] == b"RIFF" else blind(data, chance)
    at, patch = chance.choice(there) + chance.randint(-4, 60), _number(chance)
    return data[:at] + patch + data[at + len(patch) :]


def bmp(data: bytes, chance: Random) -> bytes:
    """A field of the header."""
    at, patch = chance.randrange(2, 54), _number(chance)
    return data[:at] + patch + data[at + len(patch) :]


def changed(value: Any, chance: Random) -> Any:
    """Plain values with one of them, at any depth, replaced, dropped or made deeper."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        rest = {k: v for k, v in value.items() if k != key}
        what = chance.random()
        if what < 0.08:
            return rest
        return {**rest, ("odd" if what < 0.12 else key): changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], changed(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def weights(data: bytes, chance: Random) -> bytes:
    """Another description, or other numbers, under a checksum that is right."""
    from safetensors.numpy import load, save

    from nircolor.weights_file import RESERVED_META, encode

    length = int.from_bytes(data[:8], "little")
    texts = json.loads(data[8 : 8 + length])["__metadata__"]
    meta = {key: json.loads(text) for key, text in texts.items() if key not in RESERVED_META}
    tensors = load(data)
    if chance.random() < 0.2:
        name = chance.choice(list(tensors))
        tensors[name] = chance.choice(
            (tensors[name] * float("nan"), tensors[name][:1], tensors[name].astype("f8") * 1e300)
        )
    try:
        return encode(save(tensors), changed(meta, chance) if chance.random() < 0.9 else meta)
    except Exception:  # not every value can be written down
        return blind(data, chance)


def recipe(data: bytes, chance: Random) -> bytes:
    """A value of a line replaced, a line moved, or tables within tables."""
    lines = data.decode().splitlines()
    at = chance.randrange(len(lines))
    key, sign, _ = lines[at].partition(":" if data[:1] == b"{" else "=")
    odd = (
        "nan", "-1", "1e400", "0x" + "f" * chance.choice((9, 5000)), '"\\u0000"', "[" * 5000, "{a=" * 3000,
        '"' + "x" * 999,
    )  # fmt: skip
    choice = chance.random()
    if choice < 0.6 and sign:
        lines[at] = f"{key}{sign} {chance.choice((*odd, json.dumps(chance.choice(ODD))))}"
    elif choice < 0.7:
        lines[at] = "a." * chance.choice((9, 90, 9000)) + "a = 1"
    elif choice < 0.8:
        lines[at] = f"base = {chance.choice(odd)}"
    else:
        lines.insert(chance.randrange(len(lines)), lines[at])
    return "\n".join(lines).encode(errors="replace")


def manifest(data: bytes, chance: Random) -> bytes:
    """A key of a row."""
    lines = data.splitlines()
    at = chance.randrange(len(lines))
    lines[at] = json.dumps(changed(json.loads(lines[at]), chance)).encode()
    return b"\n".join(lines) + b"\n"


def netpbm(data: bytes, chance: Random) -> bytes:
    """A number of the header, or a word of it."""
    head, rest = data[:60], data[60:]
    words = head.split(b" ")
    at = chance.randrange(len(words))
    words[at] = chance.choice((b"%d" % chance.choice(NUMBERS), b"-1", b"nan", b"#", b"\n", b"9" * 300))
    return b" ".join(words) + rest


def numpy_array(data: bytes, chance: Random) -> bytes:
    """A part of the header, whose length stays."""
    size = int.from_bytes(data[8:10], "little")
    text = data[10 : 10 + size].decode()
    old = chance.choice(("'|u1'", "'<u2'", "False", "(24, 40", "'descr'", "24", "40", "{", "}"))
    odd = (
        "'O'",
        "'<i8'",
        "'<f8'",
        "True",
        "(-1, 40",
        "(0, 0",
        "(99999999, 999999",
        "1" * 400,
        "[" * 900,
        "__import__('os')",
    )
    text = text.replace(old, chance.choice(odd), 1)[:size].ljust(size)
    return data[:10] + text.encode() + data[10 + size :]


KNOWING: dict[str, Mutation] = {
    "JPEG 2000": boxes, "JPEG XL": boxes, "AVIF": boxes, "HEIF": boxes, "Netpbm": netpbm, "NumPy": numpy_array,
    "OpenEXR": blind, "raw": tiff, "TIFF codecs": tiff,
    "PNG": png, "TIFF": tiff, "JPEG": jpeg, "WebP": riff, "BMP": bmp, "video": boxes,
    "weights": weights, "recipe": recipe, "manifest": manifest, "split": blind,
}  # fmt: skip


def mutate(kind: str, data: bytes, chance: Random) -> bytes:
    """One damaged file: in two of three cases by what is known of the format, and sometimes blindly on top."""
    if chance.random() < 0.67:
        data = KNOWING[kind](data, chance)
        return blind(data, chance) if chance.random() < 0.1 else data
    return blind(data, chance)
