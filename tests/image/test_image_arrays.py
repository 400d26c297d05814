"""Netpbm's files and NumPy arrays: stored values as they are, and headers that lie."""

from __future__ import annotations

import io
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, netpbm, npy
from image_files import HEIGHT, RAMP, RAMP16, WIDTH, rgb

from nircolor.errors import InputError
from nircolor.image import open_nir, plan_output, read_nir, row_stored

BITS = RAMP > 128
FLOATS = (RAMP16 / 65535).astype(np.float32)


def plain(magic: str, pixels: np.ndarray, *words: object, between: str = " ") -> bytes:
    rows = "\n".join(between.join(map(str, row.ravel())) for row in pixels)
    return "\n".join(map(str, (magic, f"{WIDTH} # columns", HEIGHT, *words, rows))).encode()


def pam(pixels: np.ndarray, kind: str, largest: int = 255) -> bytes:
    height, width, depth = pixels.shape
    lines = (f"WIDTH {width}", f"HEIGHT {height}", "# made", f"DEPTH {depth}", f"MAXVAL {largest}", f"TUPLTYPE {kind}")
    return "\n".join(("P7", *lines, "ENDHDR\n")).encode() + pixels.tobytes()


@pytest.mark.parametrize(
    ("data", "expected", "dtype", "bits"),
    [
        (netpbm("P5", RAMP, 255, comment="GIMP"), RAMP / 255, "uint8", None),
        (netpbm("P5", RAMP // 4, 63), RAMP // 4 / 63, "uint8", None),
        (netpbm("P5", RAMP16.astype(">u2"), 65535), RAMP16 / 65535, "uint16", None),
        (netpbm("P5", (RAMP16 >> 6).astype(">u2"), 1023), (RAMP16 >> 6) / 1023, "uint16", 10),
        (netpbm("P5", (RAMP16 // 70).astype(">u2"), 1000), RAMP16 // 70 / 1000, "uint16", None),
        (netpbm("P6", rgb(RAMP), 255), RAMP / 255, "uint8", None),
        (netpbm("P6", rgb(RAMP16).astype(">u2"), 65535), RAMP16 / 65535, "uint16", None),
        (netpbm("P4", np.packbits(BITS, axis=1)).replace(b"\n7\n", b"\n53\n", 1), ~BITS, "uint8", None),
        (plain("P1", BITS.astype(int), between=""), ~BITS, "uint8", None),
        (plain("P2", RAMP, 255), RAMP / 255, "uint8", None),
        (plain("P2", RAMP16, 65535), RAMP16 / 65535, "uint16", None),
        (plain("P3", rgb(RAMP), 255), RAMP / 255, "uint8", None),
        (pam(RAMP[:, :, None], "GRAYSCALE"), RAMP / 255, "uint8", None),
        (pam(rgb(RAMP16).astype(">u2"), "RGB", 65535), RAMP16 / 65535, "uint16", None),
        (netpbm("Pf", FLOATS[::-1].astype("<f4"), -1.0), FLOATS, "float32", None),
        (netpbm("PF", rgb(FLOATS)[::-1].astype(">f4"), 1.0), FLOATS, "float32", None),
        (npy(RAMP), RAMP / 255, "uint8", None),
        (npy(RAMP16), RAMP16 / 65535, "uint16", None),
        (npy(RAMP16.astype(">u2")), RAMP16 / 65535, "uint16", None),
        (npy(np.asfortranarray(RAMP16)), RAMP16 / 65535, "uint16", None),
        (npy(rgb(RAMP)), RAMP / 255, "uint8", None),
        (npy(np.asfortranarray(rgb(RAMP16))), RAMP16 / 65535, "uint16", None),
        (npy(RAMP[:, :, None]), RAMP / 255, "uint8", None),
        (npy(FLOATS), FLOATS, "float32", None),
        (npy(FLOATS.astype(">f8")), FLOATS, "float32", None),
        (npy((RAMP / 256).astype(np.float16)), RAMP / 256, "float32", None),
        (npy(BITS), BITS, "uint8", None),
        (npy((RAMP // 2).astype(np.int8)), RAMP // 2 / 127, "uint8", None),
        (npy((RAMP16 // 2).astype(">i2")), RAMP16 // 2 / 32767, "uint16", None),
        (npy(RAMP16.astype(np.uint32) << 16), RAMP16 / 65536, "uint16", None),
        (npy(np.asfortranarray(RAMP16.astype(np.int64) << 15)), RAMP16 / 65536, "uint16", None),
    ],
)
def test_values(data: bytes, expected: np.ndarray, dtype: str, bits: int | None) -> None:
    info = read_nir(data).info
    assert (info.dtype, info.bits, info.warnings) == (dtype, bits, ())
    np.testing.assert_allclose(read_nir(data).pixels, expected, atol=1e-6)


def test_alpha_and_bands() -> None:
    picture = read_nir(pam(np.dstack([RAMP, RAMP[::-1]]), "GRAYSCALE_ALPHA"))
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha, RAMP[::-1] / 255, atol=1e-6)
    five = np.dstack([np.roll(RAMP, step) for step in range(5)])
    for data in (npy(five), npy(np.asfortranarray(five)), pam(five, "NIR")):
        with pytest.raises(InputError, match="has 5 bands; say which one is near-infrared with `band=1` to 5"):
            read_nir(data)
        np.testing.assert_allclose(read_nir(data, band=4).pixels, five[:, :, 3] / 255, atol=1e-6)


def test_outputs_hold_the_depth() -> None:
    for data, plan in (
        (netpbm("P5", RAMP, 255), ("PNG", 8)),
        (netpbm("P5", (RAMP16 >> 6).astype(">u2"), 1023), ("PNG", 16)),
        (netpbm("Pf", FLOATS, -1.0), ("TIFF", 32)),
        (npy(FLOATS), ("TIFF", 32)),
        (npy(RAMP16), ("TIFF", 16)),
    ):
        planned = plan_output(None, read_nir(data).info)
        assert (planned.format, planned.depth) == plan


LYING = npy(RAMP)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"P5\n99999999 99999999\n255\n", r"is truncated: it has 0 of \d+ samples"),
        (b"P5\n0 3\n255\n", r"is empty \(0 x 3 pixels\)"),
        (b"P5\n3 3\n70000\n" + bytes(99), "its largest value is 70000"),
        (b"P5\n3 x\n255\n" + bytes(99), "'x' is no size"),
        (b"P5\n" + b"9" * 5000, "ends within its header"),
        (b"P5\n# " + b"x" * 5000, "ends within its header"),
        (netpbm("P5", RAMP, 255)[:-1], "is truncated: it has 1960 of 1961 samples"),
        (netpbm("Pf", FLOATS, "-x"), "is damaged: its scale '-x' is no number"),
        (netpbm("P5", RAMP, 255) * 2, "several pictures one after the other"),
        (plain("P2", RAMP, 255)[:-9], "is truncated: it has 195. of 1961 samples"),
        (plain("P2", RAMP, 100), "values above 100"),
        (plain("P2", RAMP, 255).replace(b" 7 ", b" -7 "), "more than numbers"),
        (plain("P2", RAMP, 255).replace(b" 7 ", b" " + b"7" * 99 + b" "), "values above 255"),
        (plain("P1", RAMP // 100), "values above 1"),
        (b"P7\nWIDTH 3\nHEIGHT 3\nENDHDR\n" + bytes(99), "'' is no size"),
        (b"P7\nWIDTH 3\n" + bytes(99), "ends within its header"),
        (LYING[:-1], "is truncated: it has 1960 of 1961 samples"),
        (LYING.replace(b"(37, 53)", b"(99999, 99999)"), "it has 1967 of 9999800001 samples"),
        (LYING.replace(b"37, 53)", b"-7, 53)"), "is empty"),
        (LYING.replace(b"'|u1'", b"'<i4'"), "is truncated: it has 490 of 1961 samples"),
        (npy(np.zeros((3, 4), "M8[s]")), r"holds datetime64\[s\] samples"),
        (npy(np.zeros((3, 4), "S3")), "holds bytes24 samples"),
        (npy(RAMP.astype(np.complex64)), "holds complex64 samples"),
        (npy(np.array([{}, {}], dtype=object)), "holds object samples"),
        (npy(np.zeros(9, [("x", "u1")])), "holds void8 samples"),
        (npy(RAMP.ravel()), r"has the shape \(1961,\); save one array of \(H, W\) or \(H, W, C\)"),
        (npy(np.zeros((3, 9, 90), np.uint8)), r"with its bands first; save it as \(H, W, C\)"),
        (LYING.replace(b"{'descr'", b"{[][[][["), "no header that makes sense"),
        (LYING[:6] + b"\x09\0" + LYING[8:], "no header that makes sense"),
    ],
)
def test_what_lies_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read_nir(data)
    assert re.search(reason, str(caught.value)), str(caught.value)
    assert str(caught.value).isprintable()


def test_a_damaged_array_loads_no_pickle() -> None:
    with pytest.raises(InputError, match="holds object samples"):
        read_nir(npy(SMOOTH16).replace(b"'<u2'", b"'|O' "))


def test_a_picture_of_one_pixel() -> None:
    one = SMOOTH[:1, :1] + 99
    for data in (netpbm("P5", one, 255), npy(one), netpbm("P4", np.zeros((1, 1), np.uint8))):
        assert read_nir(data).pixels.shape == (1, 1)


@pytest.mark.parametrize("order", ["C", "F"])
def test_values_below_0_are_counted_once(order: str) -> None:
    stored = RAMP16.astype(np.int16)
    with open_nir(npy(np.asarray(stored, order=order))) as windows:
        for _ in range(2):
            assert windows[3:20, 4:9].min() >= 0
            np.testing.assert_allclose(windows[:, :], np.maximum(stored, 0) / 32767, atol=1e-6)
        assert windows.info.warnings == (f"{(stored < 0).sum()} of its int16 values are below 0 and became 0",)


def test_numbers_that_need_64_bits_are_refused() -> None:
    with pytest.raises(InputError, match="holds int64 samples that need more than 32 bits"):
        read_nir(npy(RAMP16.astype(np.int64) << 40))


@pytest.mark.parametrize(
    "data",
    [
        npy(RAMP16),
        npy(np.asfortranarray(RAMP16)),
        npy(rgb(FLOATS)),
        netpbm("P5", RAMP16.astype(">u2"), 65535),
        pam(np.dstack([RAMP, RAMP[::-1]]), "GRAYSCALE_ALPHA"),
        netpbm("Pf", FLOATS, -1.0),
        plain("P2", RAMP, 255),
    ],
)
def test_windows_are_parts_of_the_whole(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_nir(data)
    monkeypatch.setattr(row_stored, "_BLOCK", 5 * 53 * 4)  # blocks of some rows, not all of them
    with open_nir(data) as windows:
        for top in range(0, HEIGHT, 9):
            for left in range(0, WIDTH, 17):
                window = slice(top, top + 12), slice(left, left + 20)
                np.testing.assert_array_equal(windows[window], whole.pixels[window])
                if whole.alpha is not None:
                    np.testing.assert_array_equal(windows.alpha(*window), whole.alpha[window])


@pytest.mark.parametrize("kind", ["npy", "pgm"])
def test_memory_does_not_grow_with_the_picture(kind: str, tmp_path: Path) -> None:
    path, stream = tmp_path / f"tall.{kind}", io.BytesIO()
    header = {"descr": "|u1", "fortran_order": False, "shape": (30_000, 4000)}
    np.lib.format.write_array_header_1_0(stream, header)
    with path.open("wb") as file:
        file.write(stream.getvalue() if kind == "npy" else b"P5 4000 30000 255\n")
        file.truncate(file.tell() + 4000 * 30_000)
    tracemalloc.start()
    with open_nir(path) as windows:
        for top in range(0, 30_000, 5000):
            assert not windows[top : top + 256, 1000:1256].any()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60 << 20  # half of the samples
