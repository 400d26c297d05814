"""What a PNG says about its colours: nothing to tell for sRGB, one line for all else; the values stay as they are."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from image_files import RAMP, RAMP16, SRGB, pillow, png, rgb

from nircolor.image import read_nir, read_rgb
from nircolor.image.codecs.png import HEADER_END

SRGB_COLOURS = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
WIDE_COLOURS = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)  # Display P3
GAMMA = "its gamma of 1 (gAMA) is left out of account; if it looks wrong convert it to sRGB first"
COLOURS = (
    "its choice of red, green, blue and white (cHRM) is left out of account; if it looks wrong convert it to sRGB first"
)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_chunks(data: bytes, *chunks: bytes) -> bytes:
    return data[:HEADER_END] + b"".join(chunks) + data[HEADER_END:]


def gamma(value: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(value * 100_000)))


CASES = [
    ([gamma(0.45455)], ()),
    ([gamma(0.45455), chunk(b"cHRM", SRGB_COLOURS)], ()),
    ([gamma(0)], ()),
    ([chunk(b"gAMA", b"\0\1")], ()),
    ([chunk(b"cHRM", b"\0\1")], ()),
    ([gamma(1)], (GAMMA,)),
    ([gamma(0.55556)], (GAMMA.replace("of 1 ", "of 0.55556 "),)),
    ([chunk(b"cHRM", WIDE_COLOURS)], (COLOURS,)),
    ([gamma(1), chunk(b"cHRM", WIDE_COLOURS)], (GAMMA, COLOURS)),
    ([chunk(b"sRGB", b"\0"), gamma(1)], ()),
    ([chunk(b"cICP", b"\1\x0d\0\1"), gamma(1)], ()),
    (
        [chunk(b"cICP", b"\x09\x10\0\1")],
        ("its colour space (cICP 9, 16)" + GAMMA.removeprefix("its gamma of 1 (gAMA)"),),
    ),
]


@pytest.mark.parametrize(("chunks", "told"), CASES)
@pytest.mark.parametrize("pixels", [RAMP, RAMP16, rgb(RAMP)], ids=["8", "16", "rgb"])
def test_other_colours_than_srgb_are_told(pixels: np.ndarray, chunks: list[bytes], told: tuple[str, ...]) -> None:
    plain, marked = read_nir(png(pixels)), read_nir(with_chunks(png(pixels), *chunks))
    np.testing.assert_array_equal(plain.pixels, marked.pixels)
    assert ours(marked.info.warnings) == told
    assert ours(read_rgb(with_chunks(png(pixels), *chunks)).warnings) == told


def ours(warnings: tuple[str, ...]) -> tuple[str, ...]:
    """Without what libpng itself says about a damaged chunk."""
    return tuple(line for line in warnings if "says: " not in line)


def test_a_profile_counts_before_gamma() -> None:
    assert read_nir(with_chunks(pillow("PNG", rgb(RAMP), icc_profile=SRGB), gamma(1))).info.warnings == ()
