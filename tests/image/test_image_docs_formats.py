"""The table of all formats in docs/formats.md: each row says what the code says, and what becomes of a real file."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_files import BLACK, avif, dng, exr, heif, jp2, jxl, netpbm, npy
from geo_files import UTM, geotiff, north_up, rasterio
from image_files import RAMP, RAMP16, RAMP_FLOAT, SRGB, exif_bytes, pillow, png, rgb, tiff
from metadata_files import box, packet, sources

from nircolor.errors import InputError
from nircolor.image import read_nir
from nircolor.image.decode import open_stored
from nircolor.image.formats import FORMATS, READ_ONLY, Format
from nircolor.image.raster import Request
from nircolor.image.stored import Arrays

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
HEAD = ["format", "known by", "bits in", "becomes", "windows", "pages", "keeps", "needs"]
NAMES = {
    "TIFF, BigTIFF": "TIFF",
    "WebP": "WEBP",
    "JPEG XL": "JXL",
    "JPEG 2000": "JP2",
    "PBM, PGM, PPM, PAM": "PNM",
    "NumPy": "NPY",
    "HEIC, HEIF": "HEIF",
    "OpenEXR": "EXR",
    "camera raw": "RAW",
}
DRIVERS = {
    "ENVI": "ENVI",
    "ERDAS IMAGINE": "HFA",
    "PCIDSK": "PCIDSK",
    "NITF": "NITF",
    "GeoPackage": "GPKG",
    "JPEG 2000 on a map": "JP2OpenJPEG",
    "VRT": "VRT",
}
KINDS = ("alpha", "ICC", "EXIF", "resolution", "XMP", "IPTC", "texts", "comments")


def table() -> dict[str, dict[str, str]]:
    lines = PAGE[PAGE.index("| " + " | ".join(HEAD)) :].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {row[0]: dict(zip(HEAD, row, strict=True)) for row in cells}


ROWS = table()
KNOWN: dict[str, Any] = {name: {**FORMATS, **READ_ONLY}.get(NAMES.get(name, name)) for name in ROWS}
OURS = [name for name, entry in KNOWN.items() if entry]
WRITTEN = [name for name in OURS if isinstance(KNOWN[name], Format)]


def kept(row: dict[str, str]) -> set[str]:
    return set(filter(None, row["keeps"].split(", ")))


def types(row: dict[str, str]) -> list[str]:
    """The types of numpy that ``bits in`` of a row promises."""
    first, *rest = (int(number) for number in re.findall(r"\d+", row["bits in"]))
    spans = [range(first, rest[0] + 1)] if " to " in row["bits in"] else [(first, *rest)]
    sizes = [size for size in (8, 16, 32, 64) if size in spans[0]]
    return [f"uint{size}" for size in sizes] + (["float32"] if "float" in row["bits in"] else [])


def test_every_format_has_its_row() -> None:
    assert set(ROWS) == {*OURS, *DRIVERS, "in the network"}
    assert {entry.name for entry in KNOWN.values() if entry} == {*FORMATS, *READ_ONLY}


@pytest.mark.parametrize("name", OURS)
def test_suffixes_outcome_and_extra(name: str) -> None:
    row, entry = ROWS[name], KNOWN[name]
    assert tuple(re.findall(r"\.\w+", row["known by"])) == entry.suffixes
    if name in WRITTEN:
        assert row["becomes"].startswith(name.split(",")[0])
        assert tuple(map(int, re.findall(r"\d+", row["becomes"]))) == entry.depths
        assert row["needs"] == ""
    else:
        assert row["becomes"] == entry.becomes
        assert row["needs"] == (f"`nircolor[{entry.extra}]`" if entry.extra else "")


@pytest.mark.parametrize("name", WRITTEN)
def test_what_a_format_that_is_written_keeps(name: str) -> None:
    fields = {kind: getattr(KNOWN[name], kind.lower()) for kind in KINDS} | {"map": name.startswith("TIFF")}
    assert kept(ROWS[name]) == {kind for kind, is_held in fields.items() if is_held}


RICH: dict[str, Callable[[], list[bytes]]] = {
    "TIFF": lambda: [sources()["TIFF"], tiff(RAMP_FLOAT, tile=(16, 16))],
    "PNG": lambda: [sources()["PNG"], png(RAMP16)],
    "JPEG": lambda: [sources()["JPEG"]],
    "WEBP": lambda: [sources()["WEBP"]],
    "BMP": lambda: [pillow("BMP", RAMP)],
    "JXL": lambda: [jxl(RAMP), jxl(RAMP16), jxl(RAMP_FLOAT)],
    "AVIF": lambda: [avif(rgb(RAMP)), avif(rgb(RAMP16 >> 4), 12)],
    "JP2": lambda: [
        jp2(RAMP) + box(b"uuid", b"JpgTiffExif->JP2" + exif_bytes()) + box(b"uuid", XMP + packet()),
        jp2(RAMP16),
    ],
    "PNM": lambda: [netpbm("P5", RAMP, 255, comment="a comment"), netpbm("P6", rgb(RAMP), 255)],
    "PFM": lambda: [netpbm("Pf", RAMP_FLOAT.astype("<f4"), "-1.0")],
    "NPY": lambda: [npy(RAMP), npy(RAMP16), npy(RAMP_FLOAT)],
    "HEIF": lambda: [heif(np.dstack([RAMP] * 4), "RGBA", exif=b"Exif\0\0" + exif_bytes(), xmp=packet())],
    "EXR": lambda: [exr({"Y": RAMP_FLOAT, "A": np.ones_like(RAMP_FLOAT)})],
    "RAW": lambda: [dng(np.full((64, 96), BLACK + 2000, np.uint16), extratags=[(271, 2, 0, "Maker", True)])],
}
XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
MODULES = {"HEIF": "pillow_heif", "EXR": "OpenEXR", "RAW": "rawpy"}


def files(name: str) -> list[bytes]:
    """Real files of a format, the first of them with metadata."""
    family = NAMES.get(name, name)
    if family in MODULES and importlib.util.find_spec(MODULES[family]) is None:
        pytest.skip(f"{MODULES[family]} is not installed")
    return RICH[family]()


@pytest.mark.parametrize("name", OURS)
def test_windows_pages_and_outcome_of_real_files(name: str) -> None:
    row = ROWS[name]
    for data in files(name):
        with open_stored(data, Request()) as reader:
            assert isinstance(reader.stored, Arrays) == (row["windows"] == "no")
        assert read_nir(data, page=1).pixels.shape == read_nir(data).pixels.shape
        with pytest.raises(InputError, match="page"):
            read_nir(data, page=2)
    assert row["pages"] == ("all" if name.startswith("TIFF") else "1")


READ = [name for name in OURS if name not in WRITTEN]


@pytest.mark.parametrize("name", READ)
def test_what_is_kept_of_a_format_that_is_only_read(name: str) -> None:
    """The row promises what the decoder hands over, as far as one file can show it."""
    picture = read_nir(files(name)[0])
    info, promised = picture.info, kept(ROWS[name])
    found = {
        "alpha": picture.alpha is not None,
        "EXIF": info.exif is not None,
        "XMP": bool(info.metadata.xmp),
        "comments": bool(info.metadata.comments),
    }
    assert {kind for kind, is_there in found.items() if is_there} <= promised
    shown = {"JP2": {"EXIF", "XMP"}, "PNM": {"comments"}, "HEIF": {"alpha", "EXIF", "XMP"}, "RAW": {"EXIF"}}
    assert {kind for kind, is_there in found.items() if is_there} >= shown.get(NAMES.get(name, name), set())


@pytest.mark.parametrize("name", ["TIFF, BigTIFF", "NumPy"])
def test_types_of_samples(name: str) -> None:
    for kind in types(ROWS[name]):
        pixels = (RAMP_FLOAT * (1 if kind.startswith("f") else 200)).astype(kind)
        assert read_nir(npy(pixels) if name == "NumPy" else tiff(pixels)).pixels.shape == RAMP.shape


@pytest.mark.parametrize("name", [name for name in DRIVERS if name != "VRT"])
def test_types_windows_and_place_of_what_gdal_reads(name: str, tmp_path: Path) -> None:
    rasterio()
    row, driver = ROWS[name], DRIVERS[name]
    assert (row["becomes"], row["windows"], row["needs"]) == ("TIFF", "yes", "`nircolor[geo]`")
    assert kept(row) == {"map"}
    options = {"NITF": {"ICORDS": "N"}, "JP2OpenJPEG": {"QUALITY": 100, "REVERSIBLE": "YES"}}.get(driver, {})
    suffix = ".jp2" if driver == "JP2OpenJPEG" else ".img"
    for kind in types(row):
        pixels = np.tile(RAMP_FLOAT * (1 if kind.startswith("f") else 200), (2, 2)).astype(kind)
        path = geotiff(tmp_path / f"{kind}{suffix}", pixels, driver=driver, crs=UTM, transform=north_up(), **options)
        with open_stored(path, Request()) as reader:
            assert not isinstance(reader.stored, Arrays)
            assert reader.stored.meaning.geo is not None
        assert read_nir(path).info.format == "TIFF"


def test_a_virtual_raster_and_the_network() -> None:
    """What they read is in ``geo/test_image_gdal.py`` and ``test_colorize_geo.py``."""
    for name in ("VRT", "in the network"):
        assert (ROWS[name]["becomes"], ROWS[name]["windows"], ROWS[name]["needs"]) == ("TIFF", "yes", "`nircolor[geo]`")


def test_profiles_come_along() -> None:
    for name in WRITTEN:
        if "ICC" in kept(ROWS[name]) and name != "TIFF, BigTIFF":
            assert read_nir(pillow(NAMES.get(name, name), rgb(RAMP), icc_profile=SRGB)).info.icc == SRGB
