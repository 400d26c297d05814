"""Folders that mix day and night, and hold other things: what is copied, what is left out, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_batch_tools import outputs
from cli_tools import Run, save

from nircolor.scenes import quantise, render


@pytest.fixture
def day(folder: Path) -> Path:
    """A colour picture among the near-infrared ones of the folder."""
    return save(folder / "day.jpg", np.ascontiguousarray(quantise(render(7, 60, 80).rgb, 8)[..., ::-1]))


def test_refused_then_copied_and_nothing_done_twice(batch: Run, day: Path, tmp_path: Path) -> None:
    result = batch()
    assert result.code == 1
    assert "1 file failed: is a colour picture: " in result.err
    assert "--colour-inputs copy passes colour pictures on as they are: day.jpg" in result.err
    again = batch("--resume", "--colour-inputs", "copy", "--json")
    assert (again.code, again.json["done"], again.json["kept"]) == (0, 1, 5)
    assert again.json["warnings"] == ["input: is a colour picture: copied as it is (in 1 picture)"]
    assert (tmp_path / "out" / "day_rgb.jpg").read_bytes() == day.read_bytes()
    assert batch("--resume", "--colour-inputs", "copy", "--json").json["kept"] == 6


@pytest.mark.parametrize("workers", [(), ("--workers", "2", "--contact-sheet", "sheet.html")])
def test_colorized_by_their_luma(batch: Run, day: Path, tmp_path: Path, workers: tuple[str, ...]) -> None:
    assert batch("--grey", *workers).code == 0
    made = outputs(tmp_path / "out")["day_rgb.jpg"]
    assert made != day.read_bytes()
    assert batch("--overwrite", "--colour-inputs", "colorize").code == 0
    assert outputs(tmp_path / "out")["day_rgb.jpg"] == made


def test_a_copy_is_no_conversion(batch: Run, day: Path, tmp_path: Path) -> None:
    result = batch("--format", "png", "--colour-inputs", "copy")
    assert result.code == 1
    assert "would have to be converted, not copied; leave --format and --depth out, or colorize it with" in result.err
    assert batch("--format", "png", "--resume", "--colour-inputs", "colorize").code == 0  # as it says
    half = day.read_bytes()
    day.write_bytes(half[: len(half) // 2])
    assert "day.jpg" in batch("--overwrite", "--colour-inputs", "copy").err  # what is damaged is not copied


def test_choices_that_exclude_each_other(batch: Run, folder: Path) -> None:
    for options in (
        ("--grey", "--band", "1"),
        ("--colour-inputs", "copy", "--band", "1"),
        ("--grey", "--colour-inputs", "copy"),
    ):
        result = batch(*options)
        assert (result.code, "leave" in result.err) == (2, True), result.err


def test_files_left_out_are_counted_by_kind(batch: Run, folder: Path) -> None:
    for name in ("x.txt", "y.TXT", "z.mp4", "sub/notes", ".hidden.raw"):
        (folder / name).write_bytes(b"some bytes")
    result = batch("--json")
    assert result.code == 0
    assert result.json["left_out"] == {".txt": 2, ".mp4": 1, "no suffix": 1}
    assert "left out for their suffixes, which are of no pictures: 2 .txt, 1 " in result.err
    assert batch("--dry-run", "--json", "--resume").json["left_out"] == result.json["left_out"]
    assert batch("--resume", "--exclude", "*.txt", "--exclude", "*.TXT", "--json").json["left_out"] == {
        ".mp4": 1,
        "no suffix": 1,
    }
    for path in folder.rglob("*_nir.*"):
        path.unlink()
    nothing = batch("--resume")
    assert nothing.code == 3
    assert "no pictures in it (left out for their suffixes" in nothing.err


def test_remarks_that_differ_by_their_numbers_are_one_line(batch: Run, folder: Path, scene: np.ndarray) -> None:
    for number in (3, 9):
        tinted = np.rint(np.dstack([scene] * 3) * 200).astype(np.uint8)
        tinted[:number, :, 2] += 10
        assert cv2.imwrite(str(folder / f"t{number}.png"), tinted)
    warnings = batch("--json").json["warnings"]
    assert [text.endswith("by their luma (in 2 pictures)") for text in warnings] == [True]
