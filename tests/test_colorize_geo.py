"""Maps through the verbs, as GDAL sees the outputs: place, no data, names in the network, Cloud-Optimized GeoTIFF."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from geo_files import geotiff, north_up, rasterio, seen
from image_files import RAMP, RAMP16, png, tiff
from range_server import served
from small_network import PLAIN, network, save
from tifffile import imread

from nircolor import EngineConfig, InputError, Tiling, UsageError, Writing, colorize_file, colorize_folder
from nircolor.engine import Prior


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


def test_of_a_map_tiles_decide_on_colours_unless_it_is_said_otherwise(tmp_path: Path, config: EngineConfig) -> None:
    pixels = np.tile(RAMP16, (8, 8))
    ortho, photo = (tmp_path / "in" / name for name in ("ortho.tif", "photo.tif"))
    ortho.parent.mkdir()
    geotiff(ortho, pixels)
    photo.write_bytes(tiff(pixels))

    def colours(source: Path, prior: Prior) -> bytes:
        colorize_file(source, tmp_path / "one.tif", engine=replace(config, prior=prior), overwrite=True)
        return imread(tmp_path / "one.tif").tobytes()

    once, by_tiles = colours(ortho, "global"), colours(ortho, "tile")
    assert once != by_tiles
    assert colours(ortho, "auto") == by_tiles == colours(photo, "tile")
    assert colours(photo, "auto") == once
    colorize_folder(ortho.parent, tmp_path / "out", engine=config)
    assert imread(tmp_path / "out" / "ortho_rgb.tif").tobytes() == by_tiles
    assert imread(tmp_path / "out" / "photo_rgb.tif").tobytes() == once


def test_what_a_reference_says_of_a_map_is_said_of_colours_decided_on_once(
    tmp_path: Path, config: EngineConfig
) -> None:
    source, day = geotiff(tmp_path / "a.tif", np.tile(RAMP16, (8, 8))), tmp_path / "day.png"
    day.write_bytes(png(np.dstack([np.tile(RAMP, (8, 8)), np.tile(RAMP[::-1], (8, 8)), np.tile(RAMP // 2, (8, 8))])))
    for name, prior in (("b", "auto"), ("c", "global")):
        target = tmp_path / f"{name}.tif"
        colorize_file(source, target, engine=replace(config, prior=prior), reference=day, reference_mode="palette")
    assert (tmp_path / "b.tif").read_bytes() == (tmp_path / "c.tif").read_bytes()


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
