"""``calibrate_weights``: a file that colours better, or none; and pairs that teach nothing, each by name."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_network import PLAIN, network, save

import nircolor
from nircolor import Colorizer, scenes
from nircolor.camera import Camera
from nircolor.cli import main
from nircolor.errors import InputError, OutputExistsError, UsageError, WeightsError
from nircolor.scenes import quantise

CAMERA = Camera((0.6, -0.3), 1.5, (0.05, -0.05))
PAIRS = 4


def write(path: Path, pixels: np.ndarray) -> None:
    assert cv2.imwrite(str(path), pixels[..., ::-1] if pixels.ndim == 3 else pixels)


def read(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert pixels is not None
    return pixels[..., ::-1] if pixels.ndim == 3 else pixels


def tiny(nir: Path, rgb: Path) -> None:
    for path in (nir, rgb):
        write(path, read(path)[:8, :8])


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("weights") / "small.safetensors", network(PLAIN), description="small")


@pytest.fixture
def pairs(weights: Path, tmp_path: Path) -> Path:
    """Rendered near-infrared, and the colours of the weights as another camera would show them; one of 16 bits."""
    engine, folder = Colorizer.from_weights(str(weights), device="cpu", precision="fp32"), tmp_path / "pairs"
    folder.mkdir()
    for seed in range(PAIRS):
        nir = scenes.render(seed, 60, 72).nir.astype(np.float32)
        rgb = CAMERA.apply(engine.colorize(nir))
        bits = 16 if seed == 1 else 8
        write(folder / f"{seed}_nir.png", quantise(nir, bits))
        write(folder / f"{seed}_rgb.png", quantise(rgb, bits))
    return folder


def test_weights_that_are_right_for_the_camera(weights: Path, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.safetensors"
    result = nircolor.calibrate_weights(str(weights), pairs, out, device="cpu")
    assert (result.output, result.pairs, result.scenes, result.warnings) == (str(out), PAIRS, PAIRS, ())
    assert result.after["psnr"] > result.before["psnr"] + 3
    assert "before  PSNR" in str(result)
    info = nircolor.verify_weights(out)
    assert info.meta["description"] == "small"
    assert info.meta["camera"]["pairs"] == PAIRS  # type: ignore[index]
    nir = read(pairs / "0_nir.png")
    truth = read(pairs / "0_rgb.png").astype(float)
    old, new = (Colorizer.from_weights(str(path), device="cpu").colorize(nir) for path in (weights, out))
    assert np.abs(new - truth).mean() < 0.5 * np.abs(old - truth).mean()
    with pytest.raises(WeightsError, match="calibrated for a camera already; give those that it was made of"):
        nircolor.calibrate_weights(str(out), pairs, tmp_path / "twice.safetensors", device="cpu")
    with pytest.raises(OutputExistsError):
        nircolor.calibrate_weights(str(weights), pairs, out, device="cpu")


def test_nothing_is_written_where_nothing_is_better(
    weights: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Colorizer.from_weights(str(weights), device="cpu", precision="fp32")
    for seed in range(PAIRS):
        nir = (read(pairs / f"{seed}_nir.png") >> (8 if seed == 1 else 0)).astype(np.uint8)
        write(pairs / f"{seed}_nir.png", nir)
        write(pairs / f"{seed}_rgb.png", engine.colorize(nir))
    out = tmp_path / "mine.safetensors"
    line = ["weights", "calibrate", str(weights), "--pairs", str(pairs), "-o", str(out), "--device", "cpu"]
    assert main(line) == 1
    assert "no gain that is more than chance, with colours no worse: " in capsys.readouterr().out
    assert not out.exists()


def test_the_command_says_before_and_after(
    weights: Path, pairs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["weights", "calibrate", str(weights), "--pairs", str(pairs), "-o", str(tmp_path / "mine.safetensors")]
    assert main(line) == 0
    before, after, written = capsys.readouterr().out.splitlines()[1:]
    assert before.startswith("before  PSNR ")
    assert after.startswith("after   PSNR ")
    assert written.startswith("written: ")


def swap(nir: Path, rgb: Path) -> None:
    nir.rename(nir.with_name("t.png"))
    rgb.rename(nir)
    nir.with_name("t.png").rename(rgb)


def shift(nir: Path, rgb: Path) -> None:
    moved = np.roll(quantise(scenes.render(9, 128, 128).rgb, 8), (9, 7), (0, 1))
    write(nir, quantise(scenes.render(9, 128, 128).nir, 8))
    write(rgb, moved)


FAULTS: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "swapped": (swap, "the two are exchanged; rename them the other way round"),
    "equal": (lambda nir, rgb: rgb.write_bytes(nir.read_bytes()), "the same picture as its near-infrared one"),
    "grey": (lambda nir, rgb: write(rgb, 255 - read(nir)), "is grey, so it teaches no colours"),
    "tiny": (tiny, "under 16 pixels"),
    "sizes": (lambda nir, rgb: write(nir, np.full((9, 9), 7, np.uint8)), "register the two or remove the pair"),
    "damaged": (lambda nir, rgb: rgb.write_bytes(rgb.read_bytes()[:99]), "left out"),
    "shifted": (shift, r"shifted by \(7, 9\) pixels onto its near-infrared picture"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_pair_that_teaches_nothing_is_named(case: str, weights: Path, pairs: Path, tmp_path: Path) -> None:
    spoil, text = FAULTS[case]
    spoil(pairs / "2_nir.png", pairs / "2_rgb.png")
    result = nircolor.calibrate_weights(str(weights), pairs, tmp_path / "mine.safetensors", device="cpu")
    assert result.pairs == PAIRS - (case != "shifted")
    (warning,) = result.warnings
    assert re.search(text, warning)
    assert "2_rgb.png" in warning or "2_nir.png" in warning


def test_none_is_left(weights: Path, pairs: Path, tmp_path: Path) -> None:
    for seed in range(PAIRS):
        swap(pairs / f"{seed}_nir.png", pairs / f"{seed}_rgb.png")
    with pytest.raises(InputError, match=r"none of its pairs can be used; the first: .*exchanged"):
        nircolor.calibrate_weights(str(weights), pairs, tmp_path / "mine.safetensors", device="cpu")


def test_one_pair_changes_little(weights: Path, pairs: Path, tmp_path: Path) -> None:
    for seed in range(1, PAIRS):
        (pairs / f"{seed}_nir.png").unlink()
        (pairs / f"{seed}_rgb.png").unlink()
    result = nircolor.calibrate_weights(str(weights), pairs, tmp_path / "mine.safetensors", device="cpu")
    assert any("one scene cannot be held against another" in text for text in result.warnings)
    assert abs(result.camera["tone"][0]) < CAMERA.tone[0] / 2
    assert abs(result.camera["chroma"] - 1) < 0.2


def test_the_name_of_the_output_is_checked_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="safetensors only"):
        nircolor.calibrate_weights("lite", tmp_path / "gone", tmp_path / "mine.bin")
    with pytest.raises(InputError, match="gone"):
        nircolor.calibrate_weights("lite", tmp_path / "gone", tmp_path / "mine.safetensors")
