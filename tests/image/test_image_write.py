"""What is written is what was asked for: depth, rounding, alpha, format."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nircolor.errors import OutputError, OutputExistsError, UsageError
from nircolor.image import ImageInfo, read_nir, write_rgb

COLOUR = np.random.default_rng(0).random((31, 45, 3), dtype=np.float32)
ALPHA = np.random.default_rng(1).random((31, 45), dtype=np.float32)


def stored(path: Path) -> np.ndarray:
    """The samples in a file, by a reader that keeps their depth."""
    if path.suffix == ".tif":
        return tifffile.imread(path)
    return imagecodecs.png_decode(path.read_bytes()) if path.suffix == ".png" else np.asarray(Image.open(path))


@pytest.mark.parametrize(
    ("name", "depth"), [("a.png", 8), ("a.png", 16), ("a.tif", 8), ("a.tif", 16), ("a.bmp", 8), ("a.webp", 8)]
)
@pytest.mark.parametrize("alpha", [None, ALPHA], ids=["rgb", "rgba"])
def test_values_are_rounded_to_the_nearest(name: str, depth: int, alpha: np.ndarray | None, tmp_path: Path) -> None:
    write_rgb(tmp_path / name, COLOUR, depth=depth, alpha=alpha)
    samples = stored(tmp_path / name)
    assert samples.dtype == f"uint{depth}"
    steps = 2**depth - 1
    np.testing.assert_array_equal(samples[:, :, :3], np.rint(COLOUR * np.float32(steps)))
    if alpha is not None and name != "a.bmp":
        np.testing.assert_array_equal(samples[:, :, 3], np.rint(alpha * np.float32(steps)))
    else:
        assert samples.shape[2] == 3


def test_float_tiff_is_exact(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.tif", COLOUR, depth=32, alpha=ALPHA)
    np.testing.assert_array_equal(stored(tmp_path / "a.tif"), np.dstack([COLOUR, ALPHA]))


def test_jpeg_is_close_with_full_colour_resolution(tmp_path: Path) -> None:
    stripes = np.zeros((32, 32, 3), np.float32)
    stripes[:, ::2, 0] = stripes[:, 1::2, 2] = 0.7  # red and blue columns, one pixel wide
    write_rgb(tmp_path / "a.jpg", stripes)
    assert np.abs(stored(tmp_path / "a.jpg") / 255 - stripes).max() < 0.1


@pytest.mark.parametrize("name", ["a.PNG", "b.tiff", "c.TIF", "d.jpeg", "e.webp", "f.bmp"])
def test_the_suffix_decides(name: str, tmp_path: Path) -> None:
    write_rgb(tmp_path / name, COLOUR, ImageInfo("TIFF", "uint8"))
    expected = {".png": "PNG", ".tiff": "TIFF", ".tif": "TIFF", ".jpeg": "JPEG", ".webp": "WEBP", ".bmp": "BMP"}
    with Image.open(tmp_path / name) as image:
        assert image.format == expected[(tmp_path / name).suffix.lower()]


@pytest.mark.parametrize(("dtype", "name"), [("uint8", "a.png"), ("uint16", "a.png"), ("float32", "a.tif")])
def test_the_depth_of_the_source_is_kept(dtype: str, name: str, tmp_path: Path) -> None:
    write_rgb(tmp_path / name, COLOUR, ImageInfo("TIFF", dtype))
    assert stored(tmp_path / name).dtype == dtype


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from(["PNG", "TIFF", "WEBP", "BMP"]))
def test_grey_pictures_come_back_the_same(height: int, width: int, format: str) -> None:
    grey = np.random.default_rng(height * 100 + width).integers(0, 256, (height, width)).astype(np.float32) / 255
    stream = io.BytesIO()
    write_rgb(stream, np.dstack([grey] * 3), ImageInfo(format, "uint8"))
    np.testing.assert_allclose(read_nir(stream.getvalue()).pixels, grey, atol=1e-6)


def test_values_outside_0_and_1_are_clipped(tmp_path: Path) -> None:
    extreme = np.array([[[-1, 0.5, 2]], [[-np.inf, 1, np.inf]]], np.float32)
    write_rgb(tmp_path / "a.png", extreme)
    np.testing.assert_array_equal(stored(tmp_path / "a.png"), [[[0, 128, 255]], [[0, 255, 255]]])


def test_float64_and_float16_are_accepted(tmp_path: Path) -> None:
    for dtype in (np.float64, np.float16):
        write_rgb(tmp_path / "a.png", COLOUR.astype(dtype), depth=16, overwrite=True)
        assert np.abs(stored(tmp_path / "a.png") / 65535 - COLOUR).max() < 1e-3


def test_nan_is_refused(tmp_path: Path) -> None:
    for rgb, alpha in ((COLOUR * np.float32(np.nan), None), (COLOUR, ALPHA * np.float32(np.nan))):
        with pytest.raises(OutputError, match="NaN"):
            write_rgb(tmp_path / "a.png", rgb, alpha=alpha)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("rgb", [COLOUR[:, :, 0], COLOUR[:, :, :2], (COLOUR * 255).astype(np.uint8), COLOUR[:0]])
def test_arrays_of_another_kind_are_refused(rgb: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"must be \(H, W, 3\) floats"):
        write_rgb(tmp_path / "a.png", rgb)


def test_alpha_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="alpha has shape"):
        write_rgb(tmp_path / "a.png", COLOUR, alpha=ALPHA[1:])


@pytest.mark.parametrize("format", ["png", "tif", "jpeg", "webp", "bmp"])
def test_a_stream_gets_the_encoded_bytes(format: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{format}"
    write_rgb(path, COLOUR)
    stream = io.BytesIO()
    write_rgb(stream, COLOUR, format=format)
    assert stream.getvalue() == path.read_bytes()


def test_a_pipe_gets_every_byte(tmp_path: Path) -> None:
    # unbuffered and not seekable; larger than a pipe holds
    program = "import sys, numpy; from nircolor.image import write_rgb; "
    program += "write_rgb(open(1, 'wb', buffering=0), numpy.full((300, 300, 3), 0.25, 'f4'), format='bmp')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, cwd=Path.cwd())
    (tmp_path / "a.bmp").write_bytes(done.stdout)
    np.testing.assert_array_equal(stored(tmp_path / "a.bmp"), np.full((300, 300, 3), 64))


def test_a_stream_that_cannot_be_written_to() -> None:
    with Path("/dev/full").open("wb") as full, pytest.raises(OutputError, match="output stream: No space left"):
        write_rgb(full, COLOUR, format="png")


def test_existing_files_are_kept_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"precious")
    with pytest.raises(OutputExistsError, match="exists already; choose another name or add `overwrite=True`"):
        write_rgb(path, COLOUR)
    assert path.read_bytes() == b"precious"
    write_rgb(path, COLOUR, overwrite=True)
    assert stored(path).shape == COLOUR.shape


def test_an_encoder_that_fails_leaves_nothing(tmp_path: Path) -> None:
    info = ImageInfo("TIFF", "uint8", exif=b"no exif at all")
    with pytest.raises(OutputError, match=r"a.tif: cannot be written as TIFF \(no TIFF structure\)"):
        write_rgb(tmp_path / "a.tif", COLOUR, info)
    assert list(tmp_path.iterdir()) == []


def test_writing_takes_little_more_memory_than_the_file_and_its_samples(tmp_path: Path) -> None:
    large = np.tile(COLOUR, (45, 48, 1))  # 3 megapixels
    for name, most in (("a.png", 45e6), ("a.tif", 45e6), ("a.jpg", 45e6)):
        tracemalloc.start()
        write_rgb(tmp_path / name, large)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < most
