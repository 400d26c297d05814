"""The whole state of a run in one safetensors file: every network, the average, and every optimiser's moments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.training.recipe import Recipe

_MOMENTS = ("exp_avg", "exp_avg_sq")
_ABSENT = "absent"


class Ema:
    """Exponential moving average of a network's parameters; young averages follow faster. Decay 0: the network."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def update(self, network: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        values = [value.detach() for value in network.state_dict().values()]
        torch._foreach_lerp_(list(self.state.values()), values, 1 - decay)


@dataclass(frozen=True)
class Optimised:
    """A network and the optimiser that trains it: the generator, or the critics."""

    network: nn.Module
    optimiser: torch.optim.Optimizer


@dataclass
class TrainingState:
    """How far a run has come: steps done; the last step that was validated; the best score so far and its step;
    validations since; the fp16 scaler."""

    step: int = 0
    judged: int = 0
    best: float | None = None
    best_step: int = 0
    stale: int = 0
    scaler: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(
    path: Path, state: TrainingState, networks: Mapping[str, Optimised], ema: Ema, recipe: Recipe
) -> None:
    """Write atomically: the old file stays whole until the new one is complete. Raises OutputError (a full disk)."""
    tensors: dict[str, Tensor] = {f"average.{name}": value for name, value in ema.state.items()}
    updates = {}
    for who, trained in networks.items():
        tensors |= {f"{who}.{name}": value for name, value in trained.network.state_dict().items()}
        for name, parameter in trained.network.named_parameters():
            moments = trained.optimiser.state.get(parameter, {})
            tensors |= {f"{who}.{moment}.{name}": moments[moment] for moment in _MOMENTS if moment in moments}
            updates[who] = float(moments.get("step", 0.0))
    meta = {"kind": "checkpoint", "step": state.step, "standing": vars(state), "updates": updates}
    weights.save(path, tensors, {**meta, "recipe": recipe.to_dict(), "config": recipe.model.to_dict()})


def load_checkpoint(path: Path, networks: Mapping[str, Optimised], ema: Ema, recipe: Recipe) -> TrainingState:
    """Fill everything from a file and return how far it had come.

    Raises WeightsError for a file that is no checkpoint, or of another network than the recipe's, naming what differs.
    """
    loaded = weights.load(path)
    state, updates = loaded.meta.get("standing"), loaded.meta.get("updates")
    if loaded.meta.get("kind") != "checkpoint" or not isinstance(state, dict) or not isinstance(updates, dict):
        raise WeightsError("not a training checkpoint of this nircolor", path=path)
    changes = differences(loaded.meta.get("config"), recipe.model.to_dict(), "model")
    if changes:
        remedy = "choose another `run` for this recipe"
        raise WeightsError(f"of another network: {'; '.join(changes)}", path=path, remedy=remedy)
    try:
        ema.state = {name: _part(loaded.state, "average")[name].to(v.device) for name, v in ema.state.items()}
        for who, trained in networks.items():
            _restore(trained, _part(loaded.state, who), float(updates[who]))
        return TrainingState(**state)
    except (RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[-1].strip()
        reason = f"does not hold what this recipe trains ({reason})"
        raise WeightsError(reason, path=path, remedy="choose another `run`") from error


def differences(then: Any, now: Any, path: str = "") -> list[str]:
    """Every value that differs between two nested tables, as ``path was this, is that now``."""
    return list(_differences(then, now, path))


def _differences(then: Any, now: Any, path: str) -> Iterator[str]:
    then, now = _as_table(then), _as_table(now)
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*then, *now]):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differences(then.get(key, _ABSENT), now.get(key, _ABSENT), inner)
    elif _plain(then) != _plain(now):
        yield f"{path} was {_plain(then)}, is {_plain(now)} now"


def _as_table(value: Any) -> Any:
    """A list of tables as a table by place, as the keys of a recipe's changes have it."""
    tables = isinstance(value, list | tuple) and value and isinstance(value[0], Mapping)
    return {str(i): item for i, item in enumerate(value)} if tables else value


def _plain(value: Any) -> Any:
    """Tuples come back from a file as lists."""
    return list(value) if isinstance(value, tuple) else value


def _restore(trained: Optimised, state: dict[str, Tensor], updates: float) -> None:
    moments = {moment: _part(state, moment) for moment in _MOMENTS}
    trained.network.load_state_dict({k: v for k, v in state.items() if not k.startswith(_MOMENTS)})
    for name, parameter in trained.network.named_parameters():
        values = {moment: found[name].to(parameter.device) for moment, found in moments.items() if name in found}
        if values:  # Muon keeps one moment of a matrix, AdamW two
            trained.optimiser.state[parameter] = {"step": torch.tensor(updates), **values}


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name[len(prefix) + 1 :]: value for name, value in tensors.items() if name.startswith(prefix + ".")}
