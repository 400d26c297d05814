"""``nircolor colorize`` where all goes well: what comes out, where it goes, what is told."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import Run, on_terminal, save
from PIL import Image

from nircolor import Colorizer, Tiling

KEYS = {
    "input", "output", "format", "width", "height", "depth", "seconds", "megapixels_per_second",
    "device", "kernel", "precision", "weights", "sha256", "warnings",
}  # fmt: skip


@pytest.fixture
def expected(tiny_weights: Path, scene: np.ndarray) -> np.ndarray:
    """(60, 80, 3) float32: the 16-bit scene, colorized by way of the Python API."""
    engine = Colorizer.from_weights(str(tiny_weights), device="cpu", precision="fp32")
    return engine.colorize(np.rint(scene * 65535).astype(np.float32) / np.float32(65535))


def test_16_bits_stay_16_and_equal_the_python_api(
    inside: Run, nir16: Path, tiny_weights: Path, tmp_path: Path, expected: np.ndarray
) -> None:
    result = inside("colorize", nir16.name, "--weights", tiny_weights, "--device", "cpu", "--precision", "fp32")
    assert (result.code, result.out) == (0, b""), result.err
    rgb = tifffile.imread(tmp_path / "photo16_nir_rgb.tif")
    assert rgb.dtype == np.uint16
    np.testing.assert_allclose(rgb, expected * 65535, atol=0.51)  # rounded, never truncated


def test_8_bits_stay_8_under_the_default_name(inside: Run, nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    before = nir8.read_bytes()
    assert inside("colorize", nir8.name, "--weights", tiny_weights).code == 0
    picture = Image.open(tmp_path / "photo_nir_rgb.png")
    assert (picture.size, picture.mode) == ((80, 60), "RGB")
    assert nir8.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_output_options(inside: Run, nir16: Path, tiny_weights: Path, tmp_path: Path) -> None:
    line = ("colorize", nir16.name, "--weights", tiny_weights)
    assert inside(*line, "-o", "day.jpg", "--depth", "8").code == 0
    assert inside(*line, "--format", "png").code == 0
    assert inside(*line, "-o", "float.tif", "--depth", "32").code == 0
    assert Image.open(tmp_path / "day.jpg").size == (80, 60)
    assert cv2.imread(str(tmp_path / "photo16_nir_rgb.png"), cv2.IMREAD_UNCHANGED).dtype == np.uint16
    assert tifffile.imread(tmp_path / "float.tif").dtype == np.float32


def test_engine_and_tile_options_reach_the_engine(
    inside: Run, nir16: Path, tiny_weights: Path, tmp_path: Path, scene: np.ndarray
) -> None:
    tiles = ("--tile", "32", "--overlap", "8", "--batch", "3", "--prior", "tile", "--precision", "fp32")
    assert inside("colorize", nir16.name, "-o", "out.tif", "--weights", tiny_weights, *tiles).code == 0
    engine = Colorizer.from_weights(
        str(tiny_weights), precision="fp32", tiling=Tiling(tile=32, overlap=8, batch=3), prior="tile"
    )
    rgb = engine.colorize(np.rint(scene * 65535).astype(np.float32) / np.float32(65535))
    np.testing.assert_allclose(tifffile.imread(tmp_path / "out.tif"), rgb * 65535, atol=0.51)


def test_input_options_reach_the_reader(inside: Run, nir16: Path, tiny_weights: Path, tmp_path: Path) -> None:
    pages = [np.full((20, 30), 100, np.uint16), tifffile.imread(nir16)]
    with tifffile.TiffWriter(tmp_path / "pages.tif") as file:
        for page in pages:
            file.write(page, photometric="minisblack")
    offered = inside("colorize", "pages.tif", "--weights", tiny_weights)
    assert (offered.code, "--page 1 to 2, or take all of them with --page all" in offered.err) == (3, True)
    line = ("colorize", "pages.tif", "--page", "2", "--weights", tiny_weights, "--precision", "fp32")
    assert inside(*line, "-o", "plain.tif").code == 0
    assert inside(*line, "-o", "stretched.tif", "--stretch", "percentile:2,98").code == 0
    assert inside(*line, "-o", "equal.tif", "--equalize").code == 0
    plain, stretched, equal = (tifffile.imread(tmp_path / f"{n}.tif") for n in ("plain", "stretched", "equal"))
    assert plain.shape == stretched.shape == equal.shape == (60, 80, 3)
    assert not np.array_equal(plain, stretched)
    assert not np.array_equal(stretched, equal)


def test_damaged_tiles_are_refused_or_left_out(inside: Run, tiny_weights: Path, tmp_path: Path, nir16: Path) -> None:
    stream = io.BytesIO()
    tifffile.imwrite(stream, tifffile.imread(nir16), photometric="minisblack", tile=(16, 16), compression="zlib")
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
    start, count = page.dataoffsets[6], page.databytecounts[6]
    data[start : start + count] = b"\xa5" * count
    (tmp_path / "torn.tif").write_bytes(data)
    line = ("colorize", "torn.tif", "--weights", tiny_weights)
    refused = inside(*line)
    assert refused.code == 3
    assert "torn.tif: is damaged: its tile at row 16, column 16 (" in refused.err
    assert "read the rest of it with --damaged nodata" in refused.err
    assert inside(*line, "--damaged", "nodata").code == 0
    written = tifffile.imread(tmp_path / "torn_rgb.tif")
    assert written.shape == (60, 80, 4)
    assert not written[16:32, 16:32].any()
    assert np.count_nonzero(written[..., 3] == 0) == 256


def test_json(inside: Run, nir8: Path, tiny_weights: Path) -> None:
    result = inside("colorize", nir8.name, "--json", "--weights", tiny_weights)
    values = result.json
    assert set(values) == KEYS
    fixed = {"input": "photo_nir.png", "output": "photo_nir_rgb.png", "format": "PNG", "warnings": []}
    assert values.items() >= {**fixed, "width": 80, "height": 60, "depth": 8, "weights": str(tiny_weights)}.items()
    assert values["seconds"] > 0
    slow, fast = (0.0048 / max(1e-9, values["seconds"] + rounding) for rounding in (0.0005, -0.0005))
    assert slow - 0.0006 <= values["megapixels_per_second"] <= fast + 0.0006
    assert result.err.startswith("device ")


def test_json_holds_the_warnings(inside: Run, tiny_weights: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "x.tif"), np.full((8, 8), 3, np.float32))
    result = inside("colorize", "x.tif", "--json", "--weights", tiny_weights)
    (warning,) = result.json["warnings"]
    assert warning.startswith("x.tif: 64 of 64 values lie outside")
    assert f"nircolor: warning: {warning}\n" in result.err


def test_the_engine_is_told_once_and_quiet_says_nothing(inside: Run, nir8: Path, tiny_weights: Path) -> None:
    line = ("colorize", nir8.name, "--overwrite", "--weights", tiny_weights, "--precision", "fp32", "--device", "cpu")
    normal, quiet, verbose = inside(*line), inside(*line, "-q"), inside(*line, "-v")
    (engine,) = (text for text in normal.err.splitlines() if "kernel" in text)
    assert engine.startswith(f"device cpu, kernel numba, weights {tiny_weights} (")
    assert engine.endswith("), precision fp32")
    assert len(normal.err.splitlines()) == 2
    assert quiet.err == ""
    assert len(verbose.err.splitlines()) > 4
    assert (normal.code, quiet.code, verbose.code) == (0, 0, 0)


def test_what_the_output_cannot_hold_is_told(inside: Run, tiny_weights: Path, tmp_path: Path) -> None:
    grey_and_alpha = np.full((8, 8, 4), 128, np.uint8)
    save(tmp_path / "x.png", grey_and_alpha)
    assert inside("colorize", "x.png", "--weights", tiny_weights).err.count("warning") == 0
    assert Image.open(tmp_path / "x_rgb.png").mode == "RGBA"
    result = inside("colorize", "x.png", "-o", "x.jpg", "--weights", tiny_weights)
    assert "x.jpg: JPEG cannot hold the alpha channel" in result.err


def test_from_standard_input_to_standard_output(
    command: Run, nir16: Path, tiny_weights: Path, tmp_path: Path, expected: np.ndarray
) -> None:
    line = ("colorize", "-", "--weights", tiny_weights, "--precision", "fp32", "--device", "cpu")
    result = command(*line, cwd=tmp_path, stdin=nir16.read_bytes())
    assert result.code == 0
    rgb = cv2.imdecode(np.frombuffer(result.out, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_allclose(rgb, expected * 65535, atol=0.51)
    assert "standard input -> standard output: 80 x 60, 16 bit" in result.err
    assert list(tmp_path.iterdir()) == [nir16]


def test_from_a_file_to_standard_output_in_another_format(
    inside: Run, nir8: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    result = inside("colorize", nir8.name, "-o", "-", "--format", "webp", "-q", "--weights", tiny_weights)
    assert (result.code, result.err) == (0, "")
    assert Image.open(io.BytesIO(result.out)).format == "WEBP"
    assert list(tmp_path.iterdir()) == [nir8]


def test_on_a_terminal_a_bar_shows_progress_and_goes_away(nir8: Path, tiny_weights: Path, tmp_path: Path) -> None:
    code, shown = on_terminal("colorize", nir8.name, "--weights", tiny_weights, cwd=tmp_path)
    assert code == 0
    assert b"loading the weights" in shown
    assert b"colorizing" in shown
    assert b"\x1b[2K" in shown  # erased at the end


def test_the_packaged_weights_colour_a_scene(inside: Run, nir8: Path, tmp_path: Path) -> None:
    result = inside("colorize", nir8.name)
    assert result.code == 0, result.err
    rgb = np.asarray(Image.open(tmp_path / "photo_nir_rgb.png"), np.float32)
    assert rgb.std(2).mean() > 3  # more than a tinted grey
