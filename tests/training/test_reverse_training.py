"""The recipe nir-from-rgb: a run in the other direction trains, is judged, resumes, and its weights make pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import write_pairs

from nircolor.events import Event
from nircolor.model import PRESETS
from nircolor.training.events import Losses, Scores
from nircolor.training.made import load_reverse
from nircolor.training.recipe import Recipe
from nircolor.training.recipe_file import parse_recipe
from nircolor.training.trainer import Trainer

SMALL = replace(
    PRESETS["nir-from-rgb"],
    prior=replace(PRESETS["nir-from-rgb"].prior, widths=(8, 8, 8, 8), blocks=(0, 0, 0, 0)),
)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setitem(PRESETS, "small-reverse", SMALL)
    write_pairs(tmp_path / "data" / "train", 1, 2)
    write_pairs(tmp_path / "data" / "judged", 7)
    return parse_recipe(
        {
            "preset": "small-reverse",
            "sources": [{"folder": "train"}],
            "validation": [{"folder": "judged"}],
            "augment": {"size": 32, "gamma": 0, "gain": 0, "noise": 0, "max_zoom": 1},
            "optim": {"steps": 6, "batch": 2, "warmup": 1, "rate": 3e-3, "precision": "fp32"},
            "save_every": 3,
            "validate_every": 6,
        }
    )


def test_it_trains_is_judged_and_its_weights_are_taken(made: Recipe, tmp_path: Path) -> None:
    told: list[Event] = []
    Trainer(made, tmp_path / "run", tmp_path / "data").train(told.append)
    losses = [event for event in told if isinstance(event, Losses)]
    assert set(losses[-1].values) == {"pixel", "blurred", "loss", "gradient"}
    scores = [event for event in told if isinstance(event, Scores)]
    assert set(scores[-1].values) == {"judged/psnr"}
    assert [picture.id for picture in scores[-1].pictures] == ["7"]
    network = load_reverse(str(tmp_path / "run" / "weights.safetensors"))
    with torch.no_grad():
        assert network(torch.rand(1, 3, 20, 30)).shape == (1, 1, 20, 30)


def test_a_resumed_run_is_the_same_run(made: Recipe, tmp_path: Path) -> None:
    whole = Trainer(made, tmp_path / "whole", tmp_path / "data")
    whole.train()
    short = replace(made, validation=())
    stopped = Trainer(short, tmp_path / "parts", tmp_path / "data")
    for step in range(3):
        stopped.update([stopped.loader.make(step)])
    stopped.run.mkdir()
    stopped.save()
    again = Trainer(short, tmp_path / "parts", tmp_path / "data", resume=True)
    again.train()
    for name, value in whole.network.state_dict().items():
        torch.testing.assert_close(again.network.state_dict()[name], value, atol=1e-5, rtol=1e-4)
