"""``nircolor train``: a real, small run; interrupted and resumed."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_tools import Run, save
from struck import strike

from nircolor import scenes, weights
from nircolor.model import PRESETS, BranchConfig
from nircolor.training.data_loader import TrainingBatch
from nircolor.training.trainer import Trainer

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


# Packaged, so that a process of its own knows it; narrow.
LITE = """
preset = "lite"
save_every = 4
[[sources]]
folder = "pairs"
[augment]
size = 32
[model]
rgb = {widths = [8, 8, 8], blocks = [0, 0, 1]}
prior = {widths = [8, 8, 8, 8], blocks = [0, 0, 0, 1]}
[model.vss]
head = 8
[optim]
steps = 30
batch = 4
precision = "fp32"
"""


def write_lite(folder: Path) -> Path:
    path = folder / "lite.toml"
    path.write_text(LITE)
    return path


def losses(run: Path) -> list[dict[str, float]]:
    """What a run told of its steps, without what depends on the clock."""
    records = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in record.items() if k not in ("images/s", "waited")} for record in records]


def recipe(folder: Path, steps: int) -> Path:
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(steps=steps))
    return path


def test_a_run_is_told_and_its_weights_can_be_used(inside: Run, data: Path, tmp_path: Path) -> None:
    line = ("train", recipe(tmp_path, 20), "--data", data, "--run", tmp_path / "run", "--device", "cpu")
    result = inside(*line, "--json")
    assert (result.code, result.json["step"]) == (0, 20)
    assert "step 20 of 20: " in result.err
    weights_path = tmp_path / "run" / "weights.safetensors"
    assert result.json["weights"] == str(weights_path)
    assert inside("colorize", data / "pairs" / "0_nir.png", "-o", "out.png", "--weights", weights_path).code == 0

    again = inside(*line)
    assert again.code == 2
    assert "holds a run already; --resume" in again.err


def test_ctrl_c_saves_and_resume_goes_on(
    inside: Run, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, update = tmp_path / "run", Trainer.update

    def interrupted(trainer: Trainer, batches: list[TrainingBatch]) -> dict[str, float]:
        if trainer.step == 22:
            os.kill(os.getpid(), signal.SIGINT)
        return update(trainer, batches)

    monkeypatch.setattr(Trainer, "update", interrupted)
    result = inside("train", recipe(tmp_path, 100_000), "--data", data, "--run", run)
    assert result.code == 130
    assert result.err.endswith(f"go on with --resume {run}\nnircolor: error: interrupted\n")
    step = weights.read_meta(run / "checkpoint.safetensors")["step"]
    assert step == 23

    assert (run / "run.html").is_file()

    result = inside("train", "--resume", run, "--set", f"optim.steps={step + 3}", "--json")
    assert (result.code, result.json["step"]) == (0, step + 3)
    assert "warning: " in result.err
    assert f"optim.steps was 100000, is {step + 3} now" in result.err


def test_killed_and_resumed_tells_the_same_losses(data: Path, tmp_path: Path, forked: Run) -> None:
    """kill -9 between two checkpoints; the logs and the weights are those of a run left alone."""
    line = ["train", write_lite(tmp_path), "--data", data, "--device", "cpu", "--run"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    assert forked(*line, whole, cwd=tmp_path).code == 0
    killed = strike("nircolor.training.trainer:Trainer.update", signal.SIGKILL, *line, parts, cwd=tmp_path, calls=10)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert weights.read_meta(parts / "checkpoint.safetensors")["step"] == 8
    (parts / "pictures").mkdir(exist_ok=True)
    left = [parts / folder / ".nircolor-0123456789abcdef.tmp" for folder in ("", "pictures")]
    for path in left:
        path.write_text("half of what it was writing")
    resumed = forked("train", "--resume", parts, "--device", "cpu", cwd=tmp_path)
    assert resumed.code == 0, resumed.err
    assert not any(path.exists() for path in left)
    assert losses(parts) == losses(whole)
    states = [weights.load(run / "checkpoint.safetensors").state for run in (whole, parts)]
    assert all(bytes(value.numpy()) == bytes(states[1][name].numpy()) for name, value in states[0].items())


def test_two_processes_give_the_update_of_one(data: Path, tmp_path: Path, command: Run, forked: Run) -> None:
    """Each works on half of every batch, on a real process group (gloo)."""
    line = ["train", write_lite(tmp_path), "--data", data, "--device", "cpu", "--set", "optim.steps=3"]
    one = forked(*line, "--run", tmp_path / "one", cwd=tmp_path)
    two = command(*line, "--run", tmp_path / "two", "--processes", "2", "--json", cwd=tmp_path)
    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert two.json["step"] == 3
    assert "2 x cpu" in two.err
    states = [weights.load(tmp_path / run / "checkpoint.safetensors").state for run in ("one", "two")]
    for name, value in states[0].items():
        np.testing.assert_allclose(states[1][name].numpy(), value.numpy(), rtol=2e-3, atol=2e-6, err_msg=name)
    told = [losses(tmp_path / run)[-1] for run in ("one", "two")]
    assert told[1]["pixel"] == pytest.approx(told[0]["pixel"], rel=1e-4)


def test_a_dry_run_tells_size_time_and_memory_and_writes_nothing(inside: Run, data: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    line = ("train", recipe(tmp_path, 5000), "--data", data, "--dry-run", "--device", "cpu")
    result = inside(*line)
    assert result.code == 0, result.err
    for word in ("parameters  G_A", "5000 of 2 images", "images/s", "in all", "GB"):
        assert word in result.out.decode()
    values = inside(*line, "--json").json
    assert values["steps"] == 5000
    (stage,) = values["stages"]
    assert values["seconds"] == pytest.approx(5000 * stage["seconds_per_step"])
    assert values["memory"] > 1e8
    assert set(tmp_path.rglob("*")) - set(before) == {tmp_path / "recipe.toml"}


def test_a_packaged_recipe_by_name_with_changes(inside: Run, data: Path, tmp_path: Path) -> None:
    changes = (
        "sources=[{folder='pairs'}]",
        "validation=[]",
        "start_from=''",
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
    assert (stored["preset"], stored["optim"]["rate"], stored["optim"]["steps"]) == ("lite", 4e-4, 1)
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
        ((good, "--data", data), 2, "--run DIR is missing"),
        ((good, "--run", "run"), 2, "--data ROOT is missing"),
        (("--data", data, "--run", "run"), 2, "RECIPE is missing"),
        ((good, "--data", data, "--run", "run", "--resume", "run"), 2, "give one of them"),
        (("--resume", "new"), 3, "recipe.json"),
        ((good, "--data", data, "--resume", "new"), 4, "checkpoint.safetensors"),
        ((good, "--data", data, "--run", "run", "--device", "cpu", "--processes", "3"), 2, "3"),
        ((good, "--data", data, "--run", "file"), 1, "file: is a file"),
    ):
        result = inside("train", *args)
        assert result.code == code, result.err
        assert result.err.count("\n") == 1
        assert words in result.err
