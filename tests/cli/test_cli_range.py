"""``--range`` means the same to colorize, batch and video; the hint about a dark picture can be typed as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_tools import Run, save

from nircolor.scenes import quantise, render

DARK = quantise(render(3, 60, 80).nir, 16) >> 4  # 12 bits in 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    for number in (1, 2):
        save(tmp_path / "in" / f"cam_{number}.png", DARK)
    return tmp_path / "in"


def typed(err: str) -> tuple[str, ...]:
    """What the line on a dark picture says to add."""
    return tuple(re.findall(r"so the result is dark; add (--range \S+),", err)[0].split())


def test_the_hint_is_followed_by_colorize_batch_and_video_alike(
    inside: Run, folder: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    line = ("--weights", tiny_weights, "--device", "cpu")
    hint = typed(inside("colorize", folder / "cam_1.png", "-o", "x.png", *line).err)
    assert hint == ("--range", "0,4095")
    result = inside("colorize", folder / "cam_1.png", "-o", "one.png", *line, *hint)
    assert (result.code, "dark" in result.err) == (0, False)
    assert inside("batch", "in", "many", *line, *hint).code == 0
    assert inside("video", "in", "-o", "moving", "--smooth", "0", *line, *hint).code == 0
    wanted = (tmp_path / "one.png").read_bytes()
    for place in ("many/cam_1_rgb.png", "many/cam_2_rgb.png", "moving/cam_1.png", "moving/cam_2.png"):
        assert (tmp_path / place).read_bytes() == wanted
    row = json.loads((tmp_path / "many" / "nircolor-batch.jsonl").read_text().splitlines()[-1])
    assert row["options"]["stretch"] == "range:0,4095"


def test_batch_and_video_tell_of_the_dark_too(inside: Run, folder: Path, tiny_weights: Path) -> None:
    assert typed(inside("video", "in", "--weights", tiny_weights).err) == ("--range", "0,4095")
    result = inside("batch", "in", "out", "--weights", tiny_weights)
    assert "so the result is dark; add --range 0,4095" in result.err + Path("out/nircolor-batch.jsonl").read_text()


def test_a_video_file_takes_a_range(inside: Run, tiny_weights: Path, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "x.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"FFV1"), 25, (80, 60))
    for _ in range(2):
        writer.write(cv2.cvtColor((DARK >> 5).astype(np.uint8), cv2.COLOR_GRAY2BGR))
    writer.release()
    line = ("x.avi", "--smooth", "0", "--weights", tiny_weights, "--device", "cpu")
    assert (
        inside("video", *line, "-o", "plain").code == inside("video", *line, "-o", "wide", "--range", "0,127").code == 0
    )
    plain, wide = (cv2.imread(f"{place}/frame_000001.png").mean() for place in ("plain", "wide"))
    assert wide > 1.5 * plain


def test_the_hint_of_an_evaluation_can_be_typed_too(inside: Run, tmp_path: Path) -> None:
    (tmp_path / "pairs").mkdir()
    save(tmp_path / "pairs" / "a_nir.png", DARK)
    save(tmp_path / "pairs" / "a_rgb.png", cv2.cvtColor(DARK << 4, cv2.COLOR_GRAY2BGR))
    line = ("evaluate", "--baseline", "grey", "pairs", "--metrics", "psnr", "--split", "all")
    hint = typed(inside(*line).err)
    result = inside(*line, *hint)
    assert (result.code, "dark" in result.err) == (0, False)


@pytest.mark.parametrize("command", ["colorize", "batch", "video"])
def test_nonsense_is_refused(inside: Run, folder: Path, command: str) -> None:
    source = folder / "cam_1.png" if command == "colorize" else folder
    result = inside(command, source, *(["out"] if command == "batch" else []), "--range", "9,1")
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert "give the two values of the file that become black and white, such as --range 0,4095" in result.err
