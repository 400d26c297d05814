"""Maps through the verbs, as GDAL sees the outputs: place, no data, names in the network, Cloud-Optimized GeoTIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from geo_files import geotiff, north_up, rasterio, seen
from image_files import RAMP16
from range_server import served
from small_network import PLAIN, network, save

from nircolor import EngineConfig, InputError, Tiling, UsageError, Writing, colorize_file, colorize_folder


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    weights = save(tmp_path_factory.mktemp("weights") / "small.safetensors", network(PLAIN))
    return EngineConfig(str(weights), "cpu", "fp32", tiling=Tiling(32, 8))


def test_an_orthophoto_becomes_one_that_fits_on_it(tmp_path: Path, config: EngineConfig) -> None:
    holes = np.where(RAMP16 > 50_000, 0, RAMP16 | 1).astype(np.uint16)
    source = geotiff(tmp_path / "ortho.tif", holes, nodata=0, tiled=True, blockxsize=16, blockysize=16, compress="lzw")
    colorize_file(source, engine=config)
    with seen(source) as before, seen(tmp_path / "ortho_rgb.tif") as after:
        assert (after.crs, after.transform, after.shape) == (before.crs, before.transform, before.shape)
        assert (after.count, set(after.dtypes), after.compression.name) == (4, {"uint16"}, "lzw")
        np.testing.assert_array_equal(after.dataset_mask(), before.dataset_mask())


def test_other_formats_become_geotiff(tmp_path: Path, config: EngineConfig) -> None:
    source = geotiff(tmp_path / "scene.img", RAMP16, driver="ENVI")
    result = colorize_file(source, engine=config)
    assert (result.output, result.format, result.depth) == (str(tmp_path / "scene_rgb.tif"), "TIFF", 16)
    with seen(tmp_path / "scene_rgb.tif") as after:
        assert after.transform == north_up()


def test_a_url_is_read_and_its_output_lies_here(
    tmp_path: Path, config: EngineConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = geotiff(tmp_path / "scene.tif", RAMP16)
    monkeypatch.chdir(tmp_path)
    with served(source) as host:
        result = colorize_file(f"{host}/folder/scene.tif", engine=config)
        with pytest.raises(InputError, match=r"missing\.tif: cannot be opened .*check the name, the network"):
            colorize_file(f"{host}/missing.tif", tmp_path / "b.tif", engine=config)
    assert (result.input, result.output) == (f"{host}/folder/scene.tif", "scene_rgb.tif")
    colorize_file(source, tmp_path / "a.tif", engine=config)
    with seen(tmp_path / "a.tif") as local, seen(tmp_path / "scene_rgb.tif") as remote:
        assert (remote.crs, remote.transform) == (local.crs, local.transform)
        np.testing.assert_array_equal(remote.read(), local.read())
    assert not (tmp_path / "b.tif").exists()


def test_a_cloud_optimized_geotiff_of_one_picture_and_of_a_folder(tmp_path: Path, config: EngineConfig) -> None:
    rasterio()
    (tmp_path / "in").mkdir()
    source = geotiff(tmp_path / "in" / "a.tif", RAMP16)
    colorize_file(source, tmp_path / "a.tif", engine=config, writing=Writing(cog=True))
    colorize_folder(tmp_path / "in", tmp_path / "out", engine=config, writing=Writing(cog=True))
    with seen(tmp_path / "a.tif") as made:
        assert made.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    assert (tmp_path / "out" / "a_rgb.tif").read_bytes() == (tmp_path / "a.tif").read_bytes()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a_rgb.tif", "nircolor-batch.jsonl"]


def test_a_cloud_optimized_png_is_refused_before_the_work(tmp_path: Path, config: EngineConfig) -> None:
    with pytest.raises(UsageError, match="this output is PNG"):
        colorize_file(geotiff(tmp_path / "a.tif", RAMP16), tmp_path / "a.png", engine=config, writing=Writing(cog=True))
