"""What the page does not take: a line in words, nothing shown, and the next picture works."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from demo_page import DemoPage
from image_files import pillow, png, rgb, tiff, tiff_pages
from PIL import Image

from nircolor.scenes import quantise, render

SCENE = render(6, 40, 56)
BYTE, SHORT = quantise(SCENE.nir, 8), quantise(SCENE.nir, 16)


def png_head(width: int, height: int, colour: int = 0) -> bytes:
    """A PNG that promises pixels and holds some of them."""
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


def cut(data: bytes) -> bytes:
    return data[: len(data) * 2 // 3]


def changed(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def cmyk() -> bytes:
    stream = io.BytesIO()
    Image.new("CMYK", (20, 20)).save(stream, "JPEG")
    return stream.getvalue()


JPEG, WEBP = pillow("JPEG", BYTE, quality=90), pillow("WEBP", rgb(BYTE), lossless=True)
AVIF, LZW, PLAIN = bytes(imagecodecs.avif_encode(BYTE)), tiff(SHORT, compression="lzw"), tiff(BYTE)
PREVIEW = b"\xff\xe1" + struct.pack(">H", 40) + JPEG[-2:] * 19  # which ends, as a small JPEG in it does
ENTRIES = struct.unpack_from("<H", PLAIN, 8)[0]  # of its directory, which begins with width and height

FILES = {
    "empty.png": (b"", "empty"),
    "words.txt": (b"This is no picture at all.", "no picture"),
    "film.mp4": (b"\0\0\0\x20ftypisom" + bytes(99), "film"),
    "page.pdf": (b"%PDF-1.7" + bytes(99), "a PDF"),
    "cut.png": (cut(png(BYTE)), "cut off"),
    "cut.jpg": (cut(JPEG), "cut off"),
    "cut behind a preview.jpg": (cut(JPEG[:2] + PREVIEW + JPEG[2:]), "cut off"),
    "cut.webp": (cut(WEBP), "cut off"),
    "cut.avif": (cut(AVIF), "cut off"),
    "cut.tif": (cut(PLAIN), "cut off"),
    "start alone.tif": (PLAIN[:9], "cut off"),
    "checksum.png": (changed(png(BYTE), 60, b"\0\0\0\0"), "checksum"),
    "codes.tif": (LZW[:-300] + b"\x55" * 300, "damaged"),
    "nonsense.jpg": (JPEG[:20] + bytes(500), "damaged"),
    "nonsense.webp": (WEBP[:30] + bytes(len(WEBP) - 30), "decode"),
    "no header.png": (png(BYTE)[:8] + png(BYTE)[33:], "no header"),
    "many pixels.png": (png_head(60_000, 60_000), "too large"),
    "many pixels.jpg": (changed(JPEG, JPEG.index(b"\xff\xc0") + 5, b"\xff\xff\xff\xff"), "too large"),
    "many pixels.webp": (changed(WEBP, 21, b"\xff\xff\xff\x0f"), "too large"),
    "many pixels.tif": (changed(PLAIN, 18, struct.pack("<I", 1 << 30)), "too large"),
    "promises.png": (png_head(4000, 4000), "cut off"),
    "fewer pixels.png": (png_head(60, 60), "fewer pixels"),
    "no pixels.png": (png_head(0, 10), "damaged"),
    "kind.png": (png_head(10, 10, colour=5), "no sense"),
    "CMYK.jpg": (cmyk(), "print"),
    "pages.tif": (tiff_pages(BYTE, BYTE), "pages"),
    "circle.tif": (changed(PLAIN, 10 + 12 * ENTRIES, struct.pack("<I", 8)), "pages"),
    "floats.tif": (tiff(SCENE.nir.astype(np.float32)), "32 bits"),
    "bands.tif": (tiff(np.dstack([BYTE] * 5), photometric="minisblack", planarconfig="contig"), "5 bands"),
    "packing.tif": (tiff(BYTE, compression="zstd"), "compressed"),
    "colour.png": (png(quantise(SCENE.rgb, 8)), "colour picture"),
    "colour.webp": (pillow("WEBP", quantise(SCENE.rgb, 8), quality=80), "colour picture"),
    "colour, 16 bits.tif": (tiff(quantise(SCENE.rgb, 16), photometric="rgb"), "colour picture"),
}


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_in_words(name: str, page: DemoPage, tmp_path: Path) -> None:
    data, words = FILES[name]
    path = tmp_path / name
    path.write_bytes(data)
    said = page.colour(path)
    assert said.startswith(f"{name}: ")
    assert words in said
    assert "went wrong" not in said
    assert page.browser.run("document.querySelector('#result').hidden")


def test_a_file_of_gigabytes_is_not_read(page: DemoPage, tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    with path.open("wb") as stream:  # which takes no room on the disk
        stream.write(PLAIN)
        stream.truncate(5 << 30)
    assert "too large for a browser: 5369 MB" in page.colour(path)


def test_a_folder_is_no_picture(page: DemoPage, tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    page.browser.drop(5, 5, tmp_path / "folder.png")
    page.browser.until("document.querySelector('#reason').textContent.startsWith('folder.png')")
    assert "folder" in page.wait().removeprefix("folder.png")


def test_the_next_picture_works(page: DemoPage, tmp_path: Path) -> None:
    (tmp_path / "damaged.png").write_bytes(cut(png(BYTE)))
    assert page.colour(tmp_path / "damaged.png") != ""
    (tmp_path / "sound.png").write_bytes(png(BYTE))
    assert page.colour(tmp_path / "sound.png") == ""
    assert page.download().shape == (*BYTE.shape, 3)


def test_a_name_is_text(page: DemoPage, tmp_path: Path) -> None:
    path = tmp_path / "<img src=x onerror=document.title=1>.png"
    path.write_bytes(png(BYTE))
    assert page.colour(path) == ""
    assert page.text("#name") == path.name
    assert page.browser.run("document.title") == "Near-infrared to colour"
