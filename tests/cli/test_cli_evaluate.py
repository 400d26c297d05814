"""``nircolor evaluate`` through the real command: folders and weights, tables, files, bad input and exit codes."""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from cli_tools import Run, save
from struck import PROGRESS, strike

from nircolor import scenes

COUNT = 5


@pytest.fixture(scope="session")
def rendered() -> list[scenes.Scene]:
    return [scenes.render(seed, 60, 80) for seed in range(COUNT)]


def bgr(rgb: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(scenes.quantise(rgb, 8)[..., ::-1])


@pytest.fixture
def data(tmp_path: Path, rendered: list[scenes.Scene]) -> Path:
    """Pairs in one folder, with a split list: view 0 to 2 are val, 3 and 4 train."""
    folder = tmp_path / "data"
    folder.mkdir()
    lines = ["id,split,scene,kind"]
    for i, view in enumerate(rendered):
        save(folder / f"view{i}_nir.png", scenes.quantise(view.nir, 8))
        save(folder / f"view{i}_rgb.png", bgr(view.rgb))
        lines.append(f"view{i},{'val' if i < 3 else 'train'},s{i},{'built' if i == 1 else 'natural'}")
    (folder / "split.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def ours(tmp_path: Path, rendered: list[scenes.Scene]) -> Path:
    """Predictions of the three val pictures, named as ``nircolor colorize`` names them: a darker truth."""
    folder = tmp_path / "ours"
    folder.mkdir()
    for i, view in enumerate(rendered[:3]):
        save(folder / f"view{i}_nir_rgb.png", bgr(view.rgb * 0.8))
    return folder


def test_predictions_against_the_truth_need_no_torch(
    command: Run, poison: Callable[..., Path], data: Path, ours: Path, tmp_path: Path
) -> None:
    result = command("evaluate", ours, data, "--split", "val", cwd=tmp_path, first=(poison("torch"),))
    assert result.code == 0, result.err
    text = result.out.decode()
    for word in ("PSNR dB", "MS-SSIM", "AE °", "SAM rad", "ERGAS", "CIEDE2000", "No seam", "ours", "all, 3"):
        assert word in text
    assert "Protocol srgb8" in text
    assert "No lpips-squeeze: no weights: name a safetensors file" in " ".join(text.split())
    assert "Worst of" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "3 pairs, layout folder, split val (listed in" in result.err


def test_a_folder_of_truth_alone_will_do(inside: Run, data: Path, ours: Path, tmp_path: Path) -> None:
    truth = tmp_path / "truth"
    truth.mkdir()
    for i in range(3):
        (truth / f"view{i}_rgb.png").write_bytes((data / f"view{i}_rgb.png").read_bytes())
    result = inside("evaluate", ours, truth, "--json", "--metrics", "psnr,ssim")
    assert result.code == 0, result.err
    values = result.json
    assert [m["key"] for m in values["metrics"]] == ["psnr", "ssim"]
    assert {row["id"] for row in values["rows"]} == {f"view{i}" for i in range(3)}
    assert all(10 < row["psnr"] < 40 for row in values["rows"])
    refused = inside("evaluate", "--baseline", "grey", truth)
    assert (refused.code, "no near-infrared" in refused.err) == (2, True)


def test_weights_folders_and_baselines_side_by_side(
    inside: Run, data: Path, ours: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    line = (
        "evaluate", ours, data, "--split", "val", "--weights", tiny_weights,
        "--weights", f"{tiny_weights} prior=tile tile=32 overlap=8", "--weights", f"{tiny_weights} resize=32",
        "--baseline", "grey", "--baseline", "lut", "--train", f"{data}@train", "--precision", "fp32",
        "--csv", "out.csv", "--save", "saved", "--json",
    )  # fmt: skip
    result = inside(*line)
    assert result.code == 0, result.err
    values = result.json
    mean = {s["method"]: s["mean"] for s in values["summary"] if s["group"] == "all"}
    one, tiled, resized = list(mean)[-3:]
    assert list(mean)[:3] == ["grey copy", "lookup table", str(ours)]
    assert mean["grey copy"]["colour-ratio"] == 0
    assert mean["lookup table"]["psnr"] > mean["grey copy"]["psnr"]
    assert mean[resized]["psnr"] != mean[one]["psnr"]
    assert mean[one]["seam"] is None
    assert mean[tiled]["seam"] > 0
    assert {s["group"] for s in values["summary"]} == {"all", "unseen scenes", "built", "natural"}
    assert values["missing"].keys() == {"lpips-squeeze"}
    assert "prior tile, tile 32, overlap 8" in values["settings"][tiled]
    assert values["settings"]["split"] == "val"
    with (tmp_path / "out.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6 * 3
    saved = sorted(path.relative_to(tmp_path / "saved") for path in (tmp_path / "saved").rglob("*.png"))
    assert len(saved) == 9
    again = inside(*line)
    assert (again.code, "out.csv" in again.err) == (2, True)


def test_evaluated_weights_are_what_colorize_writes(
    inside: Run, data: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    assert inside("evaluate", data, "--weights", tiny_weights, "--save", "saved", "--metrics", "psnr").code == 0
    assert inside("colorize", data / "view1_nir.png", "--weights", tiny_weights, "-o", "view1.png").code == 0
    np.testing.assert_array_equal(*(cv2.imread(str(tmp_path / name)) for name in ("saved/view1.png", "view1.png")))


def test_a_leak_is_found_told_and_kept_apart(inside: Run, data: Path, ours: Path, tmp_path: Path) -> None:
    train = tmp_path / "train"
    train.mkdir()
    for name in ("view1_nir.png", "view1_rgb.png", "view3_nir.png", "view3_rgb.png"):
        (train / f"copy_{name}").write_bytes((data / name).read_bytes())
    line = ("evaluate", ours, data, "--split", "val", "--metrics", "psnr", "--train", train, "--leaks", "leaks.csv")
    result = inside(*line, "--json")
    assert result.code == 0, result.err
    assert "1 of 3 pictures" in result.err
    assert [row["seen"] for row in result.json["rows"]] == [False, True, False]
    groups = {s["group"]: s["pictures"] for s in result.json["summary"]}
    assert (groups["all"], groups["unseen scenes"]) == (3, 2)
    with (tmp_path / "leaks.csv").open(newline="") as file:
        (match,) = csv.DictReader(file)
    assert "identical" in match.values()
    alone = inside("evaluate", data, "--train", train, "--leaks", "again.csv")
    assert (alone.code, alone.out) == (0, b""), alone.err
    assert (tmp_path / "again.csv").is_file()
    table = inside(*line, "--overwrite").out.decode()
    assert "unseen" in table


def test_protocols_give_their_own_numbers_and_say_so(inside: Run, data: Path, ours: Path) -> None:
    line = ("evaluate", ours, data, "--split", "val", "--metrics", "psnr", "--json", "--protocol")
    found = {name: inside(*line, name).json for name in ("srgb8", "colormamba", "linear")}
    assert all(values["protocol"]["name"] == name for name, values in found.items())
    assert len({values["summary"][0]["mean"]["psnr"] for values in found.values()}) == 3


def test_what_cannot_be_measured_is_named_and_the_rest_is_measured(
    inside: Run, data: Path, ours: Path, tmp_path: Path
) -> None:
    (ours / "view0_nir_rgb.png").write_bytes(b"")
    save(ours / "view1_nir_rgb.png", np.zeros((10, 20, 3), np.uint8))
    (data / "view4_rgb.png").unlink()
    save(data / "view3_rgb.png", np.zeros((60, 80, 3), np.uint16))
    save(ours / "view3.png", np.zeros((60, 80, 3), np.uint8))
    result = inside("evaluate", ours, data, "--json", "--metrics", "psnr", "--csv", "out.csv")
    assert result.code == 1
    assert [row["id"] for row in result.json["rows"]] == ["view2"]
    reasons = {Path(p["name"]).name: p["reason"] for p in result.json["problems"]}
    assert "empty" in reasons["view0_nir_rgb.png"]
    assert "20 x 10 pixels, its truth view1_rgb.png 80 x 60" in reasons["view1_nir_rgb.png"]
    assert "uint8, its colour picture view3_rgb.png uint16" in reasons["view3_nir.png"]
    assert "view4_nir.png" in reasons
    for name in reasons:
        assert name in result.err
    assert (tmp_path / "out.csv").read_text().count("\n") == 2


def test_mistakes_are_told_before_any_work(inside: Run, data: Path, ours: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("")
    (tmp_path / "there.csv").write_text("")
    for args, code, words in (
        ((data,), 2, "nothing to measure"),
        ((ours, "gone"), 3, "gone"),
        (("gone", data), 3, "gone"),
        ((ours, ours, data), 2, "twice"),
        ((ours, data, "--protocol", "srgb"), 2, "did you mean srgb8?"),
        ((ours, data, "--metrics", "psnr,sssim"), 2, "sssim"),
        ((ours, data, "--split", "holdout"), 3, "there are train, val, all"),
        ((ours, data, "--layout", "vcip"), 2, "vcip2020"),
        ((ours, data, "--lpips-weights", "gone.safetensors"), 4, "gone.safetensors"),
        ((ours, data, "--metrics", "lpips"), 4, "no weights"),
        ((ours, data, "--lpips", "resnet"), 2, "squeeze, alex, vgg"),
        ((data, "--baseline", "lut"), 2, "--train"),
        ((data, "--baseline", "gray"), 2, "grey or lut"),
        ((data, "--weights", "nosuch"), 4, "nosuch"),
        ((data, "--weights", "lite tile=0"), 2, "tile 0"),
        ((data, "--weights", "lite prior=both"), 2, "prior=both"),
        ((data, "--weights", "lite resize=x"), 2, "resize=x"),
        ((ours, data, "--leaks", "l.csv"), 2, "--train"),
        ((ours, data, "--save", "s"), 2, "--weights"),
        ((data, "--weights", "lite", "--save", "full"), 2, "--overwrite"),
        ((ours, data, "--csv", "there.csv"), 2, "there.csv"),
        ((ours, data, "--csv", "a", "--report", "a"), 2, "one file"),
        ((ours, data, "--report", "no/such/folder.html"), 1, "does not exist"),
        ((ours, data, "--stretch", "wide"), 2, "wide"),
        ((data, "--weights", "lite", "--device", "tpu"), 2, "tpu"),
    ):
        result = inside("evaluate", *args)
        assert result.code == code, (args, result.err)
        assert words in result.err, (args, result.err)
        assert result.out == b""
        assert result.err.splitlines()[-1].startswith("nircolor: error: ")


def test_report_is_one_page(inside: Run, data: Path, ours: Path, tmp_path: Path) -> None:
    line = ("evaluate", ours, data, "--split", "val", "--baseline", "grey", "--report", "out.html")
    assert inside(*line).code == 0
    page = (tmp_path / "out.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert all(f"view{i}" in page for i in range(3))
    assert "srgb8" in page
    assert inside(*line).code == 2


def test_results_are_the_same_with_one_thread_and_with_many(inside: Run, data: Path, ours: Path) -> None:
    line = ("evaluate", ours, data, "--split", "val", "--json", "--workers")
    one, many = (inside(*line, n).json["rows"] for n in ("1", "4"))
    assert json.dumps(one) == json.dumps(many)


def test_pictures_of_three_megapixels(inside: Run, tmp_path: Path, rendered: list[scenes.Scene]) -> None:
    truth, ours = tmp_path / "t", tmp_path / "p"
    truth.mkdir()
    ours.mkdir()
    large = cv2.resize(bgr(rendered[0].rgb), (2048, 1536), interpolation=cv2.INTER_CUBIC)
    save(truth / "a.png", large)
    save(ours / "a.png", large // 2)
    result = inside("evaluate", ours, truth, "--json", "--tile", "512", "--overlap", "64", "--report", "r.html")
    assert result.code == 0, result.err
    row: dict[str, Any] = result.json["rows"][0]
    assert (row["width"], row["height"]) == (2048, 1536)
    assert row["seam"] == pytest.approx(1, abs=0.2)


def test_ctrl_c_ends_at_once_and_leaves_no_file(tmp_path: Path, rendered: list[scenes.Scene]) -> None:
    data = tmp_path / "data"
    data.mkdir()
    view = rendered[0]
    for name, pixels in (("nir", scenes.quantise(view.nir, 8)), ("rgb", bgr(view.rgb))):
        for i in range(9):
            save(data / f"{i}_{name}.png", pixels)
    outputs = ("--report", "out.html", "--csv", "out.csv")
    done = strike(PROGRESS, signal.SIGINT, "evaluate", "data", "--baseline", "grey", *outputs, cwd=tmp_path, calls=4)
    assert (done.returncode, done.stdout) == (130, ""), done.stderr
    assert done.stderr.splitlines()[-1] == "nircolor: error: interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("metrics", ["psnr,ssim", "seam"])
def test_nothing_measured_and_nothing_defined_are_told_as_such(
    metrics: str, inside: Run, data: Path, ours: Path, tmp_path: Path
) -> None:
    """Every prediction unreadable; or the one metric that is asked for not defined for any."""
    line = ("evaluate", ours, data, "--split", "val", "--metrics", metrics, "--report", "out.html", "--csv", "out.csv")
    if metrics == "seam":
        result = inside(*line)
        assert result.code == 0, result.err
        assert b"No seam: no picture is known to be tiled" in result.out
    else:
        for path in ours.iterdir():
            path.write_bytes(b"")
        result = inside(*line)
        assert (result.code, result.out) == (1, b"Nothing was measured.\n")
        assert result.err.count("is empty") == 3
    assert "bug" not in result.err
    assert (tmp_path / "out.html").is_file()
    again = inside(*line, "--json", "--overwrite")
    assert again.code == result.code
    assert again.json["worst"] == {str(ours): []}
