"""The whole state of a run in one safetensors file: every network, the average, and every optimiser's moments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.training.recipe import Recipe

_MOMENTS = ("exp_avg", "exp_avg_sq")


class Average:
    """Exponential moving average of a network's parameters; young averages follow faster. Decay 0: the network."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        values = [value.detach() for value in network.state_dict().values()]
        torch._foreach_lerp_(list(self.state.values()), values, 1 - decay)


@dataclass(frozen=True)
class Player:
    """A network and the optimiser that trains it: the generator, or the critics."""

    network: nn.Module
    optimiser: torch.optim.AdamW


def save_checkpoint(path: Path, step: int, players: Mapping[str, Player], average: Average, recipe: Recipe) -> None:
    """Write atomically: the old file stays whole until the new one is complete."""
    tensors: dict[str, Tensor] = {f"average.{name}": value for name, value in average.state.items()}
    updates = {}
    for who, player in players.items():
        tensors |= {f"{who}.{name}": value for name, value in player.network.state_dict().items()}
        for name, parameter in player.network.named_parameters():
            state = player.optimiser.state.get(parameter, {})
            tensors |= {f"{who}.{moment}.{name}": state[moment] for moment in _MOMENTS if moment in state}
            updates[who] = float(state.get("step", 0.0))
    meta = {"kind": "checkpoint", "step": step, "updates": updates, "recipe": recipe.to_dict()}
    weights.save(path, tensors, {**meta, "config": recipe.model.to_dict()})


def load_checkpoint(path: Path, players: Mapping[str, Player], average: Average) -> int:
    """Fill everything from a file and return the step it was saved at. Raises WeightsError for another network."""
    loaded = weights.load(path)
    step, updates = loaded.meta.get("step"), loaded.meta.get("updates")
    if loaded.meta.get("kind") != "checkpoint" or not isinstance(step, int) or not isinstance(updates, dict):
        raise WeightsError(f"{path}: not a training checkpoint of this nircolor")
    average.state.update(_part(loaded.state, "average"))
    for who, player in players.items():
        state = _part(loaded.state, who)
        moments = {moment: _part(state, moment) for moment in _MOMENTS}
        own = {name: value for name, value in state.items() if not name.startswith(_MOMENTS)}
        try:
            player.network.load_state_dict(own)
        except RuntimeError as error:
            reason = str(error).splitlines()[-1].strip()
            raise WeightsError(f"{path}: of another network ({who}) than the recipe's ({reason})") from error
        _restore(player, moments, float(updates[who]))
    return step


def _restore(player: Player, moments: dict[str, dict[str, Tensor]], updates: float) -> None:
    for name, parameter in player.network.named_parameters():
        if name in moments[_MOMENTS[0]]:
            player.optimiser.state[parameter] = {"step": torch.tensor(updates)}
            player.optimiser.state[parameter] |= {
                moment: moments[moment][name].to(parameter.device) for moment in _MOMENTS
            }


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(prefix + ".")}
