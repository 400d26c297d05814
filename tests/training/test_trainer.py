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
from nircolor.errors import InputError, NircolorError, UsageError, WeightsError
from nircolor.model import PRESETS, BranchConfig, VSSConfig
from nircolor.training import trainer as training
from nircolor.training.recipe import OptimConfig, Recipe, SourceConfig, load_recipe, parse_recipe
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


def recipe(steps: int = 6, **optim: object) -> Recipe:
    settings = {"steps": steps, "batch": 2, "warmup": 2, "precision": "fp32", **optim}
    values = {
        "preset": "tiny",
        "sources": [{"folder": "."}],
        "augment": {"size": 24},
        "optim": settings,
        "save_every": 2,
    }
    return parse_recipe(values)


def losses(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


def test_a_run_learns_and_its_weights_colorize(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(60, rate=5e-3), tmp_path, data)
    first = trainer._update(trainer.feed.make(0))["pixel"]
    trainer.train()
    last = np.mean([trainer._update(trainer.feed.make(step))["pixel"] for step in range(5)])
    assert last < 0.6 * first
    from nircolor.colorizer import Colorizer

    rgb = Colorizer.from_weights(str(tmp_path / "weights.safetensors"), precision="fp32").colorize(
        np.zeros((30, 40), np.uint8)
    )
    assert rgb.shape == (30, 40, 3)


def test_resuming_gives_the_same_weights_as_never_stopping(data: Path, tmp_path: Path) -> None:
    Trainer(recipe(6), tmp_path / "whole", data).train()
    stopped = Trainer(recipe(6), tmp_path / "parts", data)
    stopped.recipe = replace(stopped.recipe, optim=replace(stopped.recipe.optim, steps=4))
    for batch in (stopped.feed.make(step) for step in range(4)):  # the same learning rates as in the whole run
        stopped.recipe = recipe(6)
        stopped._update(batch)
        stopped.step += 1
    stopped.save()
    Trainer(recipe(6), tmp_path / "parts", data, resume=True).train()
    whole, parts = (weights.load(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "parts"))
    assert whole.meta["step"] == parts.meta["step"] == 6
    for name, value in whole.state.items():
        torch.testing.assert_close(parts.state[name], value, atol=1e-6, rtol=1e-5)


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


def test_validation_scores_are_logged(data: Path, tmp_path: Path) -> None:
    scored = replace(recipe(2), validation=(SourceConfig("."),), validate_every=2)
    Trainer(scored, tmp_path, data).train()
    record = losses(tmp_path)[-1]
    assert {"./psnr", "./angle"} <= set(record)
    assert 3 < record["./psnr"] < 60


def test_batches_depend_on_seed_and_step_alone(data: Path, tmp_path: Path) -> None:
    feed = Trainer(recipe(2), tmp_path, data).feed
    streamed = [batch.nir for batch, _ in zip(feed.batches(3), range(3), strict=False)]
    for step, nir in enumerate(streamed, 3):
        assert torch.equal(feed.make(step).nir, nir)
    assert not torch.equal(streamed[0], streamed[1])


def test_learning_rate_warms_up_then_falls_to_a_hundredth() -> None:
    config = OptimConfig(steps=100, warmup=10, rate=1.0)
    rates = [learning_rate(config, step) for step in range(101)]
    assert rates[0] == 0.1
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[100] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_recipes_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown key 'stepz'"):
        parse_recipe({"preset": "lite", "sources": [{"folder": "."}], "optim": {"stepz": 3}})
    with pytest.raises(UsageError, match="unknown preset 'x'"):
        parse_recipe({"preset": "x", "sources": [{"folder": "."}]})
    with pytest.raises(UsageError, match=r"no \[\[sources\]\]"):
        parse_recipe({"preset": "lite"})
    with pytest.raises(InputError, match=r"missing\.toml"):
        load_recipe(tmp_path / "missing.toml")
    (tmp_path / "bad.toml").write_text("= 3")
    with pytest.raises(InputError, match=r"bad\.toml: not a recipe"):
        load_recipe(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    "path", sorted((Path(training.__file__).parents[1] / "recipes").glob("*.toml")), ids=lambda p: p.name
)
def test_packaged_recipes_parse(path: Path) -> None:
    assert load_recipe(path).preset in PRESETS
