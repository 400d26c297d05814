"""``nircolor train``: a real, small run; interrupted and resumed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Run, save

from nircolor import scenes, weights
from nircolor.model import PRESETS, BranchConfig

RECIPE = """
preset = "narrow"
save_every = 1000
[[sources]]
folder = "pairs"
[augment]
size = 32
[optim]
steps = {steps}
batch = 2
precision = "fp32"
"""


@pytest.fixture(autouse=True)
def narrow_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    branch = BranchConfig((8, 8), (0, 0), stride=2)
    monkeypatch.setitem(PRESETS, "narrow", replace(PRESETS["lite"], rgb=branch, prior=branch))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data" / "pairs"
    folder.mkdir(parents=True)
    for seed in range(2):
        scene = scenes.render(seed, 48, 56)
        save(folder / f"{seed}_nir.png", scenes.quantise(scene.nir, 8))
        save(folder / f"{seed}_rgb.png", np.ascontiguousarray(scenes.quantise(scene.rgb, 8)[..., ::-1]))
    return folder.parent


def recipe(folder: Path, steps: int) -> Path:
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(steps=steps))
    return path


def test_a_run_is_told_and_its_weights_can_be_used(inside: Run, data: Path, tmp_path: Path) -> None:
    line = ("train", recipe(tmp_path, 20), "--data", data, "--run", tmp_path / "run")
    result = inside(*line, "--json")
    assert (result.code, result.json["step"]) == (0, 20)
    assert "step 20 of 20: " in result.err
    weights_path = tmp_path / "run" / "weights.safetensors"
    assert result.json["weights"] == str(weights_path)
    assert inside("colorize", data / "pairs" / "0_nir.png", "-o", "out.png", "--weights", weights_path).code == 0

    again = inside(*line)
    assert again.code == 2
    assert "holds a run already; add --resume" in again.err


def test_ctrl_c_saves_and_resume_goes_on(inside: Run, data: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"

    def interrupt_after_the_first_record() -> None:
        while not (run / "log.jsonl").exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt_after_the_first_record, daemon=True)
    thread.start()
    result = inside("train", recipe(tmp_path, 100_000), "--data", data, "--run", run)
    thread.join()
    assert result.code == 130
    assert result.err.endswith("go on with --resume\nnircolor: error: interrupted\n")
    step = weights.read_meta(run / "checkpoint.safetensors")["step"]
    assert step >= 20

    result = inside("train", recipe(tmp_path, step + 3), "--data", data, "--run", run, "--resume", "--json")
    assert (result.code, result.json["step"]) == (0, step + 3)


def test_a_packaged_recipe_by_name_with_changes(inside: Run, data: Path, tmp_path: Path) -> None:
    changes = (
        "sources=[{folder='pairs'}]",
        "validation=[]",
        "loss.perceptual=0",
        "model.rgb={widths=[8, 8, 8], blocks=[0, 0, 0]}",
        "model.prior={widths=[8, 8, 8, 8], blocks=[0, 0, 0, 0]}",
        "augment.size=32",
        "optim={steps=1, batch=2, precision='fp32'}",
    )
    line = [word for change in changes for word in ("--set", change)]
    result = inside("train", "lite", "--data", data, "--run", "run", *line, "--json")
    assert (result.code, result.json["step"]) == (0, 1), result.err
    stored = json.loads((tmp_path / "run" / "recipe.json").read_text())
    assert (stored["preset"], stored["optim"]["rate"], stored["optim"]["steps"]) == ("lite", 6e-4, 1)
    meta = weights.read_meta(tmp_path / "run" / "weights.safetensors")
    assert meta["recipe"] == stored
    assert meta["config"] == stored["model"]
    assert stored["model"]["rgb"]["widths"] == [8, 8, 8]


def test_what_cannot_be_trained(inside: Run, data: Path, tmp_path: Path) -> None:
    good = recipe(tmp_path, 2)
    (tmp_path / "bad.toml").write_text("preset = 'narrow'\nstepz = 3\n")
    (tmp_path / "file").write_text("")
    for args, code, words in (
        (("gone.toml", "--data", data, "--run", "run"), 3, "gone.toml"),
        (("bad.toml", "--data", data, "--run", "run"), 2, "stepz"),
        (("lita", "--data", data, "--run", "run"), 2, "did you mean lite?"),
        ((good, "--data", data, "--run", "run", "--set", "optim.stepz=3"), 2, "did you mean optim.steps?"),
        ((good, "--data", data, "--run", "run", "--set", "optim.steps"), 2, "give key=value"),
        ((good, "--data", "gone", "--run", "run"), 3, "gone"),
        ((good, "--data", data, "--run", "new", "--resume"), 4, "checkpoint.safetensors"),
        ((good, "--data", data, "--run", "file"), 1, "file: File exists"),
    ):
        result = inside("train", *args)
        assert result.code == code, result.err
        assert result.err.count("\n") == 1
        assert words in result.err
