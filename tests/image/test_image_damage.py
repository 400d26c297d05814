"""Damaged files are refused even where their library only warns; healthy ones of every kind pass."""

from __future__ import annotations

import io
import logging
import os
import struct
import tempfile

import cv2
import numpy as np
import pytest
import tifffile
from image_files import RAMP, SRGB, pillow, rgb, tiff
from PIL import Image

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.codecs import jpeg_entropy, jpeg_markers
from nircolor.image.codecs.jpeg_check import UNCHECKED, check

KINDS = [
    {},
    {"progressive": True},
    {"optimize": True, "quality": 95},
    {"restart_marker_rows": 1},
    {"restart_marker_blocks": 3, "progressive": True},
    {"progressive": True, "optimize": True, "quality": 30},
]


def scene(height: int = 96, width: int = 128) -> np.ndarray:
    """(height, width) uint8 with texture everywhere: lost data shows."""
    wave = np.add.outer(np.sin(np.arange(height) / 7) * 60, np.cos(np.arange(width) / 5) * 60) + 128
    noise = np.random.default_rng(0).normal(0, 8, (height, width))
    return np.clip(wave + noise, 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray | None = None, **options: object) -> bytes:
    return pillow("JPEG", scene() if pixels is None else pixels, **options)


def data_start(data: bytes) -> int:
    """Where the data of the first scan begins."""
    place = data.index(b"\xff\xda")
    return place + 2 + int.from_bytes(data[place + 2 : place + 4], "big")


def with_size(data: bytes, height: int, width: int) -> bytes:
    place = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: place + 5] + struct.pack(">HH", height, width) + data[place + 9 :]


def refusal(data: bytes) -> str:
    with pytest.raises(InputError) as caught:
        read_nir(data)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("sides", [(1, 1), (8, 8), (17, 33), (96, 128), (41, 7)])
def test_healthy_files_pass(options: dict[str, object], sides: tuple[int, int]) -> None:
    grey = scene(*sides)
    assert check(jpeg(grey, **options)) is None
    for subsampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
        assert check(jpeg(rgb(grey), subsampling=subsampling, **options)) is None


@pytest.mark.parametrize("options", KINDS)
def test_a_cut_file_with_an_end_marker_is_refused(options: dict[str, object]) -> None:
    data, start = jpeg(**options), data_start(jpeg(**options))
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        refusal(data[: start + round(part * (len(data) - start))] + b"\xff\xd9")


def test_what_is_missing_is_named() -> None:
    data = jpeg()
    half = data[: (data_start(data) + len(data)) // 2] + b"\xff\xd9"
    assert Image.open(io.BytesIO(half)).convert("L").size == (128, 96)  # Pillow does not mind
    assert refusal(half) == (
        "standard input: is damaged: data is missing from row 48 of 96 on; "
        "get a fresh copy, or save it anew as PNG if it looks whole in a viewer"
    )


@pytest.mark.parametrize("options", KINDS)
def test_a_hole_in_the_data_is_refused(options: dict[str, object]) -> None:
    data = jpeg(**options)
    middle = (data_start(data) + len(data)) // 2
    refusal(data[:middle] + data[middle + 300 :])
    refusal(data[:middle] + bytes(300) + data[middle + 300 :])


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("sides", [(192, 128), (96, 256), (48, 128), (96, 64)])
def test_a_lying_size_is_refused(options: dict[str, object], sides: tuple[int, int]) -> None:
    assert "is damaged" in refusal(with_size(jpeg(**options), *sides))


def test_zeros_at_the_end_are_refused() -> None:
    data = jpeg()
    middle = (data_start(data) + len(data)) // 2
    assert "data is missing from row" in refusal(data[:middle] + bytes(len(data) - 2 - middle) + b"\xff\xd9")


def test_a_progressive_file_that_lost_whole_scans_is_refused() -> None:
    data = jpeg(progressive=True)
    scans = [place for place in range(len(data)) if data.startswith(b"\xff\xda", place)]
    tables = data.rindex(b"\xff\xc4", 0, scans[-1])  # those of the last scan
    assert "scans of the JPEG are missing" in refusal(data[:tables] + b"\xff\xd9")
    assert "are missing" in refusal(data[: scans[-2]] + data[tables:])


def test_a_lost_restart_marker_is_refused() -> None:
    data = jpeg(restart_marker_rows=1)
    first, third = data.index(b"\xff\xd0"), data.index(b"\xff\xd2")
    assert "data is missing from row 8 of 96" in refusal(data[:first] + data[third:])


def test_bytes_left_over_are_refused() -> None:
    data = jpeg()
    assert "5 bytes are left over at row 96 of 96" in refusal(data[:-2] + b"stray" + data[-2:])


def test_bytes_behind_the_end_are_no_damage() -> None:
    read_nir(jpeg() + b"a camera's second picture")


def test_fill_bytes_before_a_marker_are_no_damage() -> None:
    data = jpeg()
    read_nir(data[:-2] + b"\xff\xff" + data[-2:])


def test_tables_that_motion_jpeg_leaves_out() -> None:
    data, bare = jpeg(), jpeg()
    while (place := bare.find(b"\xff\xc4")) >= 0:
        bare = bare[:place] + bare[place + 2 + int.from_bytes(bare[place + 2 : place + 4], "big") :]
    assert check(bare) is check(data) is None


def test_arithmetic_coding_is_told_to_be_unchecked() -> None:
    data = jpeg()
    assert check(data.replace(b"\xff\xc0", b"\xff\xc9", 1)) == UNCHECKED


def test_more_scans_than_anybody_needs_are_refused() -> None:
    data = jpeg(scene(8, 8))
    first, end = data.index(b"\xff\xda"), len(data) - 2
    assert "more than 500 scans" in refusal(data[:first] + data[first:end] * 501 + data[end:])


def libjpeg_warns(data: bytes) -> bool:
    """What libjpeg has to say, by way of OpenCV, which lets it print to standard error."""
    with tempfile.TemporaryFile() as file:
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        words = file.read()
    return pixels is not None and b"Corrupt" in words


@pytest.mark.parametrize("options", KINDS)
def test_whatever_libjpeg_warns_about_is_refused(options: dict[str, object]) -> None:
    random, warned = np.random.default_rng(2), 0
    data = jpeg(rgb(scene(40, 56)), subsampling="4:2:0", **options)
    start = data_start(data)
    for _ in range(150):
        damaged = bytearray(data)
        place = int(random.integers(start, len(data) - 2))
        damaged[place : place + int(random.integers(1, 30))] = random.bytes(int(random.integers(0, 30)))
        if libjpeg_warns(bytes(damaged)):
            warned += 1
            with pytest.raises(InputError):
                check(bytes(damaged))
    assert warned > 40


def test_kernels_stay_within_their_arrays() -> None:
    data = jpeg(progressive=True)
    start, random = data_start(data), np.random.default_rng(3)
    kernels = [jpeg_entropy.sequential, jpeg_entropy.spectral, jpeg_entropy.refinement]
    for _ in range(200):
        damaged = np.frombuffer(data, np.uint8).copy()
        damaged[random.integers(start, len(data), 40)] = random.integers(0, 256, 40)
        checked = [plain(kernel.py_func, damaged) for kernel in kernels]  # numpy checks every index of these
        assert checked == [plain(kernel, damaged) for kernel in kernels]


def plain(kernel: object, run: np.ndarray) -> tuple[int, int]:
    """One kernel on ``run`` taken as 5 blocks or MCUs."""
    padded = np.concatenate([run[:60], np.zeros(jpeg_entropy.PADDING, np.uint8)])
    dc, ac = (jpeg_markers.usual().get(kind, 0)[None] for kind in (0, 1))
    if getattr(kernel, "__name__", "") == "sequential":
        done = kernel(padded, 480, 5, np.zeros((2, 2), np.int64), 63, dc, ac)  # type: ignore[operator]
    else:
        present = np.full(6, 0b1010, np.int64)
        done = kernel(padded, 480, 1, 5, 1, 63, ac[0], present)  # type: ignore[operator]
    return int(done[0]), int(done[1])


def test_a_jpeg_strip_of_a_tiff() -> None:
    whole = tiff(scene(), compression="jpeg", rowsperstrip=96, metadata=None)
    assert read_nir(whole).pixels.shape == (96, 128)
    with tifffile.TiffFile(io.BytesIO(whole)) as file:
        start, count = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    middle = start + count // 2
    assert "is damaged: its strip at row 0, column 0 (" in refusal(
        whole[:middle] + bytes(start + count - 2 - middle) + whole[start + count - 2 :]
    )


def test_a_profile_that_lost_its_checksum_is_told() -> None:
    data = bytearray(pillow("PNG", RAMP, icc_profile=SRGB))
    data[data.index(b"iCCP") + 30] ^= 1
    assert read_nir(bytes(data)).info.warnings == ("imagecodecs says: PNG warning: iCCP: CRC error",)


def test_what_a_library_logs_is_told() -> None:
    odd = bytearray(tiff(RAMP, metadata=None))
    with tifffile.TiffFile(io.BytesIO(bytes(odd))) as file:
        tag = file.pages[0].tags["Orientation"] if "Orientation" in file.pages[0].tags else file.pages[0].tags[305]
    struct.pack_into("<H", odd, tag.offset + 2, 77)  # a kind of value that does not exist
    assert any(warning.startswith("tifffile says: ") for warning in read_nir(bytes(odd)).info.warnings)
    assert not [h for h in logging.getLogger("tifffile").handlers if not isinstance(h, logging.NullHandler)]
