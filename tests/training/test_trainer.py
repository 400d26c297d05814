"""A real, small run on rendered pairs."""

from __future__ import annotations

import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_network import SMALL
from tiny_run import PAPERS, recipe, write_pairs

from nircolor import weights
from nircolor.colorizer import Colorizer
from nircolor.datasets import open_dataset
from nircolor.errors import NircolorError, OutputError, UsageError, WeightsError
from nircolor.evaluation.methods import Network
from nircolor.evaluation.metrics import choose_metrics
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.runner import MeasureSettings, measure
from nircolor.events import Event, Reporter
from nircolor.model import PRESETS
from nircolor.training.events import Losses, Scores
from nircolor.training.recipe import OptimConfig, SourceConfig
from nircolor.training.schedule import learning_rate
from nircolor.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny_preset")


def trained(trainer: Trainer) -> list[Event]:
    """The events of a run but its progress."""
    events: list[Event] = []
    trainer.train(events.append)
    return [event for event in events if isinstance(event, Losses | Scores)]


def test_a_run_learns_and_its_weights_colorize(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(40, rate=5e-3), tmp_path, data)
    first = trainer.update([trainer.loader.make(0)])["pixel"]
    trainer.train()
    last = np.mean([trainer.update([trainer.loader.make(step)])["pixel"] for step in range(5)])
    assert last < 0.6 * first
    rgb = Colorizer.from_weights(str(tmp_path / "weights.safetensors"), precision="fp32").colorize(
        np.zeros((30, 40), np.uint8)
    )
    assert rgb.shape == (30, 40, 3)


@pytest.mark.parametrize("paper", PAPERS)
def test_resuming_gives_the_same_weights_as_never_stopping(paper: str, data: Path, tmp_path: Path) -> None:
    """The second half of a run starts from the files of the first alone; critics and texture network included."""
    each = 2 if paper == "colormamba" else 1
    whole_recipe = recipe(6, generator_steps=each, loss=PAPERS[paper])
    told = trained(Trainer(whole_recipe, tmp_path / "whole", data))
    stopped = Trainer(whole_recipe, tmp_path / "parts", data)
    stopped.run.mkdir()
    stopped.prepare()
    for step in range(4):
        stopped.update([stopped.loader.make(each * step + index) for index in range(each)])
    stopped.save()
    again = trained(Trainer(whole_recipe, tmp_path / "parts", data, resume=True))
    assert again[-1].step == told[-1].step == 6
    assert again[-1].values == pytest.approx(told[-1].values, rel=1e-5)
    whole, parts = (weights.load(tmp_path / name / "checkpoint.safetensors") for name in ("whole", "parts"))
    assert whole.meta["step"] == parts.meta["step"] == 6
    assert any(name.startswith("critic.") for name in whole.state) == (paper != "ours")
    for name, value in whole.state.items():
        torch.testing.assert_close(parts.state[name], value, atol=1e-6, rtol=1e-5)


def test_both_papers_objectives_train_critics_too(data: Path, tmp_path: Path) -> None:
    for paper in ("haqagen", "colormamba"):
        events = trained(Trainer(recipe(4, generator_steps=2, loss=PAPERS[paper]), tmp_path / paper, data))
        assert {event.stage for event in events} == {"texture autoencoder", "training"}
        assert {"critic", "adversarial", "mse", "texture", "loss", "gradient"} == set(events[-1].values) - {"cdf"}
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
    monkeypatch.setitem(PRESETS, "tiny", replace(SMALL, prior_features=2))
    with pytest.raises(WeightsError, match=r"another network: model\.prior_features was 9, is 2 now; choose"):
        Trainer(recipe(2), tmp_path, data, resume=True)
    (tmp_path / "checkpoint.safetensors").write_bytes((tmp_path / "weights.safetensors").read_bytes())
    with pytest.raises(WeightsError, match="not a training checkpoint"):
        Trainer(recipe(2), tmp_path, data, resume=True)


def test_a_loss_that_is_not_a_number_stops_the_run_and_names_the_step(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(2), tmp_path, data)
    with torch.no_grad():
        trainer.network.rgb_branch.head.bias.fill_(float("nan"))
    with pytest.raises(NircolorError, match=r"step 0: pixel, .* not a number \(pixel nan"):
        trainer.train()


def test_validation_scores_are_those_of_evaluate(data: Path, tmp_path: Path) -> None:
    """Trained on two folders' worth of pairs, judged on a third."""
    judged = write_pairs(tmp_path / "judged", 7, 8)
    made = replace(recipe(2), validation=(SourceConfig(str(judged)),), validate_every=2)
    scores = trained(Trainer(made, tmp_path / "run", data))[-1]
    assert isinstance(scores, Scores)
    assert [picture.id for picture in scores.pictures] == ["7", "8"]
    engine = Network("ours", Colorizer.from_weights(str(tmp_path / "run" / "weights.safetensors"), device="cpu"))
    pairs = open_dataset(judged).pairs
    found = measure(pairs, [engine], MeasureSettings(SRGB8, choose_metrics(("psnr", "angle"), None)))
    for key in ("psnr", "angle"):
        expected = np.mean([row.values[key] for row in found.rows])
        assert scores.values[f"{judged}/{key}"] == pytest.approx(expected)


def test_batches_depend_on_seed_and_step_alone(data: Path, tmp_path: Path) -> None:
    loader = Trainer(recipe(2), tmp_path, data).loader
    streamed = [batch.nir for batch, _ in zip(loader.batches(3), range(3), strict=False)]
    for step, nir in enumerate(streamed, 3):
        assert torch.equal(loader.make(step).nir, nir)
    assert not torch.equal(streamed[0], streamed[1])


def test_learning_rate_warms_up_then_falls_to_a_hundredth() -> None:
    config = OptimConfig(steps=100, warmup=10, rate=1.0)
    rates = [learning_rate(config, step, 100) for step in range(101)]
    assert rates[0] == 0.1
    assert max(rates) == rates[9] == rates[10] == 1.0
    assert rates[100] == pytest.approx(0.01)
    assert rates[10:] == sorted(rates[10:], reverse=True)


def test_half_precision_on_a_cpu_is_announced(data: Path, tmp_path: Path) -> None:
    half, full = Reporter(), Reporter()
    Trainer(recipe(2, precision="fp16"), tmp_path / "half", data, reporter=half)
    assert ["bf16 instead" in text for text in half.warnings] == [True]
    Trainer(recipe(2), tmp_path / "full", data, reporter=full)
    assert full.warnings == []


def test_the_best_by_angle_is_the_smallest(data: Path, tmp_path: Path) -> None:
    judged = write_pairs(tmp_path / "judged", 7)
    made = replace(recipe(8, rate=1e-2), validation=(SourceConfig(str(judged)),), validate_every=2, best_by="angle")
    trainer = Trainer(made, tmp_path / "run", data)
    angles = [event.values[f"{judged}/angle"] for event in trained(trainer) if isinstance(event, Scores)]
    assert len(set(angles)) > 1
    assert trainer.state.best == -min(angles)


def test_the_best_weights_are_kept_and_patience_ends_a_run(data: Path, tmp_path: Path) -> None:
    """At a rate of nearly nothing no validation is better than the first."""
    judged = write_pairs(tmp_path / "judged", 7)
    made = recipe(50, rate=1e-12, ema=0)
    made = replace(made, validation=(SourceConfig(str(judged)),), validate_every=2, patience=3)
    trainer = Trainer(made, tmp_path / "run", data)
    scores = [event for event in trained(trainer) if isinstance(event, Scores)]
    best = max(event.values[f"{judged}/psnr"] for event in scores)
    assert [event.best for event in scores].count(True) >= 1
    last_best = [event.step for event in scores if event.best][-1]
    assert trainer.step == last_best + 2 * made.patience < 50
    meta = weights.read_meta(tmp_path / "run" / "best.safetensors")
    assert (meta["step"], meta["metrics"][f"{judged}/psnr"]) == (last_best, best)
    assert meta["data"]["sources"] == [{"folder": ".", "split": "", "pairs": 4, "scenes": 4}]


def test_a_full_disk_leaves_the_old_checkpoint_whole(data: Path, tmp_path: Path) -> None:
    """No file may grow past half of the checkpoint's size: the system's own limit."""
    Trainer(recipe(2), tmp_path / "run", data).train()
    checkpoint = tmp_path / "run" / "checkpoint.safetensors"
    before = checkpoint.read_bytes()
    trainer = Trainer(recipe(4), tmp_path / "run", data, resume=True)
    trainer.prepare()
    usual, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OutputError, match="File too large; nothing was written"):
            trainer.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (usual, hard))
    assert checkpoint.read_bytes() == before
    assert not list((tmp_path / "run").glob(".nircolor-*"))
    Trainer(recipe(4), tmp_path / "run", data, resume=True).train()


@pytest.mark.parametrize("paper", PAPERS)
def test_parts_of_a_batch_give_the_update_of_the_whole(paper: str, data: Path, tmp_path: Path) -> None:
    made = {parts: recipe(4, batch=4, accumulate=parts, loss=PAPERS[paper]) for parts in (1, 2)}
    moved = {}
    for parts, each in made.items():
        trainer = Trainer(each, tmp_path / str(parts), data)
        trainer.run.mkdir()
        batches = [trainer.loader.make(0)]
        before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
        trainer.update(batches)
        moved[parts] = {name: value - before[name] for name, value in trainer.network.state_dict().items()}
    for name, whole in moved[1].items():
        difference = (moved[2][name] - whole).norm()
        assert difference <= 0.02 * whole.norm() + 1e-7, name


def test_a_batch_that_cannot_be_shared_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"optim\.accumulate = 3: must divide optim\.batch = 4"):
        recipe(2, batch=4, accumulate=3)


def test_a_run_starts_from_weights_of_its_own_network_only(data: Path, tmp_path: Path) -> None:
    Trainer(recipe(2), tmp_path / "first", data).train()
    begun = tmp_path / "first" / "weights.safetensors"
    trainer = Trainer(replace(recipe(2), start_from=str(begun)), tmp_path / "second", data)
    state = weights.load(begun).state
    assert all(torch.equal(value, state[name]) for name, value in trainer.network.state_dict().items())
    with pytest.raises(WeightsError, match=r"lite: start_from: not weights of the recipe's network \(.{5,200}\)$"):
        Trainer(replace(recipe(2), start_from="lite"), tmp_path / "third", data)
