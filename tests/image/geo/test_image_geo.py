"""The georeference of a TIFF, from file to file, as GDAL sees both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geo_files import UTM, geotiff, north_up, rasterio, seen, tagged, through
from image_files import HEIGHT, RAMP, RAMP16, RAMP_FLOAT, WIDTH, tiff

from nircolor.image import losses, plan_output, read_nir
from nircolor.image.orient import upright

DOUBLE, ASCII, SHORT = 12, 2, 3
SCALE, TIES, MATRIX, RPC, KEYS = 33550, 33922, 34264, 50844, 34735
SCALED = ((SCALE, DOUBLE, (0.5, 0.25, 0.0)), (TIES, DOUBLE, (0.0, 0.0, 0.0, 600.0, 900.0, 0.0)))
SHEARED = ((MATRIX, DOUBLE, (0.5, 0.1, 0, 600, 0.2, -0.25, 0, 900, 0, 0, 0, 0, 0, 0, 0, 1.0)),)
POINTS = ((TIES, DOUBLE, (0, 0, 0, 10, 50, 0, 53, 0, 0, 12, 50, 0, 0, 37, 0, 10, 49, 0, 20, 30, 0, 11, 49, 7.0)),)
AREA, POINT = ((KEYS, SHORT, (1, 1, 0, 1, 1025, 0, 1, kind)) for kind in (1, 2))


@pytest.mark.parametrize("pixels", [RAMP, RAMP16, RAMP_FLOAT], ids=["uint8", "uint16", "float32"])
def test_coordinate_system_and_place_are_those_of_the_input(tmp_path: Path, pixels: np.ndarray) -> None:
    source = geotiff(tmp_path / "a.tif", pixels)
    with seen(source) as before, seen(through(source)) as after:
        assert after.crs == before.crs == rasterio().crs.CRS.from_string(UTM)
        assert after.transform == before.transform == north_up()
        assert after.shape == before.shape
        assert [each.name for each in after.colorinterp] == ["red", "green", "blue"]


def test_a_local_system_with_citation_and_numbers_of_its_own(tmp_path: Path) -> None:
    crs = "+proj=tmerc +lat_0=48.1 +lon_0=11.2 +k=0.99987 +x_0=1234.5 +y_0=0 +ellps=bessel +units=m"
    source = geotiff(tmp_path / "a.tif", RAMP, crs=crs)
    with seen(source) as before, seen(through(source)) as after:
        assert after.crs.to_wkt() == before.crs.to_wkt()


def test_metadata_of_the_file_is_kept_and_what_was_true_of_its_band_is_not(tmp_path: Path) -> None:
    source = geotiff(tmp_path / "a.tif", RAMP16)
    with rasterio().open(source, "r+") as file:
        file.update_tags(MISSION="7 & 8 <ö>", STATISTICS_MEAN="1")
        file.update_tags(ns="FLIGHT", LINE="12")
        file.update_tags(1, STATISTICS_MAXIMUM="99", GAIN="3")
        file.set_band_description(1, "nir")
        file.units = ("metre",)
    with seen(through(source)) as after:
        assert after.tags()["MISSION"] == "7 & 8 <ö>"
        assert after.tags(ns="FLIGHT") == {"LINE": "12"}
        assert "STATISTICS_MEAN" not in after.tags()
        assert after.descriptions == ("red", "green", "blue")
        assert [after.tags(band) for band in (1, 2, 3)] == [{}, {}, {}]
        assert after.units == (None,) * 3


def test_bands_without_names_get_none(tmp_path: Path) -> None:
    with seen(through(geotiff(tmp_path / "a.tif", RAMP))) as after:
        assert after.descriptions == (None,) * 3


def test_no_data_is_transparent_and_not_declared(tmp_path: Path) -> None:
    holes = np.where(RAMP > 200, 0, RAMP16 | 1).astype(np.uint16)
    with seen(through(geotiff(tmp_path / "a.tif", holes, nodata=0))) as after:
        assert after.nodata is None
        np.testing.assert_array_equal(after.dataset_mask() > 0, holes > 0)
        assert [each.name for each in after.colorinterp] == ["red", "green", "blue", "alpha"]


@pytest.mark.parametrize("times", [1, 12], ids=["strips", "tiles"])
def test_of_floats_it_is_nan_since_gdal_takes_no_band_for_a_mask(tmp_path: Path, times: int) -> None:
    holes = np.tile(np.where(RAMP > 200, np.float32(-9999), RAMP_FLOAT), (1, times))
    with seen(through(geotiff(tmp_path / "a.tif", holes, nodata=-9999))) as after:
        assert np.isnan(after.nodata)
        assert [each.name for each in after.colorinterp] == ["red", "green", "blue", "alpha"]
        np.testing.assert_array_equal(after.read_masks(1) > 0, holes >= 0)
        np.testing.assert_array_equal(np.isnan(after.read(3)), holes < 0)
        np.testing.assert_array_equal(after.read(4), holes >= 0)


def test_floats_that_are_all_there_or_on_no_map_hold_no_nan(tmp_path: Path) -> None:
    with seen(through(geotiff(tmp_path / "a.tif", RAMP_FLOAT))) as after:
        assert (after.count, after.nodata) == (3, None)
    plain = tiff(np.dstack([RAMP_FLOAT, RAMP_FLOAT > 0.5]).astype(np.float32), extrasamples=["unassalpha"])
    with seen(through(plain)) as after:
        assert (after.count, after.nodata) == (4, None)
        assert np.isfinite(after.read()).all()


def test_rpcs_are_kept(tmp_path: Path) -> None:
    source = geotiff(tmp_path / "a.tif", RAMP, crs=None, transform=None, rpcs=_rpcs())
    with seen(source) as before, seen(through(source)) as after:
        assert after.rpcs.to_dict() == before.rpcs.to_dict()


def test_ground_control_points_are_kept() -> None:
    with seen(tagged(RAMP, *POINTS)) as before, seen(through(tagged(RAMP, *POINTS))) as after:
        assert _points(after) == _points(before)
        assert len(_points(after)) == 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", [AREA, POINT], ids=["area", "point"])
@pytest.mark.parametrize("place", [SCALED, SHEARED], ids=["scale", "matrix"])
def test_a_turned_pixel_stays_where_it_is_on_the_map(
    place: tuple[Any, ...], kind: tuple[Any, ...], orientation: int
) -> None:
    data = tagged(RAMP, *place, kind, (274, SHORT, (orientation,)))
    rows, columns = np.indices(RAMP.shape)
    moved = [upright(each, orientation) for each in (rows, columns)]
    with seen(data) as before, seen(through(data)) as after:
        assert after.shape == moved[0].shape
        for row, column in ((0, 0), (after.height - 1, 3), (5, after.width - 1)):
            place = before.xy(moved[0][row, column], moved[1][row, column])
            np.testing.assert_allclose(after.xy(row, column), place, atol=1e-9)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_rpcs_and_control_points_stay_where_they_are(tmp_path: Path, orientation: int) -> None:
    source = geotiff(tmp_path / "a.tif", RAMP, crs=None, transform=None, rpcs=_rpcs())
    tag = next(entry for entry in read_nir(source).info.geo.entries() if entry.tag == RPC)
    data = tagged(RAMP, (RPC, DOUBLE, tuple(tag.values())), *POINTS, (274, SHORT, (orientation,)))
    there = dict(zip(np.ravel(_numbered()), np.ndindex(RAMP.shape), strict=True))
    new = upright(_numbered(), orientation)
    with seen(data) as before, seen(through(data)) as after:
        xs, ys = [15.2, 15.3, 14.9], [47.1, 46.9, 47.0]
        old_rows, old_columns = _project(before.rpcs, xs, ys)
        rows, columns = _project(after.rpcs, xs, ys)
        for one, two, row, column in zip(old_rows, old_columns, rows, columns, strict=True):
            assert there[new[int(row), int(column)]] == (int(one), int(two))
        old, now = _points(before), _points(after)
        assert [point[2:] for point in now] == [point[2:] for point in old]
        corner = {1: (0, 0), 2: (0, WIDTH), 3: (HEIGHT, WIDTH), 4: (HEIGHT, 0), 5: (0, 0), 6: (0, HEIGHT)}
        corner |= {7: (WIDTH, HEIGHT), 8: (WIDTH, 0)}
        assert now[0][:2] == corner[orientation]


def _numbered() -> np.ndarray:
    return np.arange(RAMP.size).reshape(RAMP.shape)


def _rpcs() -> Any:
    line, sample = [0.0] * 20, [0.0] * 20
    line[0], line[1], line[2], sample[0], sample[1], sample[2] = 0.02, 0.1, -1.0, 0.01, 1.0, 0.15
    ones = [1.0, 0.001, *[0.0] * 18]
    return rasterio().rpc.RPC(
        height_off=100, height_scale=500, lat_off=47, lat_scale=0.5, line_den_coeff=ones, line_num_coeff=line,
        line_off=18, line_scale=17, long_off=15, long_scale=0.8, samp_den_coeff=ones, samp_num_coeff=sample,
        samp_off=26, samp_scale=25, err_bias=1, err_rand=2,
    )  # fmt: skip


def _project(rpcs: Any, xs: list[float], ys: list[float]) -> tuple[Any, Any]:
    with rasterio().transform.RPCTransformer(rpcs) as camera:
        return camera.rowcol(xs, ys, zs=[100.0] * len(xs), op=np.floor)


def _points(file: Any) -> list[tuple[float, ...]]:
    return [(point.row, point.col, point.x, point.y, point.z) for point in file.gcps[0]]


@pytest.mark.parametrize(
    ("tags", "warning"),
    [
        ([(KEYS, SHORT, (1, 1, 0, 9, 1024, 0, 1, 1))], "GeoKeys"),
        ([(KEYS, SHORT, (1, 1, 0, 1, 3073, 34737, 40, 0)), (34737, ASCII, b"short|\0")], "GeoKeys"),
        ([(SCALE, DOUBLE, (1.0, float("nan"), 0.0))], "tie points"),
        ([(TIES, DOUBLE, (1.0,) * 7)], "tie points"),
        ([(MATRIX, DOUBLE, (1.0,) * 15)], "tie points"),
        ([(RPC, DOUBLE, (1.0,) * 91)], "RPCs"),
        ([(42112, ASCII, b"<GDALMetadata><Item name=\0")], "GDAL metadata"),
        ([(42112, ASCII, b'<!DOCTYPE a [<!ENTITY b "c">]><GDALMetadata>&b;</GDALMetadata>\0')], "GDAL metadata"),
    ],
)
def test_what_is_damaged_is_dropped_with_a_warning(tags: list[Any], warning: str) -> None:
    info = read_nir(tagged(RAMP, *tags)).info
    assert info.geo is None
    assert len(info.warnings) == 1
    assert warning in info.warnings[0]


def test_damaged_keys_leave_the_place_alone() -> None:
    geo = read_nir(tagged(RAMP, *SCALED, (KEYS, SHORT, (1, 1)))).info.geo
    assert geo is not None
    assert (geo.system, geo.scale) == ((), (0.5, 0.25, 0.0))


@pytest.mark.parametrize(("format", "held"), [("TIFF", True), ("PNG", False), ("JPEG", False)])
def test_formats_that_cannot_hold_it_say_so(format: str, held: bool) -> None:
    info = read_nir(tagged(RAMP, *SCALED)).info
    lost = losses(plan_output(None, info, format=format), info, has_alpha=False)
    assert lost == (() if held else (f"{format} cannot hold the georeference: it is not kept",))
