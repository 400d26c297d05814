"""`--reference` of colorize, batch and video: which way it was used is told, and what cannot be one is refused."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from cli_tools import Run

from nircolor import scenes
from nircolor.image import write_rgb

SIDE = 256


@pytest.fixture
def place(tmp_path: Path) -> Path:
    scene = scenes.render(1, SIDE, SIDE)
    cv2.imwrite(str(tmp_path / "night.png"), np.rint(scene.nir * 255).astype(np.uint8))
    write_rgb(tmp_path / "day.png", np.asarray(scene.rgb, np.float32), depth=8)
    write_rgb(tmp_path / "elsewhere.png", np.asarray(scenes.render(9, SIDE, SIDE).rgb, np.float32), depth=8)
    write_rgb(tmp_path / "tiny.png", np.asarray(scenes.render(1, 40, 90).rgb, np.float32), depth=8)
    tifffile.imwrite(tmp_path / "hdr.tif", np.asarray(scene.rgb, np.float32) * 8, photometric="rgb")
    return tmp_path


def error(path: Path, truth: Path) -> float:
    made, wanted = (cv2.imread(str(file)).astype(float) for file in (path, truth))
    return float(np.abs(made - wanted).mean())


def test_the_same_place_gives_its_colours(inside: Run, place: Path, tiny_weights: Path) -> None:
    line = ("colorize", "night.png", "--weights", tiny_weights)
    assert inside(*line, "-o", "plain.png").code == 0
    result = inside(*line, "-o", "led.png", "--reference", "day.png", "--json")
    assert (result.code, result.json["reference"]["mode"]) == (0, "place"), result.err
    assert result.json["reference"]["inliers"] >= 12
    assert error(place / "led.png", place / "day.png") < 0.5 * error(place / "plain.png", place / "day.png")


def test_another_place_is_told_and_changes_nothing(inside: Run, place: Path, tiny_weights: Path) -> None:
    line = ("colorize", "night.png", "--weights", tiny_weights)
    assert inside(*line, "-o", "plain.png").code == 0
    result = inside(*line, "-o", "led.png", "--reference", "elsewhere.png", "--reference-mode", "place")
    assert result.code == 0, result.err
    assert "elsewhere.png: " in result.err
    assert (place / "led.png").read_bytes() == (place / "plain.png").read_bytes()


def test_a_folder_of_pictures_and_a_folder_of_references(inside: Run, place: Path, tiny_weights: Path) -> None:
    for folder, name, to in (("nights", "night.png", "yard_nir.png"), ("days", "day.png", "yard_rgb.png")):
        (place / folder).mkdir()
        (place / name).rename(place / folder / to)
    line = ("batch", "nights", "out", "--weights", tiny_weights, "--reference", "days", "--json")
    result = inside(*line)
    assert result.code == 0, result.err
    (made,) = (place / "out").glob("*.png")
    assert error(made, place / "days" / "yard_rgb.png") < 20


def test_frames_have_a_reference(inside: Run, place: Path, tiny_weights: Path) -> None:
    (place / "in").mkdir()
    for number in (1, 2):
        cv2.imwrite(
            str(place / "in" / f"cam_000{number}.png"), cv2.imread(str(place / "night.png"), cv2.IMREAD_GRAYSCALE)
        )
    line = ("video", "in", "-o", "out", "--weights", tiny_weights, "--reference", "day.png", "--json")
    result = inside(*line)
    assert result.code == 0, result.err
    assert error(place / "out" / "cam_0002.png", place / "day.png") < 20


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("night.png", "shows no colours"),
        ("missing.png", "missing.png"),
        ("tiny.png", "90 x 40, too small for a reference"),
        ("hdr.tif", "outside 0 to 1"),
    ],
)
def test_what_is_no_reference(inside: Run, place: Path, tiny_weights: Path, name: str, words: str) -> None:
    result = inside("colorize", "night.png", "--weights", tiny_weights, "-o", "x.png", "--reference", name)
    assert result.code == 3, result.err
    assert words in result.err
    assert not (place / "x.png").exists()


def test_a_mode_without_a_reference(inside: Run, place: Path) -> None:
    result = inside("colorize", "night.png", "--reference-mode", "place")
    assert result.code == 2
    assert "--reference-mode place: there is no reference" in result.err
