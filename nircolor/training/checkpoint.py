"""The whole state of a run in one safetensors file: parameters, their average, and the optimiser's moments."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.training.recipe import Recipe

_MOMENTS = ("exp_avg", "exp_avg_sq")


class Average:
    """Exponential moving average of a network's parameters; young averages follow faster."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        values = [value.detach() for value in network.state_dict().values()]
        torch._foreach_lerp_(list(self.state.values()), values, 1 - decay)


def save_checkpoint(
    path: Path, step: int, network: nn.Module, average: Average, optimiser: torch.optim.AdamW, recipe: Recipe
) -> None:
    """Write atomically: the old file stays whole until the new one is complete."""
    tensors: dict[str, Tensor] = {f"network.{name}": value for name, value in network.state_dict().items()}
    tensors |= {f"average.{name}": value for name, value in average.state.items()}
    for name, parameter in network.named_parameters():
        for moment in _MOMENTS:
            if parameter in optimiser.state:
                tensors[f"{moment}.{name}"] = optimiser.state[parameter][moment]
    meta = {"kind": "checkpoint", "step": step, "recipe": recipe.to_dict(), "config": recipe.model.to_dict()}
    weights.save(path, {name: value.contiguous() for name, value in tensors.items()}, meta)


def load_checkpoint(path: Path, network: nn.Module, average: Average, optimiser: torch.optim.AdamW) -> int:
    """Fill everything from a file and return the step it was saved at. Raises WeightsError for another network."""
    loaded = weights.load(path)
    step = loaded.meta.get("step")
    if loaded.meta.get("kind") != "checkpoint" or not isinstance(step, int):
        raise WeightsError(f"{path}: not a training checkpoint")
    try:
        network.load_state_dict(_part(loaded.state, "network"))
    except RuntimeError as error:
        raise WeightsError(f"{path}: of another network than the recipe's ({str(error).splitlines()[-1]})") from error
    average.state.update(_part(loaded.state, "average"))
    moments = {moment: _part(loaded.state, moment) for moment in _MOMENTS}
    for name, parameter in network.named_parameters():
        if name in moments["exp_avg"]:
            optimiser.state[parameter] = {"step": torch.tensor(float(step))}
            optimiser.state[parameter] |= {moment: moments[moment][name] for moment in _MOMENTS}
    return step


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(prefix + ".")}
