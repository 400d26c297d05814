"""The last layer in closed form: it finds what was done to it, and what holds it holds it."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from small_network import PLAIN, SMALL, network, save

from nircolor import Colorizer, scenes
from nircolor.adapting.readout import Readout
from nircolor.adapting.tune import rendered, with_network
from nircolor.calibrating.samples import UsablePair
from nircolor.model import PRESETS, Generator, ModelConfig
from nircolor.scenes import quantise

HELD = 1e6
"""A ``keep`` that allows nothing."""


def loaded(config: ModelConfig, folder: Path) -> Colorizer:
    path = save(folder / "w.safetensors", network(config))
    return Colorizer.from_weights(str(path), device="cpu", engine="torch", precision="fp32")


def painted(engine: Colorizer, seeds: range) -> list[UsablePair]:
    """What the engine makes of rendered scenes, as the truth."""
    nirs = [(seed, quantise(scenes.render(seed, 64, 80).nir, 8)) for seed in seeds]
    return [UsablePair(str(seed), nir, engine.colorize(nir)) for seed, nir in nirs]


def error(engine: Colorizer, pairs: list[UsablePair]) -> float:
    return float(np.mean([(engine.colorize(pair.nir).astype(float) - pair.rgb) ** 2 for pair in pairs]))


@pytest.mark.parametrize("config", [PLAIN, SMALL], ids=["plain", "small"])
def test_a_head_that_was_changed_is_found(config: ModelConfig, tmp_path: Path) -> None:
    engine = loaded(config, tmp_path)
    changed = copy.deepcopy(engine.networks.network)
    with torch.no_grad():
        changed.rgb_branch.head.weight[:, :, 1, 1] += 0.05 * torch.randn(6, 8, generator=torch.manual_seed(1))
        changed.rgb_branch.head.bias += torch.tensor([0.1, 0.0, -0.1, 0.05, 0.02, -0.05])
    truth = with_network(engine, changed)
    fitted = Readout(engine, painted(truth, range(4)), rendered(range(1), engine)).at(0.0)
    others = painted(truth, range(10, 12))
    assert error(fitted, others) < 0.1 * error(engine, others)
    state, start = fitted.networks.network.state_dict(), engine.networks.network.state_dict()
    assert [name for name in start if not start[name].equal(state[name])] == [
        "rgb_branch.head.weight",
        "rgb_branch.head.bias",
    ]
    moved = state["rgb_branch.head.weight"] != start["rgb_branch.head.weight"]
    assert moved[:, :, 1, 1].any()
    moved[:, :, 1, 1] = False
    assert not moved.any()


def test_what_is_kept_holds_it(tmp_path: Path) -> None:
    engine = loaded(PLAIN, tmp_path)
    pairs = [UsablePair(pair.scene, pair.nir, 255 - pair.rgb) for pair in painted(engine, range(3))]
    readout = Readout(engine, pairs, pairs)
    errors = [error(readout.at(keep), pairs) for keep in (0.0, 1.0, 10.0, HELD)]
    assert errors == sorted(errors)
    assert errors[0] < 0.5 * errors[-1]
    assert errors[-1] == pytest.approx(error(engine, pairs), rel=1e-3)


@pytest.mark.parametrize(("preset", "members", "can"), [("lite", 1, True), ("haqagen", 1, False), ("lite", 2, False)])
def test_which_networks_have_such_a_head(preset: str, members: int, can: bool) -> None:
    with torch.device("meta"):
        made = Generator(PRESETS[preset], members)
    assert Readout.of(made) is can
