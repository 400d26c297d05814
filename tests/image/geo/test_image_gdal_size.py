"""Files that promise far more pixels than they hold are refused before anything is read of them."""

from __future__ import annotations

import sqlite3
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from geo_files import UTM, geotiff, north_up, rasterio

from nircolor.errors import InputError
from nircolor.image import open_nir

SIDE = 64
PIXELS = np.arange(SIDE * SIDE, dtype=np.uint16).reshape(SIDE, SIDE)


def mosaic(folder: Path, side: int = 2_000_000_000) -> Path:
    """A VRT with one small picture in a corner."""
    geotiff(folder / "a.tif", PIXELS)
    source = '<SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>1</SourceBand>'
    (folder / "a.vrt").write_text(
        f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}"><VRTRasterBand dataType="UInt16" band="1">'
        f"<SimpleSource>{source}</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return folder / "a.vrt"


def nested(folder: Path) -> Path:
    """A VRT of a VRT, the outer one with much text."""
    inner = mosaic(folder)
    outer = folder / "outer.vrt"
    outer.write_text(inner.read_text().replace("a.tif", "a.vrt").replace("><", f"><!--{'x' * 100_000}--><", 1))
    return outer


def tables(folder: Path) -> Path:
    """A GeoPackage of one tile that says it covers a country."""
    path = geotiff(folder / "a.gpkg", PIXELS.astype(np.uint8), driver="GPKG", crs=UTM, transform=north_up())
    base = sqlite3.connect(path)
    for table in ("gpkg_contents", "gpkg_tile_matrix_set"):
        base.execute(f"update {table} set max_x = min_x + 1e9, min_y = max_y - 1e9")
    base.execute("update gpkg_tile_matrix set matrix_width = 4000000, matrix_height = 4000000")
    base.commit()
    base.close()
    return path


def header(driver: str, old: bytes, new: bytes, **options: str) -> Callable[[Path], Path]:
    """A small file whose header says another size."""

    def make(folder: Path) -> Path:
        path = geotiff(folder / "a.img", PIXELS, driver=driver, **options)
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new, 1))
        return path

    return make


def text_header(folder: Path) -> Path:
    """The header of an ENVI file lies beside its values."""
    path = geotiff(folder / "a.img", PIXELS, driver="ENVI")
    beside = path.with_suffix(".hdr")
    beside.write_text(beside.read_text().replace("= 64", "= 40000"))
    return path


LIARS = {
    "VRT": mosaic,
    "VRT of a VRT": nested,
    "GeoPackage": tables,
    "ENVI": text_header,
    "ERDAS": header("HFA", struct.pack("<ii", SIDE, SIDE), struct.pack("<ii", 200_000, 200_000)),
    "PCIDSK": header("PCIDSK", b"      64      64", b" 2000000 2000000"),
    "NITF": header("NITF", b"0000006400000064", b"9999999999999999", ICORDS="N"),
}


@pytest.mark.parametrize("make", LIARS.values(), ids=LIARS)
def test_a_size_that_no_file_of_that_length_can_have_is_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    rasterio()
    with pytest.raises(InputError, match=r"promises|is damaged"), open_nir(make(tmp_path)):
        pass


def test_a_map_of_which_little_is_there_is_read(tmp_path: Path) -> None:
    rasterio()
    with open_nir(mosaic(tmp_path, side=3000)) as windows:
        assert windows.shape == (3000, 3000)
        np.testing.assert_allclose(windows[:SIDE, :SIDE], PIXELS / 65535, atol=1e-7)
        assert windows[SIDE:100, :].max() == 0
