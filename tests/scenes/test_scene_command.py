"""``python -m nircolor.scenes`` as a newcomer runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from nircolor.scenes import quantise, render
from nircolor.scenes.__main__ import main


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    call = [sys.executable, "-m", "nircolor.scenes", *arguments]
    return subprocess.run(call, cwd=folder, capture_output=True, text=True, check=False, env=environment(root))


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root)}


def test_a_pair_is_written_then_kept(tmp_path: Path) -> None:
    arguments = ("a_nir.png", "--rgb", "a_rgb.png", "--size", "24x16", "--seed", "3", "--kind", "lake")
    done = command(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "a_nir.png: lake, seed 3, 24 x 16, 8 bit" in done.stdout
    scene = render(3, 16, 24, "lake")
    nir = cv2.imread(str(tmp_path / "a_nir.png"), cv2.IMREAD_UNCHANGED)
    rgb = cv2.imread(str(tmp_path / "a_rgb.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(nir, quantise(scene.nir, 8))
    np.testing.assert_array_equal(rgb, quantise(scene.rgb, 8))
    before = (tmp_path / "a_nir.png").read_bytes()
    refused = command(tmp_path, *arguments[:-4], "--seed", "9")
    assert refused.returncode == 2
    assert "a_nir.png exists" in refused.stderr
    assert "--overwrite" in refused.stderr
    assert (tmp_path / "a_nir.png").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a_nir.png", "a_rgb.png"]


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_sixteen_bits(tmp_path: Path, suffix: str) -> None:
    nir, rgb = tmp_path / f"n{suffix}", tmp_path / f"c{suffix}"
    assert main([str(nir), "--rgb", str(rgb), "--size", "9x7", "--bits", "16", "--kind", "desert"]) == 0
    scene = render(4, 7, 9, "desert")
    if suffix == ".tif":
        grey, colour = tifffile.imread(nir), tifffile.imread(rgb)
    else:
        grey = cv2.imread(str(nir), cv2.IMREAD_UNCHANGED)
        colour = cv2.imread(str(rgb), cv2.IMREAD_UNCHANGED)[..., ::-1]
    np.testing.assert_array_equal(grey, quantise(scene.nir, 16))
    np.testing.assert_array_equal(colour, quantise(scene.rgb, 16))


def test_overwrite_replaces(tmp_path: Path) -> None:
    target = tmp_path / "x.png"
    target.write_bytes(b"old")
    assert main([str(target), "--size", "4x4", "--overwrite"]) == 0
    assert cv2.imread(str(target), cv2.IMREAD_UNCHANGED).shape == (4, 4)


@pytest.mark.parametrize(("arguments", "code", "reason"), [
    (["x.jpg"], 2, "must end in .png, .tif or .tiff"),
    (["nowhere/x.png"], 1, "does not exist"),
    (["folder.png"], 1, "is a folder"),
    (["x.png", "--rgb", "./x.png"], 2, "both pictures would go to this file"),
    (["x.png", "--rgb", "taken.png"], 2, "taken.png exists"),
    (["x.png", "--seed", "-4"], 2, "negative"),
])  # fmt: skip
def test_errors_are_one_line_with_an_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "taken.png").touch()
    assert main([*arguments, "--size", "4x4"]) == code
    message = capsys.readouterr().err
    assert reason in message
    assert message.startswith("error: ")
    assert message.count("\n") == 1
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("arguments", [
    ["x.png", "--size", "0x4"],
    ["x.png", "--size", "wide"],
    ["x.png", "--size", "999999x999999"],
    ["x.png", "--kind", "moon"],
    ["x.png", "--bits", "12"],
    [],
])  # fmt: skip
def test_nonsense_options_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(arguments)
    assert error.value.code == 2
    assert "error:" in capsys.readouterr().err
