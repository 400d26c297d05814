"""The files that a run resumes from keep their layout, and what differs between two recipes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny_run import PAPERS, recipe

from nircolor import weights
from nircolor.training.checkpoint import TrainingState, differences
from nircolor.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny_preset")


def test_a_recipe_equals_itself_read_back_from_a_file() -> None:
    values = recipe().to_dict()
    assert differences(json.loads(json.dumps(values)), values) == []


def test_every_difference_is_named_with_its_place() -> None:
    then, now = recipe(6).to_dict(), recipe(8).to_dict()
    now["sources"][0]["weight"] = 2.0
    now["sources"][0]["leave_out"] = ("s1", "s2")
    now["model"]["rgb"]["widths"] = (8, 16)
    del then["patience"]
    assert set(differences(json.loads(json.dumps(then)), now)) == {
        "optim.steps was 6, is 8 now",
        "sources.0.weight was 1.0, is 2.0 now",
        "sources.0.leave_out was [], is ['s1', 's2'] now",
        "model.rgb.widths was [8, 8], is [8, 16] now",
        "patience was absent, is 0 now",
    }


def test_a_table_more_is_a_difference() -> None:
    assert differences([{"a": 1}], [{"a": 1}, {"a": 2}], "sources") == ["sources.1 was absent, is {'a': 2} now"]


STATE = {"step": 4, "judged": 2, "best": -1.5, "best_step": 2, "stale": 1, "scaler": {}}
"""As every nircolor has written it, under ``standing``."""


def test_checkpoints_of_every_nircolor_are_gone_on_with(data: Path, tmp_path: Path) -> None:
    """A file written by hand, as files are laid out since the first."""
    made = recipe(6)
    network = Trainer(made, tmp_path, data).network
    torch.manual_seed(1)
    random = {name: torch.rand_like(value) for name, value in network.state_dict().items()}
    names = [name for name, _ in network.named_parameters()]
    tensors = {f"average.{name}": 2 * value for name, value in random.items()}
    tensors |= {f"network.{name}": value for name, value in random.items()}
    tensors |= {f"network.{moment}.{name}": random[name] for name in names for moment in ("exp_avg", "exp_avg_sq")}
    meta = {"kind": "checkpoint", "step": 4, "standing": STATE, "updates": {"network": 4.0}}
    meta |= {"recipe": made.to_dict(), "config": made.model.to_dict()}
    weights.save(tmp_path / "checkpoint.safetensors", tensors, meta)
    resumed = Trainer(made, tmp_path, data, resume=True)
    assert resumed.state == TrainingState(**STATE)  # type: ignore[arg-type]
    for name, value in random.items():
        assert torch.equal(resumed.network.state_dict()[name], value)
        assert torch.equal(resumed.ema.state[name], 2 * value)
    for parameter in resumed.network.parameters():
        if parameter.requires_grad:
            assert set(resumed.updater.optimiser.state[parameter]) == {"step", "exp_avg", "exp_avg_sq"}


def test_what_is_saved_has_that_layout_too(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(recipe(2, loss=PAPERS["haqagen"]), tmp_path, data)
    trainer.train()
    saved = weights.load(tmp_path / "checkpoint.safetensors")
    assert set(saved.meta) == {"kind", "step", "standing", "updates", "recipe", "config"}
    assert set(saved.meta["standing"]) == set(STATE)  # type: ignore[call-overload]
    assert set(saved.meta["updates"]) == {"network", "critic"}  # type: ignore[call-overload]
    learned = {name for name, value in trainer.network.named_parameters() if value.requires_grad}
    for prefix in ("average.", "network.", "network.exp_avg.", "network.exp_avg_sq."):
        assert {f"{prefix}{name}" for name in learned} <= set(saved.state)
    assert {name.partition(".")[0] for name in saved.state} == {"average", "network", "critic"}
