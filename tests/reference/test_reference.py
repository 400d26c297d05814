from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from nircolor import scenes
from nircolor.errors import InputError, UsageError
from nircolor.reference import Guidance, Reference, read_reference
from nircolor.reference.reference import LONG_SIDE

SCENE = scenes.render(4, 96, 120)
BYTES = scenes.quantise(SCENE.rgb, 8)


@pytest.mark.parametrize("bits", [8, 16])
def test_depths_are_one_reference(bits: int) -> None:
    found = Reference.of(scenes.quantise(SCENE.rgb, bits))
    assert found.pixels.dtype == np.float32
    assert np.abs(found.pixels - SCENE.rgb).max() < 0.003


def test_large_ones_are_reduced() -> None:
    wide = np.repeat(BYTES, 20, axis=1)
    height, width, _ = Reference.of(wide).pixels.shape
    assert width == LONG_SIDE
    assert height == round(96 * LONG_SIDE / (20 * 120))


@pytest.mark.parametrize(
    ("rgb", "reason"),
    [
        (np.repeat(BYTES[..., 1:2], 3, axis=2), "is grey"),
        (BYTES[:63], "120 x 63, too small"),
        ((BYTES / np.float32(100)).astype(np.float32), "outside 0 to 1"),
        (np.full((96, 120, 3), np.nan, np.float32), "outside 0 to 1"),
    ],
    ids=["grey", "tiny", "hdr", "nan"],
)
def test_what_shows_no_colours_is_refused(rgb: np.ndarray, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        Reference.of(rgb)


@pytest.mark.parametrize("rgb", [BYTES[..., 0], BYTES[..., :2], BYTES.astype(np.int64)], ids=["plane", "two", "type"])
def test_what_is_no_picture_is_refused(rgb: np.ndarray) -> None:
    with pytest.raises(UsageError, match="a reference is"):
        Reference.of(rgb)


def test_an_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "grey.tif"
    tifffile.imwrite(path, BYTES[..., 0])
    with pytest.raises(InputError, match=r"grey\.tif: is grey"):
        read_reference(path)


def test_the_fingerprint_is_of_the_pixels(tmp_path: Path) -> None:
    path = tmp_path / "day.tif"
    tifffile.imwrite(path, BYTES, photometric="rgb")
    assert Guidance.of(path, "auto").fingerprint == Guidance.of(BYTES, "auto").fingerprint
    assert Guidance.of(path, "place").fingerprint != Guidance.of(path, "auto").fingerprint
    assert Guidance.of(BYTES[:, ::-1], "auto").fingerprint != Guidance.of(BYTES, "auto").fingerprint
    assert Guidance.of(None, "auto").fingerprint == {}


def test_a_mode_needs_a_reference() -> None:
    with pytest.raises(UsageError, match="no reference"):
        Guidance.of(None, "place")
    with pytest.raises(UsageError, match="auto, place or palette"):
        Guidance.of(BYTES, "colours")  # type: ignore[arg-type]


def test_a_folder_is_for_folders(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder"):
        Guidance.of(tmp_path, "auto")
    with pytest.raises(InputError, match="holds no picture"):
        Guidance.of(tmp_path, "auto", albums=True)
