"""The header of a JPEG XL codestream (ISO/IEC 18181-1, annexes C to E), bit by bit.

libjxl knows all this, but imagecodecs hands out the pixels alone, after memory has been taken for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from nircolor.errors import InputError

_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_ALPHA, _SPOT, _CFA = 0, 2, 5  # types of extra channels
_GREY, _XYB = 1, 2  # colour spaces
_CUSTOM = 2
_MOST_EXTRA = 64  # channels beside the colours; the standard has 4096 and nobody needs them
_SRGB = (1, 13)

Choice = tuple[int, int]  # bits to read, and what is added to them


@dataclass
class JxlHeader:
    """What the codestream says of its picture."""

    width: int
    height: int
    turned: bool = False
    """Whether it has an orientation of its own, which is applied by the decoder."""
    animated: bool = False
    bits: int = 8
    floating: bool = False
    extra: int = 0
    """Channels beside the colours."""
    alpha: int | None = None
    """Which of these, from 0, is the first alpha."""
    premultiplied: bool = False
    grey: bool = False
    lossy: bool = False
    """Whether the colours are in a space of libjxl's own, from which they are converted."""
    icc: bool = False
    space: tuple[int, int] = _SRGB
    """Primaries and transfer curve, as ``coding`` has them; without meaning where there is an ICC profile."""
    curve_bit: int | None = None
    """Which bit of the codestream the number of the curve ends before; None where it has none."""


def as_srgb(code: bytes | memoryview) -> bytes:
    """The codestream with sRGB's transfer curve in the place of the linear one. Both take as many bits."""
    end = read_header(code).curve_bit
    changed = bytearray(code)
    for bit in range(4 if end else 0):
        place = (end or 0) - 4 + bit
        mask = 1 << place % 8
        changed[place // 8] = changed[place // 8] & ~mask | (mask if (_SRGB[1] - 2) >> bit & 1 else 0)
    return bytes(changed)


def read_header(data: bytes | memoryview) -> JxlHeader:
    """Read the header of the codestream ``data``. Raises ``InputError`` where it ends early."""
    bits = _Bits(bytes(data[2:8192]))
    header = JxlHeader(*_size(bits))
    if not bits.flag():
        _metadata(bits, header)
    else:
        header.lossy = True  # all as usual
    return header


class _Bits:
    """Bits from the lowest of the first byte on."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "little"), 8 * len(data)
        self.place = 16  # in the codestream

    def take(self, count: int) -> int:
        if count > self._left:
            raise InputError("is truncated: the JPEG XL ends within its header", remedy="get a fresh copy")
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        self.place += count
        return taken

    def flag(self) -> bool:
        return bool(self.take(1))

    def choose(self, *choices: Choice) -> int:
        """A number of one of four kinds (U32)."""
        count, added = choices[self.take(2)]
        return self.take(count) + added

    def number(self) -> int:
        """A number that stands for a name (Enum)."""
        return self.choose((0, 0), (0, 1), (4, 2), (6, 18))


def _size(bits: _Bits) -> tuple[int, int]:
    """Width and height."""
    small = bits.flag()

    def side() -> int:
        return 8 * (bits.take(5) + 1) if small else bits.choose((9, 1), (13, 1), (18, 1), (30, 1))

    height = side()
    ratio = bits.take(3)
    if not ratio:
        return side(), height
    numerator, denominator = _RATIOS[ratio]
    return height * numerator // denominator, height


def _metadata(bits: _Bits, header: JxlHeader) -> None:
    if bits.flag():
        header.turned = bits.take(3) > 0
        if bits.flag():  # the size that it is meant to be shown with
            _size(bits)
        if bits.flag():
            _skip_preview(bits)
        header.animated = bits.flag()
        if header.animated:  # nothing of what follows matters
            return
    header.floating, header.bits = _depth(bits)
    bits.flag()  # whether 16 bits are enough to compute with
    _extra(bits, header)
    header.lossy = bits.flag()
    if not bits.flag():
        _space(bits, header)


def _skip_preview(bits: _Bits) -> None:
    eighths = bits.flag()
    sides = ((0, 16), (0, 32), (5, 1), (9, 33)) if eighths else ((6, 1), (8, 65), (10, 321), (12, 1345))
    bits.choose(*sides)
    if not bits.take(3):
        bits.choose(*sides)


def _depth(bits: _Bits) -> tuple[bool, int]:
    """Whether samples are floats, and how many bits they have."""
    if not bits.flag():
        return False, bits.choose((0, 8), (0, 10), (0, 12), (6, 1))
    depth = bits.choose((0, 32), (0, 16), (0, 24), (6, 1))
    bits.take(4)  # of the exponent
    return True, depth


def _extra(bits: _Bits, header: JxlHeader) -> None:
    header.extra = bits.choose((0, 0), (0, 1), (4, 2), (12, 1))
    if header.extra > _MOST_EXTRA:
        raise InputError(f"has {header.extra} bands beside its colours", remedy="save one picture alone first")
    for number in range(header.extra):
        kind, premultiplied = _channel(bits)
        if kind == _ALPHA and header.alpha is None:
            header.alpha, header.premultiplied = number, premultiplied


def _channel(bits: _Bits) -> tuple[int, bool]:
    """Type of an extra channel; of alpha, whether the colours have been multiplied by it."""
    if bits.flag():
        return _ALPHA, False
    kind = bits.number()
    _depth(bits)
    bits.choose((0, 0), (0, 3), (0, 4), (3, 1))  # how much smaller it is
    bits.take(8 * bits.choose((0, 0), (4, 0), (5, 16), (10, 48)))  # its name
    premultiplied = kind == _ALPHA and bits.flag()
    if kind == _SPOT:
        bits.take(4 * 16)
    if kind == _CFA:
        bits.choose((0, 1), (2, 0), (4, 3), (8, 19))
    return kind, premultiplied


def _space(bits: _Bits, header: JxlHeader) -> None:
    header.icc = bits.flag()
    kind = bits.number()
    header.grey = kind == _GREY
    if header.icc or kind == _XYB:
        return
    _point(bits)
    primaries = 1 if header.grey else _point(bits, 3)
    if bits.flag():  # a gamma of its own
        header.space = (primaries, 0)
        return
    header.space, header.curve_bit = (primaries, bits.number()), bits.place


def _point(bits: _Bits, points: int = 1) -> int:
    """The number of a white point, or of primaries; their coordinates are skipped where they follow."""
    number = bits.number()
    for _ in range(2 * points if number == _CUSTOM else 0):
        bits.choose((19, 0), (19, 524288), (20, 1048576), (21, 2097152))
    return number
