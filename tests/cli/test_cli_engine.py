"""``--engine``: on a CPU the real command needs no torch, and colours as torch does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from cli_tools import environment, save

from nircolor import scenes

NIR = scenes.quantise(scenes.render(3, 60, 80).nir, 8)
COMMAND = """
import sys
from nircolor.cli import main
try:
    main()
finally:
    print("loaded:", *(name for name in ("torch", "numba", "scipy", "onnxruntime") if name in sys.modules))
"""


def run(*args: str | Path) -> tuple[list[str], str]:
    """Which heavy modules the command loaded, and what it said."""
    command = [sys.executable, "-c", COMMAND, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=300)
    assert done.returncode == 0, done.stderr
    *_, loaded = done.stdout.splitlines()
    return loaded.removeprefix("loaded:").split(), done.stdout + done.stderr


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return save(tmp_path / "x.png", NIR)


def test_colorize_on_a_cpu_loads_no_torch_and_no_compiler(picture: Path) -> None:
    loaded, said = run("colorize", picture, "-o", picture.with_name("a.png"), "--device", "cpu")
    assert loaded == ["onnxruntime"]
    assert "kernel onnxruntime" in said
    loaded, said = run(
        "colorize", picture, "-o", picture.with_name("b.png"), "--engine", "torch", "--precision", "fp32"
    )
    assert "torch" in loaded
    assert "onnxruntime" not in loaded
    one, other = (cv2.imread(str(picture.with_name(name))).astype(int) for name in ("a.png", "b.png"))
    assert np.abs(one - other).max() <= 1
    assert np.ptp(one, axis=2).mean() > 1


def test_neither_do_a_batch_and_a_video(picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(2):
        save(folder / f"{number}.png", NIR)
    for command, *target in (("batch", tmp_path / "batch"), ("video", "-o", tmp_path / "video")):
        loaded, _ = run(command, folder, *target, "--engine", "onnx")
        assert "onnxruntime" in loaded, command
        assert "torch" not in loaded, command
        assert len(list(target[-1].glob("*.png"))) == 2


def test_a_twin_that_is_damaged_is_announced(picture: Path, tmp_path: Path) -> None:
    from nircolor.weights import locate

    (tmp_path / "mine.safetensors").write_bytes(locate("lite").read_bytes())
    (tmp_path / "mine.onnx").write_bytes(b"no model")
    args = "colorize", picture, "--weights", tmp_path / "mine.safetensors", "--device", "cpu"
    loaded, said = run(*args)
    assert "torch" in loaded
    assert "torch takes the place of onnxruntime: " in said
    assert "make it again with `nircolor weights export NAME OUT.onnx`" in said
    assert "kernel numba" in said


def test_export_says_what_it_wrote_and_what_it_does_not_take(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    _, said = run("weights", "export", "lite", tmp_path / "lite.onnx")
    assert "lite.onnx: 9.5 MB, of lite (" in said
    command = [sys.executable, "-m", "nircolor", "weights", "export", "lite", tmp_path / "x.onnx", "--license", "mine"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), timeout=300)
    assert done.returncode == 2
    assert done.stderr.endswith("an ONNX file is made of one file of weights, as it is; leave out --license\n")
