"""A real, small run on rendered pairs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from nircolor import scenes, weights
from nircolor.colorizer import Colorizer
from nircolor.datasets import open_dataset
from nircolor.errors import NircolorError, UsageError, WeightsError
from nircolor.evaluation.methods import Network
from nircolor.evaluation.metrics import choose_metrics
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.runner import Settings, measure
from nircolor.model import PRESETS, BranchConfig, VSSConfig
from nircolor.training.recipe import OptimConfig, Recipe, SourceConfig
from nircolor.training.recipe_file import parse_recipe
from nircolor.training.trainer import Trainer, learning_rate

TINY = replace(
    PRESETS["lite"],
    rgb=BranchConfig((8, 8), (0, 1), stride=2),
    prior=BranchConfig((8, 8), (0, 1), stride=2),
    vss=VSSConfig(state=2, head=8),
)


@pytest.fixture(autouse=True)
def tiny_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRESETS, "tiny", TINY)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    for seed in range(4):
        scene = scenes.render(seed, 48, 56)
        tifffile.imwrite(root / f"{seed}_nir.tif", scenes.quantise(scene.nir, 8))
        tifffile.imwrite(root / f"{seed}_rgb.tif", scenes.quantise(scene.rgb, 8), photometric="rgb")
    return root


def recipe(steps: int = 6, loss: dict[str, object] | None = None, **optim: object) -> Recipe:
    settings = {"steps": steps, "batch": 2, "warmup": 2, "precision": "fp32", **optim}
    values = {
        "preset": "tiny",
        "sources": [{"folder": "."}],
        "augment": {"size": 24},
        "loss": loss or {},
        "texture": {"steps": 5, "batch": 2, "width": 8},
        "optim": settings,
        "save_every": 2,
    }
    return parse_recipe(values)


def losses(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_a_run_learns_and_its_weights_colorize(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(60, rate=5e-3), tmp_path, data)
    first = trainer.update([trainer.feed.make(0)])["pixel"]
    trainer.train()
    last = np.mean([trainer.update([trainer.feed.make(step)])["pixel"] for step in range(5)])
    assert last < 0.6 * first
    rgb = Colorizer.from_weights(str(tmp_path / "weights.safetensors"), precision="fp32").colorize(
        np.zeros((30, 40), np.uint8)
    )
    assert rgb.shape == (30, 40, 3)


PAPERS = {
    "ours": {},
    "haqagen": {
        "pixel": 0, "blurred": 0, "angular": 0, "prior": 0, "mse": 15, "feature": 15, "delta": 0, "adversarial": 1,
        "feature_on_hsv": True,
    },
    "colormamba": {
        "pixel": 0, "blurred": 0, "angular": 0, "prior": 0, "mse": 100, "feature": 100, "beta": 0, "delta": 0,
        "ms_ssim": 1, "adversarial": 1, "gan": "vanilla", "critic_spaces": ["rgb"],
    },
}  # fmt: skip


@pytest.mark.parametrize("paper", PAPERS)
def test_resuming_gives_the_same_weights_as_never_stopping(paper: str, data: Path, tmp_path: Path) -> None:
    """The second half of a run starts from the files of the first alone; critics and texture network included."""
    each = 2 if paper == "colormamba" else 1
    whole_recipe = recipe(6, generator_steps=each, loss=PAPERS[paper])
    Trainer(whole_recipe, tmp_path / "whole", data).train()
    stopped = Trainer(whole_recipe, tmp_path / "parts", data)
    stopped.prepare()
    for step in range(4):
        stopped.update([stopped.feed.make(each * step + index) for index in range(each)])
        stopped.step += 1
    stopped.save()
    Trainer(whole_recipe, tmp_path / "parts", data, resume=True).train()
    whole, parts = (weights.load(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "parts"))
    assert whole.meta["step"] == parts.meta["step"] == 6
    assert any(name.startswith("critic.") for name in whole.state) == (paper != "ours")
    for name, value in whole.state.items():
        torch.testing.assert_close(parts.state[name], value, atol=1e-6, rtol=1e-5)


def test_both_papers_objectives_train_critics_too(data: Path, tmp_path: Path) -> None:
    for paper in ("haqagen", "colormamba"):
        Trainer(recipe(20, generator_steps=2, loss=PAPERS[paper]), tmp_path / paper, data).train()
        records = losses(tmp_path / paper)
        assert {"critic", "adversarial", "mse", "texture"} <= set(records[-1])
        assert (tmp_path / paper / "texture.safetensors").is_file()


def test_epochs_count_all_training_pairs(data: Path, tmp_path: Path) -> None:
    assert Trainer(recipe(0, epochs=3), tmp_path, data).steps == 6  # 4 pairs, batches of 2


def test_training_on_what_validates_is_refused(data: Path, tmp_path: Path) -> None:
    judged = replace(recipe(2), validation=(SourceConfig("."),))
    with pytest.raises(UsageError, match="is a validation picture"):
        Trainer(judged, tmp_path / "run", data)
    assert not (tmp_path / "run").exists()


def test_resuming_another_network_is_refused(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Trainer(recipe(2), tmp_path, data).train()
    monkeypatch.setitem(PRESETS, "tiny", replace(TINY, prior_features=2))
    with pytest.raises(WeightsError, match="another network"):
        Trainer(recipe(2), tmp_path, data, resume=True)
    (tmp_path / "checkpoint.safetensors").write_bytes((tmp_path / "weights.safetensors").read_bytes())
    with pytest.raises(WeightsError, match="not a training checkpoint"):
        Trainer(recipe(2), tmp_path, data, resume=True)


def test_a_loss_that_is_not_a_number_stops_the_run_and_names_the_step(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(2), tmp_path, data)
    with torch.no_grad():
        trainer.network.rgb_branch.head.bias.fill_(float("nan"))
    with pytest.raises(NircolorError, match=r"step 0: the loss is not a number \(pixel nan"):
        trainer.train()


def test_validation_scores_are_those_of_evaluate(data: Path, tmp_path: Path) -> None:
    """Trained on two folders' worth of pairs, judged on a third."""
    judged = tmp_path / "judged"
    for seed in (7, 8):
        scene = scenes.render(seed, 48, 56)
        judged.mkdir(exist_ok=True)
        tifffile.imwrite(judged / f"{seed}_nir.tif", scenes.quantise(scene.nir, 8))
        tifffile.imwrite(judged / f"{seed}_rgb.tif", scenes.quantise(scene.rgb, 8), photometric="rgb")
    made = replace(recipe(2), validation=(SourceConfig(str(judged)),), validate_every=2)
    Trainer(made, tmp_path / "run", data).train()
    record = losses(tmp_path / "run")[-1]
    engine = Network("ours", Colorizer.from_weights(str(tmp_path / "run" / "weights.safetensors"), device="cpu"))
    pairs = open_dataset(judged).pairs
    found = measure(pairs, [engine], Settings(SRGB8, choose_metrics(("psnr", "angle"), None)))
    for key in ("psnr", "angle"):
        expected = np.mean([row.values[key] for row in found.rows])
        assert record[f"{judged}/{key}"] == pytest.approx(expected)


def test_batches_depend_on_seed_and_step_alone(data: Path, tmp_path: Path) -> None:
    feed = Trainer(recipe(2), tmp_path, data).feed
    streamed = [batch.nir for batch, _ in zip(feed.batches(3), range(3), strict=False)]
    for step, nir in enumerate(streamed, 3):
        assert torch.equal(feed.make(step).nir, nir)
    assert not torch.equal(streamed[0], streamed[1])


def test_learning_rate_warms_up_then_falls_to_a_hundredth() -> None:
    config = OptimConfig(steps=100, warmup=10, rate=1.0)
    rates = [learning_rate(config, step, 100) for step in range(101)]
    assert rates[0] == 0.1
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[100] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_half_precision_on_a_cpu_is_announced(data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Trainer(recipe(2, precision="fp16"), tmp_path / "half", data)
    assert "bf16 instead" in caplog.text
    caplog.clear()
    Trainer(recipe(2), tmp_path / "full", data)
    assert caplog.text == ""
