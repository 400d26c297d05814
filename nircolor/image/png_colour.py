"""What a PNG file says about the colours behind its values, where that is not sRGB (PNG third edition, section 11.3.2).

Values are read as sRGB, as an output is written; a file that means something else is told of.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SRGB_GAMMA, _GAMMA_STEP = 0.45455, 0.025  # a difference that nobody sees
_SRGB_COLOURS = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # white, red, green, blue, each x and y
_COLOUR_STEP = 0.005
_SRGB_PRIMARIES, _SRGB_CURVES = (1,), (1, 6, 13, 14, 15)  # of ITU-T H.273: BT.709 and its like count as sRGB


def notes(chunks: Mapping[bytes, memoryview]) -> list[str]:
    """What the user should know, of the chunk types and contents of a file. cICP counts first, then iCCP, sRGB, gAMA
    and cHRM; a profile is dealt with elsewhere.
    """
    if len(chunks.get(b"cICP", b"")) == 4:
        return _told(_coding(chunks[b"cICP"]))
    if b"iCCP" in chunks or b"sRGB" in chunks:
        return []
    return _told([*_gamma(chunks.get(b"gAMA", b"")), *_colours(chunks.get(b"cHRM", b""))])


def _told(found: list[str]) -> list[str]:
    return [f"its {what} is left out of account; if it looks wrong convert it to sRGB first" for what in found]


def _coding(content: memoryview) -> list[str]:
    primaries, curve = content[0], content[1]
    fits = primaries in _SRGB_PRIMARIES and curve in _SRGB_CURVES
    return [] if fits else [f"colour space (cICP {primaries}, {curve})"]


def _gamma(content: memoryview | bytes) -> list[str]:
    gamma = struct.unpack(">I", content)[0] / 100_000 if len(content) == 4 else 0
    return [f"gamma of {gamma:g} (gAMA)"] if gamma and abs(gamma - _SRGB_GAMMA) > _GAMMA_STEP else []


def _colours(content: memoryview | bytes) -> list[str]:
    if len(content) != 32:
        return []
    stored = (value / 100_000 for value in struct.unpack(">8I", content))
    far = any(abs(value - own) > _COLOUR_STEP for value, own in zip(stored, _SRGB_COLOURS, strict=True))
    return ["choice of red, green, blue and white (cHRM)"] if far else []
