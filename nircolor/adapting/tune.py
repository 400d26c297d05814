"""One training on pairs in memory: from finished weights, at a small constant rate, with what it should not forget."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nircolor import scenes
from nircolor.adapting.config import AdaptConfig
from nircolor.calibrating.samples import UsablePair
from nircolor.device import choose_precision
from nircolor.torch_networks import TorchNetworks
from nircolor.training.checkpoint import Ema
from nircolor.training.data_loader import DataLoader, PairSource
from nircolor.training.devices import fabric_for
from nircolor.training.objective import Objective
from nircolor.training.schedule import learning_rate
from nircolor.training.update import Updater

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

State = Mapping[str, Tensor]
_COARSE = re.compile(r"pyramid\.((levels|laterals)\.[23]|ups\.[12])\.")  # at strides 16 and 32: model/pyramid.py
SIDE = 128  # of rendered scenes, in pixels


def rendered(seeds: Sequence[int], engine: Colorizer | None = None) -> list[UsablePair]:
    """Rendered scenes, in their true colours, or as the engine paints them: what it knew (Li and Hoiem, Learning
    without forgetting, 2016)."""
    pairs = []
    for seed in seeds:
        scene = scenes.render(seed, SIDE, SIDE)
        nir, truth = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
        pairs.append(UsablePair(f"rendered_{seed}", nir, engine.colorize(nir) if engine else truth))
    return pairs


def tuned(
    engine: Colorizer,
    pairs: Sequence[UsablePair],
    kept: Sequence[UsablePair],
    config: AdaptConfig,
    steps: int,
    on_step: Callable[[int], None],
) -> Generator[tuple[int, State], None, None]:
    """Train a copy of the engine's network on ``pairs``, and on ``kept`` by the share that the configuration says.

    Yields after every check the steps so far and the averaged weights, which change when the next ones are asked for.
    A run of fewer steps is the beginning of a longer one. Raises what ``on_step`` raises, and NircolorError when a loss
    is not a number.
    """
    network, device = copy.deepcopy(engine.networks.network).train(), torch.device(engine.info.device)
    _leave(network)
    recipe = config.recipe(network.config, engine.info.precision)
    updater = Updater(recipe, network, fabric_for(recipe.optim.precision, engine.info.device))
    ema, objective = Ema(updater.network, recipe.optim.ema), Objective(recipe.loss, None, device)
    sources = [PairSource(pairs, 1 - config.keep), *([PairSource(kept, config.keep)] if config.keep else [])]
    equalize = network.config.equalize
    loader = DataLoader(sources, recipe.augment, config.seed, config.batch, equalize=equalize, workers=1)
    with closing(loader.batches(0)) as batches:
        for step, batch in zip(range(steps), batches, strict=False):
            updater.update(objective, [batch], step, learning_rate(recipe.optim, step, steps))
            ema.update(updater.network, step)
            on_step(step + 1)
            if (step + 1) % config.every == 0:
                yield step + 1, ema.state


def _leave(network: nn.Module) -> None:
    """Where G_B has a pretrained encoder, its coarse levels alone learn: they know what the picture shows, so that what
    they learn of one kind of picture says least of others (docs/experiments.md, adapt-1)."""
    names = [name for name, _ in network.named_parameters() if _COARSE.search(name)]
    for name, parameter in network.named_parameters() if names else ():
        parameter.requires_grad_(name in names)


def drawn_back(engine: Colorizer, state: State, share: float) -> Colorizer:
    """An engine whose weights are ``share`` of the tuned ones and the rest of those of ``engine`` (Wortsman et al.,
    Robust fine-tuning of zero-shot models, 2022)."""
    from nircolor.colorizer import Colorizer

    network = copy.deepcopy(engine.networks.network)
    start = network.state_dict()
    network.load_state_dict({name: torch.lerp(value, state[name], share) for name, value in start.items()})
    device = torch.device(engine.info.device)
    networks = TorchNetworks(network.eval(), device, choose_precision(engine.info.precision, device))
    return Colorizer(networks, engine.info, engine.tiling)
