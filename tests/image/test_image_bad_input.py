"""Whatever is wrong with an input ends in one line: path, reason, what to do. Never a library's traceback."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import tempfile
import tracemalloc
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from image_files import RAMP, RAMP16, pillow, png, rgb, samples, tiff
from PIL import Image

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.limits import MAX_PIXELS, check_size


def refusal(source: str | Path | bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_nir(source)
    message = str(caught.value)
    assert message.isprintable()  # and so one line
    return message


@pytest.fixture
def unprivileged() -> Iterator[None]:
    """Permissions do not bind the superuser, who runs many test machines: become nobody for the time of the test."""
    if not hasattr(os, "geteuid"):
        pytest.skip("the system has no user ids")
    privileged = os.geteuid() == 0
    if privileged:
        os.seteuid(65534)
    yield
    if privileged:
        os.seteuid(0)


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "not there.png"
    assert refusal(path) == f"{path}: does not exist; check the name"


def test_a_folder(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith(f"{tmp_path}: is a folder; ")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "is no regular file" in refusal(tmp_path / "pipe.png")


def test_a_device() -> None:
    assert "is no regular file" in refusal("/dev/null")


def test_an_unreadable_file(unprivileged: None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "private.png"
        path.write_bytes(png(RAMP))
        path.chmod(0)
        assert refusal(path) == f"{path}: may not be read (permission denied); change its permissions"


@pytest.mark.parametrize("name", ["nul\0byte.png", "x" * 5000 + ".png"])
def test_an_impossible_name(name: str) -> None:
    assert "cannot be opened" in refusal(name)


def test_a_name_that_would_break_the_line_is_escaped(tmp_path: Path) -> None:
    for name in ("two\nlines.png", b"bad \xff byte.png".decode(errors="surrogateescape")):
        path = tmp_path / name
        path.write_bytes(b"no picture")
        assert ascii(str(path)) in refusal(path)


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.tif"
    path.touch()
    assert refusal(path) == f"{path}: is empty (0 bytes); get a fresh copy"
    assert refusal(b"") == "standard input: is empty (0 bytes); get a fresh copy"


@pytest.mark.parametrize("data", [b"x", b"hello world, this is text", bytes(1000), b"GIF89a" + bytes(50), b"%PDF-1.7"])
def test_no_picture_at_all(data: bytes) -> None:
    assert "is no picture of a supported format; convert it to one of PNG, TIFF, JPEG, WEBP, BMP" in refusal(data)


@pytest.mark.parametrize("name", samples())
def test_a_truncated_file_is_never_half_a_picture(name: str) -> None:
    data = samples()[name]
    ends = {*range(1, 40), *range(40, len(data), max(1, len(data) // 25)), *range(len(data) - 12, len(data))}
    for end in sorted(ends):
        refusal(data[:end])


@pytest.mark.parametrize("name", samples())
def test_damaged_bytes_end_in_a_picture_or_an_input_error(name: str) -> None:
    data, random = samples()[name], np.random.default_rng(0)
    for _ in range(30):
        damaged = bytearray(data)
        for position in random.integers(0, len(data), 4):
            damaged[position] = random.integers(0, 256)
        with contextlib.suppress(InputError):
            picture = read_nir(bytes(damaged))
            assert picture.pixels.ndim == 2
            assert 0 <= picture.pixels.min() <= picture.pixels.max() <= 1


@pytest.mark.parametrize("name", samples())
def test_damaged_headers_end_in_a_picture_or_an_input_error(name: str) -> None:
    data, random = samples()[name], np.random.default_rng(1)
    for _ in range(30):
        damaged = bytearray(data)
        for position in random.integers(0, min(len(data), 200), 3):
            damaged[position] = random.choice([0, 1, 127, 128, 255])
        with contextlib.suppress(InputError):
            assert read_nir(bytes(damaged)).pixels.ndim == 2


def test_damage_is_reported_without_a_word_on_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    for data in samples().values():
        refusal(data[: len(data) * 2 // 3])
    short = png_with_header(8, 8, zlib.compress(bytes(20)))
    refusal(short)
    assert capfd.readouterr() == ("", "")


def test_a_failed_checksum_of_a_png() -> None:
    data = bytearray(png(RAMP16))
    data[len(data) // 2] ^= 1
    assert "'IDAT' fails its checksum" in refusal(bytes(data))


def test_a_damaged_chunk_that_does_not_matter_is_left_out() -> None:
    data = pillow("PNG", RAMP, dpi=(300, 300))
    start = data.index(b"pHYs")
    damaged = data[: start + 5] + b"\xff" + data[start + 6 :]
    picture = read_nir(damaged)
    assert picture.info.resolution is None
    np.testing.assert_allclose(picture.pixels, RAMP / 255, atol=1e-6)


def png_with_header(width: int, height: int, packed: bytes, bits: int = 8) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def bmp_with_header(width: int, height: int) -> bytes:
    data = bytearray(pillow("BMP", RAMP))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def jpeg_with_header(width: int, height: int) -> bytes:
    data = bytearray(pillow("JPEG", RAMP))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_with_header(width: int, height: int) -> bytes:
    data = bytearray(pillow("WEBP", rgb(RAMP), lossless=True))
    start = data.index(b"VP8L") + 9
    (bits,) = struct.unpack_from("<I", data, start)
    struct.pack_into("<I", data, start, (bits & ~0xFFFFFFF) | (width - 1) | (height - 1) << 14)
    return bytes(data)


def tiff_with_header(width: int, height: int) -> bytes:
    data = bytearray(tiff(RAMP))
    for tag, value in ((256, width), (257, height), (278, height)):
        start = data.index(struct.pack("<HHI", tag, 4, 1))
        data[start + 8 : start + 12] = struct.pack("<I", value)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png_with_header(100_000, 100_000, zlib.compress(bytes(1000))),
        bmp_with_header(100_000, 100_000),
        jpeg_with_header(65_000, 65_000),
    ],
    ids=["png", "bmp", "jpeg"],
)
def test_an_enormous_header_is_refused_before_decoding(data: bytes) -> None:
    tracemalloc.start()
    message = refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "above the limit of 400 megapixels" in message
    assert peak < 10_000_000


@pytest.mark.parametrize(
    "data",
    [
        png_with_header(19_000, 19_000, zlib.compress(bytes(1000))),
        tiff_with_header(19_000, 19_000),
        tiff_with_header(100_000, 100_000),
        bmp_with_header(19_000, 19_000),
        jpeg_with_header(19_000, 19_000),
    ],
    ids=["png", "tiff", "large tiff", "bmp", "jpeg"],
)
def test_a_lying_header_is_refused_before_decoding(data: bytes) -> None:
    tracemalloc.start()
    message = refusal(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert re.search(r"promises \d+ x \d+ pixels but holds only", message) or "truncated" in message
    assert peak < 10_000_000


def test_a_lying_webp_header_is_refused() -> None:
    refusal(webp_with_header(16_000, 16_000))


def test_the_limit_itself() -> None:
    check_size(20_000, MAX_PIXELS // 20_000, 1, stored=10, ratio=None)
    for width, height, size in ((20_001, MAX_PIXELS // 20_000, 1), (20_000, 20_000, 12), (0, 5, 1), (5, 0, 1)):
        with pytest.raises(InputError):
            check_size(width, height, size, stored=1 << 40, ratio=None)


def test_a_tile_of_absurd_size_is_refused() -> None:
    data = bytearray(tiff(RAMP, tile=(16, 16), compression="zlib"))
    for tag in (322, 323):
        start = data.index(struct.pack("<HH", tag, 4))
        data[start + 8 : start + 12] = struct.pack("<I", 60_000)
    assert "one strip or tile has 3600000000 pixels" in refusal(bytes(data))


def test_a_tiff_with_too_few_strips_is_refused() -> None:
    data = tiff(RAMP, rowsperstrip=10)
    start = data.index(struct.pack("<HHI", 278, 4, 1))
    damaged = data[: start + 8] + struct.pack("<I", 5) + data[start + 12 :]
    assert "4 of 8 strips or tiles are listed" in refusal(damaged)


def test_a_jpeg_strip_that_lies_about_its_size_is_refused() -> None:
    data = bytearray(tiff(RAMP, compression="jpeg"))
    start = data.index(b"\xff\xc0") + 5
    data[start : start + 4] = struct.pack(">HH", 60_000, 60_000)
    assert "strip at row 0, column 0 (the JPEG says it has 60000 x 60000 pixels)" in refusal(bytes(data))


def test_cmyk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "print.jpg"
    Image.fromarray(np.dstack([RAMP] * 4), "CMYK").save(path)
    assert "is a CMYK JPEG, made for print" in refusal(path)


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_animations_are_refused(format: str, tmp_path: Path) -> None:
    path = tmp_path / "moving"
    frames = [Image.fromarray(rgb(frame)) for frame in (RAMP, RAMP[::-1].copy())]
    frames[0].save(path, format, save_all=True, append_images=frames[1:], duration=100)
    assert "extract one picture first" in refusal(path)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "BMP"])
def test_pages_of_a_format_without_pages(format: str) -> None:
    assert read_nir(pillow(format, RAMP), page=1).pixels.shape == RAMP.shape
    with pytest.raises(InputError, match="has one page only, not 2"):
        read_nir(pillow(format, RAMP), page=2)


def test_reading_takes_little_more_memory_than_the_result() -> None:
    large = np.tile(RAMP, (40, 38))  # 3 megapixels
    for data, most in ((png(large), 24e6), (tiff(large, compression="zlib"), 24e6), (pillow("BMP", large), 30e6)):
        tracemalloc.start()
        picture = read_nir(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert picture.pixels.nbytes == 4 * large.size
        assert peak < picture.pixels.nbytes + most
