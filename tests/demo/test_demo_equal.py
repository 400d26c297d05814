"""What the page makes of a file is what Python makes of it, whatever the format: in a real browser."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tiny_student
from demo_page import DemoPage, served
from image_files import GREY_PROFILE, SRGB, exif, pillow, png, rgb, tiff
from numpy.typing import NDArray
from PIL import Image

from nircolor.demo.build import STUDENT, build_demo
from nircolor.errors import WeightsError
from nircolor.image import Stretch, read_nir
from nircolor.scenes import quantise, render
from nircolor.weights import packaged_file

SCENE = render(5, 45, 61).nir
BYTE, SHORT = quantise(SCENE, 8), quantise(SCENE, 16)
MASK = np.where(np.median(SCENE) < SCENE, 255, 77).astype(np.uint8)
NOISE = np.random.default_rng(0).integers(-3, 4, (*SCENE.shape, 3))
NEARLY_GREY = np.clip(rgb(BYTE) + NOISE, 0, 255).astype(np.uint8)
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def interlaced(pixels: NDArray[np.uint16]) -> bytes:
    """A PNG of 16 bits in seven passes, which no library here writes."""
    passes = (pixels[y::dy, x::dx] for x, y, dx, dy in ADAM7)
    data = b"".join(b"\0" + row.astype(">u2").tobytes() for part in passes for row in part)
    height, width = pixels.shape
    head = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 1)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


FILES = {
    "8 bits.png": png(BYTE),
    "16 bits.png": png(SHORT),
    "1 bit.png": pillow("PNG", BYTE > 99),
    "three channels.png": png(rgb(BYTE)),
    "nearly grey.png": png(NEARLY_GREY),
    "nearly grey, 16 bits.png": png(NEARLY_GREY.astype(np.uint16) * 257),
    "interlaced.png": interlaced(SHORT),
    "alpha.png": png(np.dstack([BYTE, MASK])),
    "alpha, 16 bits.png": png(np.dstack([rgb(SHORT), MASK.astype(np.uint16) * 257])),
    "transparent colour.png": pillow("PNG", BYTE, transparency=int(BYTE[30, 30])),
    "sRGB.png": pillow("PNG", rgb(BYTE), icc_profile=SRGB),
    "turned.png": pillow("PNG", BYTE, exif=exif(6)),
    "one pixel.png": png(BYTE[:1, :1]),
    "grey.jpg": pillow("JPEG", BYTE, quality=90),
    "colour.jpg": pillow("JPEG", NEARLY_GREY, quality=80, progressive=True),
    "turned.jpg": pillow("JPEG", BYTE, exif=exif(5)),
    "lossless.webp": pillow("WEBP", rgb(BYTE), lossless=True),
    "lossy.webp": pillow("WEBP", rgb(BYTE), quality=80),
    "grey.avif": bytes(imagecodecs.avif_encode(BYTE, level=95)),
    "grey.bmp": pillow("BMP", BYTE),
    "plain.tif": tiff(SHORT),
    "big end first.tif": tiff(SHORT, byteorder=">"),
    "deflate.tif": tiff(SHORT, compression="zlib", predictor=True),
    "LZW.tif": tiff(SHORT, compression="lzw", predictor=True, rowsperstrip=7),
    "tiles.tif": tiff(BYTE, compression="lzw", tile=(32, 16)),
    "three channels.tif": tiff(NEARLY_GREY, photometric="rgb", compression="lzw", predictor=True),
    "white is zero.tif": tiff(BYTE, photometric="miniswhite"),
    "alpha.tif": tiff(np.dstack([SHORT, MASK.astype(np.uint16) * 257]), photometric="minisblack", extrasamples=[2]),
    "turned.tif": tiff(SHORT, extratags=[(274, "H", 1, 8, True)]),
}


def distance(found: NDArray[np.unsignedinteger], student: Path, nir: NDArray[np.float32]) -> float:
    """The largest difference of a download from Python's result, of 255."""
    wanted = tiny_student.answer(student, nir)
    assert found.shape[:2] == wanted.shape[:2]
    return float(np.abs(found[..., :3] / np.iinfo(found.dtype).max - wanted).max() * 255)


@pytest.mark.parametrize("name", FILES)
def test_the_page_reads_and_colours_as_python_does(name: str, page: DemoPage, student: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name])
    picture = read_nir(path)
    assert page.colour(path) == ""
    found = page.download()
    assert str(found.dtype) == picture.info.dtype
    assert distance(found, student, picture.pixels) < 0.6  # half a step of 8 bits, and what the last bits of sums do
    assert (found.shape[2] == 4) == (picture.alpha is not None)
    if picture.alpha is not None:
        assert np.abs(found[..., 3] / np.iinfo(found.dtype).max - picture.alpha).max() < 1e-6


def test_a_profile_is_converted_by_the_browser(page: DemoPage, student: Path, tmp_path: Path) -> None:
    """In 8 bits, one of which the network may see."""
    path = tmp_path / "grey profile.jpg"
    path.write_bytes(pillow("JPEG", BYTE, quality=95, icc_profile=GREY_PROFILE))
    assert page.colour(path) == ""
    assert distance(page.download(), student, read_nir(path).pixels) < 4


def test_a_dark_picture_can_use_the_full_range(page: DemoPage, student: Path, tmp_path: Path) -> None:
    path = tmp_path / "12 of 16 bits.tif"
    path.write_bytes(tiff(SHORT // 16))
    assert page.colour(path) == ""
    assert "dark" in page.text("#remarks")
    page.click("#remarks button")
    assert page.wait() == ""
    assert page.text("#remarks") == ""
    wanted = read_nir(path, stretch=Stretch.parse("percentile:1,99")).pixels
    assert distance(page.download(), student, wanted) < 0.6


def test_a_colour_picture_can_be_read_as_its_brightness(page: DemoPage, student: Path, tmp_path: Path) -> None:
    path = tmp_path / "colour.png"
    path.write_bytes(png(quantise(render(5, 45, 61).rgb, 8)))
    assert "colour picture" in page.colour(path)
    page.click("#offer")
    assert page.wait() == ""
    assert distance(page.download(), student, read_nir(path, grey=True).pixels) < 0.6


def test_a_palette_of_greys_is_grey(page: DemoPage, student: Path, tmp_path: Path) -> None:
    path = tmp_path / "palette.png"
    Image.fromarray(BYTE).convert("P").save(path)
    assert page.colour(path) == ""
    assert distance(page.download(), student, read_nir(path).pixels) < 0.6


def test_the_packaged_student_is_the_same_in_the_browser(archive: Path, page: DemoPage, tmp_path: Path) -> None:
    """Within 2 of 255, as 8 bits store it: those within it are rounded by other instructions there."""
    try:
        student = packaged_file(STUDENT)
    except WeightsError:
        pytest.skip(f"weights/{STUDENT} is not here")
    picture = tmp_path / "scene.png"
    picture.write_bytes(png(quantise(render(8, 301, 403).nir, 8)))
    build_demo(tmp_path / "site", weights=student, runtime=archive)
    with served(tmp_path / "site") as url:
        page.browser.open(url)
        assert page.colour(picture) == ""
        found = page.download()
    page.browser.open(page.url)
    wanted = np.rint(tiny_student.answer(student, read_nir(picture).pixels) * 255)
    assert np.abs(found.astype(int) - wanted).max() <= 2
