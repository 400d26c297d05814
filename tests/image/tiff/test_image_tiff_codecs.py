"""Strips and tiles of a TIFF that are pictures of their own: LERC, JPEG 2000, WebP, JPEG XL."""

from __future__ import annotations

import io
import struct
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from image_files import RAMP, RAMP16, RAMP_FLOAT, rgb, tiff

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.raster import Request
from nircolor.image.tiff import stored
from nircolor.image.tiff.read import opened

LOSSLESS: dict[str, dict[str, Any]] = {
    "lerc": {},
    "lerc deflate": {"compression": "deflate"},
    "lerc zstd": {"compression": "zstd"},
    "jpeg2000": {"level": 0},
    "webp": {"lossless": True},
    "jpegxl": {"lossless": True},
}


def packed(kind: str, pixels: np.ndarray, **options: Any) -> bytes:
    colours = {"photometric": "rgb"} if pixels.ndim == 3 else {}
    return tiff(pixels, compression=kind.split()[0], compressionargs=LOSSLESS[kind], **colours, **options)


TALL = np.tile(RAMP, (2, 1))
CASES = [
    (kind, pixels)
    for kind in LOSSLESS
    for pixels in (RAMP, RAMP16, RAMP_FLOAT, rgb(RAMP))
    if not (kind == "jpeg2000" and pixels.dtype == np.float32)
    and not (kind == "webp" and (pixels.ndim == 2 or pixels.dtype != np.uint8))
]


@pytest.mark.parametrize("options", [{}, {"tile": (16, 32)}, {"rowsperstrip": 10}], ids=["one", "tiles", "strips"])
@pytest.mark.parametrize(("kind", "pixels"), CASES)
def test_values_come_back(kind: str, pixels: np.ndarray, options: dict[str, Any]) -> None:
    picture = read_nir(packed(kind, pixels, **options))
    grey = pixels if pixels.ndim == 2 else pixels[:, :, 0]
    top = {"uint8": 255, "uint16": 65535, "float32": 1}[str(pixels.dtype)]
    np.testing.assert_allclose(picture.pixels, grey / top, atol=1e-6)
    assert picture.info.compression == "deflate"  # what the output is packed with


class Guarded(io.BytesIO):
    """A file that notes who moves its place."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.users = set[int]()

    def seek(self, *place: int) -> int:
        self.users.add(threading.get_ident())
        return super().seek(*place)

    def read(self, *size: int) -> bytes:
        self.users.add(threading.get_ident())
        return super().read(*size)


def gdal_tiff(compression: str) -> bytes:
    """One that GDAL packs as no other does: LERC within deflate or ZSTD."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    options = {"driver": "GTiff", "height": 37, "width": 53, "count": 1, "dtype": "float32", "compress": compression}
    with rasterio.MemoryFile() as file:
        place = rasterio.Affine(1, 0, 9, 0, -1, 9)
        with file.open(**options, transform=place, tiled=True, blockxsize=32, blockysize=16) as target:
            target.write(RAMP_FLOAT, 1)
        return bytes(file.read())


@pytest.mark.parametrize("kind", ["LERC", "LERC_DEFLATE", "LERC_ZSTD"])
def test_lerc_as_gdal_writes_it(kind: str) -> None:
    np.testing.assert_allclose(read_nir(gdal_tiff(kind)).pixels, RAMP_FLOAT, atol=1e-6)


def in_many(pixels: np.ndarray, compression: str, **options: Any) -> bytes:
    return tiff(pixels, tile=(16, 16), compression=compression, **options)


OF_MANY_TILES: dict[str, Callable[[], bytes]] = {
    **{name: partial(in_many, RAMP16, name) for name in ("none", "lzw", "zlib", "packbits", "lzma", "zstd")},
    **{name: partial(packed, name, RAMP, tile=(16, 16)) for name in LOSSLESS if name != "webp"},
    "webp": lambda: packed("webp", rgb(RAMP), tile=(16, 16)),
    **{name: partial(gdal_tiff, name) for name in ("LERC", "LERC_DEFLATE", "LERC_ZSTD")},
    "jpeg": partial(in_many, RAMP, "jpeg"),
    "jpeg colour": lambda: in_many(rgb(RAMP), "jpeg", photometric="rgb"),
    "predictor": partial(in_many, RAMP_FLOAT, "zlib", predictor=True),
    "planes": lambda: in_many(np.stack([RAMP] * 3), "zlib", photometric="rgb", planarconfig="separate"),
    "palette": partial(
        in_many, RAMP, "zlib", photometric="palette", colormap=np.tile(np.arange(256, dtype="u2"), (3, 1))
    ),
    "bits": partial(in_many, RAMP >> 1, "none", bitspersample=7),
}


@pytest.mark.parametrize("kind", OF_MANY_TILES)
def test_threads_that_decode_leave_the_file_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would take its place from each other: all that a page says is known before."""
    monkeypatch.setattr(stored, "_processors", lambda: 2)  # so that there are threads
    stream = Guarded(OF_MANY_TILES[kind]())
    with opened(stream, Request()) as page:
        page.read(slice(0, 37), slice(0, 53))
    assert stream.users == {threading.get_ident()}


def at(data: bytes, mark: bytes, offset: int, form: str, *values: int) -> bytes:
    changed = bytearray(data)
    struct.pack_into(form, changed, data.index(mark) + offset, *values)
    return bytes(changed)


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (at(packed("lerc", RAMP), b"Lerc2 ", 14, "<ii", 60_000, 60_000), "60000 x 60000"),
        (at(packed("jpeg2000", RAMP), b"\xff\x4f\xff\x51", 8, ">8I", *(60_000, 60_000, 0, 0) * 2), "60000 x 60000"),
        (packed("jpegxl", TALL, metadata=None).replace(struct.pack("<H", 74), struct.pack("<H", 37)), "53 x 74"),
        (at(packed("webp", rgb(RAMP)), b"VP8L", 9, "<I", 16382 | 16382 << 14), "16383 x 16383"),
    ],
    ids=["lerc", "jpeg2000", "jpegxl", "webp"],
)
def test_a_strip_that_says_it_is_larger_than_it_may_be(data: bytes, size: str) -> None:
    with pytest.raises(InputError, match=rf"is damaged: its strip at .*\(a strip or tile says it has {size} pixels\)"):
        read_nir(data)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_strip_without_a_header(kind: str) -> None:
    data = packed(kind, rgb(RAMP))
    whole = bytearray(data)
    mark = {"jpeg2000": b"\xff\x4f\xff\x51", "webp": b"RIFF", "jpegxl": b"\xff\x0a"}.get(kind, b"Lerc2 ")
    place = data.find(mark) if mark in data else data.index(b"\x78" if kind == "lerc deflate" else b"\x28\xb5\x2f\xfd")
    whole[place : place + 4] = b"junk"
    with pytest.raises(InputError):
        read_nir(bytes(whole))
