"""What a file is by its first bytes, and what becomes of each family; whatever is cut off is refused."""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from format_files import SMOOTH, SMOOTH16, avif, dng, exr, heif, jp2, jxl, netpbm, npy
from image_files import RAMP, pillow, rgb, tiff

from nircolor.errors import InputError, UsageError
from nircolor.image import ImageInfo, default_output, plan_output, read_nir
from nircolor.image.formats import FORMATS, READ_ONLY, by_name, outcome, picture_suffixes, sniff

MODULES = {"HEIF": "pillow_heif", "EXR": "OpenEXR", "RAW": "rawpy"}


def needs(name: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(MODULES[name]) is None
    return pytest.mark.skipif(missing, reason=f"{MODULES[name]} is not installed")


MAKERS = {
    "JP2": lambda: jp2(SMOOTH16),
    "J2K": lambda: jp2(SMOOTH, "j2k"),
    "JXL": lambda: jxl(SMOOTH16),
    "bare JXL": lambda: jxl(SMOOTH),
    "AVIF": lambda: avif(SMOOTH),
    "PNM": lambda: netpbm("P5", SMOOTH, 255),
    "PFM": lambda: netpbm("Pf", (SMOOTH / 255).astype("<f4"), -1.0),
    "NPY": lambda: npy(SMOOTH16),
    "HEIF": lambda: heif(SMOOTH, "L"),
    "EXR": lambda: exr({"Y": (SMOOTH / 255).astype(np.float32)}),
    "RAW": lambda: dng(np.tile(SMOOTH16 >> 4, (2, 2))[:64, :96].copy()),
}
FAMILY = {"J2K": "JP2", "bare JXL": "JXL"}
ALL = [pytest.param(name, marks=[needs(name)] if name in MODULES else []) for name in MAKERS]


@pytest.mark.parametrize("name", ALL)
def test_each_is_known_by_its_content(name: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.png"
    path.write_bytes(MAKERS[name]())
    assert read_nir(path).info.format == FAMILY.get(name, name)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.98])
def test_a_cut_file_is_refused_in_one_line(name: str, part: float) -> None:
    data = MAKERS[name]()
    with pytest.raises(InputError) as caught:
        read_nir(data[: int(part * len(data))])
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ALL)
def test_another_page_than_the_first_is_refused(name: str) -> None:
    if name != "RAW":  # which is a TIFF, and counts its pages
        with pytest.raises(InputError, match="has one page only, not 2"):
            read_nir(MAKERS[name](), page=2)


@pytest.mark.parametrize("name", ["HEIF", "EXR", "RAW"])
def test_without_its_extra_a_line_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = {
        "HEIF": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "EXR": b"\x76\x2f\x31\x01\2\0\0\0",
        "RAW": b"FUJIFILMCCD-RAW 0201",
    }
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    with pytest.raises(InputError) as caught:
        read_nir(heads[name] + bytes(100))
    extra = READ_ONLY[name].extra
    assert f"for which an extra is needed; pip install 'nircolor[{extra}]', or " in str(caught.value)
    assert not set(READ_ONLY[name].suffixes) & picture_suffixes()  # a folder counts them among what it leaves out


def test_a_dng_without_the_extra_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(InputError) as caught:
        read_nir(MAKERS["RAW"]())
    assert str(caught.value) == (
        "standard input: is camera raw (DNG); pip install 'nircolor[raw]', or develop it to TIFF first"
    )


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"P5\n1 1\n255\n", "PNM"),
        (b"P4#comment\n", "PNM"),
        (b"P7\nWIDTH 1", "PNM"),
        (b"Picture of a house", None),
        (b"P9\n1 1", None),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1avif", "AVIF"),
        (b"\0\0\0\x20ftypmif1\0\0\0\0mif1heic", "HEIF"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isomavc1", None),
        (b"\0\0\0\x18ftypcrx \0\0", "RAW"),
        (b"II*\0\x10\0\0\0CR\2\0", "RAW"),
        (b"II*\0\x08\0\0\0\0\0\0\0", "TIFF"),
        (b"BM", "BMP"),
    ],
)
def test_first_bytes(head: bytes, name: str | None) -> None:
    assert sniff(head.ljust(16, b"\0")) == name


def test_suffixes_stand_for_one_family_each() -> None:
    suffixes = [suffix for entry in (*FORMATS.values(), *READ_ONLY.values()) for suffix in entry.suffixes]
    assert len(suffixes) == len(set(suffixes))
    assert {entry.becomes for entry in READ_ONLY.values()} <= set(FORMATS)


@pytest.mark.parametrize(
    ("source", "output"),
    [
        ("a.jp2", "a_rgb.tif"),
        ("a.PGM", "a_rgb.png"),
        ("a.npy", "a_rgb.tif"),
        ("a.heic", "a_rgb.avif"),
        ("a.exr", "a_rgb.tif"),
        ("a.NEF", "a_rgb.tif"),
        ("a.jxl", "a_rgb.jxl"),
        ("a.AVIF", "a_rgb.AVIF"),
    ],
)
def test_outputs_of_families_that_are_not_written(source: str, output: str) -> None:
    assert default_output(Path(source)) == Path(output)


def test_what_is_read_only_cannot_be_asked_for() -> None:
    with pytest.raises(UsageError, match=r"JP2 is read, but not written; choose one of PNG"):
        by_name("jp2")
    with pytest.raises(UsageError, match=r"a\.heic: HEIF is read, but not written; use the suffix of one of PNG"):
        plan_output(Path("a.heic"), ImageInfo("HEIF", "uint8"))
    assert plan_output(None, ImageInfo("HEIF", "uint8")).format == outcome("HEIF") == "AVIF"


def test_pictures_of_the_web_are_read_as_before() -> None:
    for data in (pillow("PNG", RAMP), pillow("BMP", RAMP), tiff(RAMP), pillow("WEBP", rgb(RAMP), lossless=True)):
        np.testing.assert_array_equal(read_nir(io.BytesIO(data).getvalue()).pixels, RAMP / np.float32(255))
