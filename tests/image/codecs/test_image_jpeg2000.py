"""JPEG 2000: depth, bands, what the headers say, and what they may not say."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, jp2
from image_files import SRGB, exif_bytes, rgb

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.codecs.boxes import build


def boxed(data: bytes, kind: bytes, content: bytes) -> bytes:
    """``data`` with one more box before the codestream."""
    place = data.index(b"jp2c") - 4
    return data[:place] + build(kind, content) + data[place:]


def with_colour(data: bytes, content: bytes) -> bytes:
    """``data`` whose box of the colour space, the last of the header, has another content."""
    start = data.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", data, start)
    old = data.index(b"colr", start) - 4
    return data[:start] + build(b"jp2h", data[start + 8 : old] + build(b"colr", content)) + data[start + size :]


@pytest.mark.parametrize("kind", ["jp2", "j2k"])
@pytest.mark.parametrize(
    ("pixels", "options", "peak"),
    [(SMOOTH, {}, 255), (SMOOTH16, {}, 65535), (SMOOTH16 >> 4, {"bitspersample": 12}, 4095), (rgb(SMOOTH), {}, 255)],
    ids=["8", "16", "12", "rgb"],
)
def test_values_are_divided_by_what_their_bits_can_hold(
    pixels: np.ndarray, options: dict, peak: int, kind: str
) -> None:
    picture = read_nir(jp2(pixels, kind, **options))
    grey = pixels if pixels.ndim == 2 else pixels[:, :, 0]
    assert picture.info.dtype == str(pixels.dtype)
    np.testing.assert_allclose(picture.pixels, grey / peak, atol=1e-6)


def test_alpha_is_what_the_file_says() -> None:
    data = jp2(np.dstack([rgb(SMOOTH), SMOOTH[::-1]]))
    with pytest.raises(InputError, match="has 4 bands"):
        read_nir(data)
    place = data.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", data, place)
    channels = build(b"cdef", struct.pack(">H12H", 4, 0, 0, 1, 1, 0, 2, 2, 0, 3, 3, 1, 0))
    header = build(b"jp2h", data[place + 8 : place + size] + channels)
    picture = read_nir(data[:place] + header + data[place + size :])
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, SMOOTH[::-1] / 255, atol=1e-6)


def test_profile_and_exif_are_kept() -> None:
    data = boxed(with_colour(jp2(rgb(SMOOTH)), b"\2\0\0" + SRGB), b"uuid", b"JpgTiffExif->JP2" + exif_bytes())
    info = read_nir(data).info
    assert (info.icc, info.exif) == (SRGB, exif_bytes())


def test_the_loss_of_a_georeference_is_said() -> None:
    box = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03") + b"II*\0"
    assert read_nir(boxed(jp2(SMOOTH), b"uuid", box)).info.warnings == ("the georeference (GeoJP2 box) is not kept",)


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_signed_samples_below_0_are_black(bits: int) -> None:
    white = 2 ** (bits - 1) - 1
    stored = (SMOOTH16 >> (16 - bits)).astype(np.int32) - 60 * (1 << bits - 8)
    kind = np.dtype(np.int8 if bits == 8 else np.int16)
    picture = read_nir(jp2(np.clip(stored, -white, white).astype(kind), bitspersample=bits, reversible=True))
    np.testing.assert_allclose(picture.pixels, np.clip(stored / white, 0, 1), atol=1e-6)
    assert picture.info.dtype == ("uint8" if bits == 8 else "uint16")
    assert picture.info.warnings == (f"{np.count_nonzero(stored < 0)} of its {kind} values are below 0 and became 0",)


def patched(offset: int, form: str, *values: int) -> bytes:
    """A codestream of 37 x 53 whose SIZ marker has other ``values`` at ``offset``."""
    data = bytearray(jp2(SMOOTH, "j2k"))
    struct.pack_into(form, data, offset, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (patched(8, ">8I", *(100_000, 100_000, 0, 0) * 2), "is 100000 x 100000 pixels .* above the limit"),
        (patched(24, ">II", 0, 0), "has no header"),
        (patched(8, ">4I4I", 9999, 9999, 0, 0, 1, 1, 0, 0), "says that it has 99980001 tiles"),
        (patched(12, ">I", 370), "has 1 of 10 tiles"),
        (jp2(SMOOTH, "j2k")[:-9], "tile 1 of the JPEG 2000 lies beyond its end"),
        (patched(42, "B", 31), "has 32 bits a sample"),
        (patched(40, ">H", 16_385), "has no header"),
        (with_colour(jp2(rgb(SMOOTH)), b"\1\0\0\0\0\0\x12"), "holds luma and chroma"),
        (jp2(SMOOTH).replace(b"jp2c", b"junk"), "holds no picture"),
    ],
)
def test_headers_that_lie_or_are_not_for_us(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        read_nir(data)
