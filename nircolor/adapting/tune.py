"""One training on pairs in memory: from finished weights, at a small constant rate, with what it should not forget."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from nircolor import scenes
from nircolor.adapting.config import AdaptConfig
from nircolor.calibrating.samples import UsablePair
from nircolor.device import choose_precision
from nircolor.errors import WeightsError
from nircolor.torch_networks import TorchNetworks
from nircolor.training.checkpoint import Ema, Optimised, TrainingState, load_checkpoint, save_checkpoint
from nircolor.training.data_loader import DataLoader, PairSource
from nircolor.training.devices import fabric_for
from nircolor.training.objective import Objective
from nircolor.training.schedule import learning_rate
from nircolor.training.update import Updater

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer
    from nircolor.model import Generator as Network

State = Mapping[str, Tensor]
_COARSE = re.compile(r"pyramid\.((levels|laterals)\.[23]|ups\.[12])\.")  # at strides 16 and 32: model/pyramid.py
_ANEW = "remove it, and this training begins anew"
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
    checkpoint: Path,
) -> Generator[tuple[int, State], None, None]:
    """Train a copy of the engine's network on ``pairs``, and on ``kept`` by the share that the configuration says.

    Yields at every check the steps so far and the averaged weights, which change when the next ones are asked for.
    A run of fewer steps is the beginning of a longer one. ``checkpoint``: a file that is written at every check and
    whenever ``on_step`` ends the work; where there is one, the training goes on with it, and yields the check that it
    was written at once more. Raises what ``on_step`` raises, NircolorError when a loss is not a number, WeightsError
    for a file that is no such checkpoint, OutputError.
    """
    network, device = copy.deepcopy(engine.networks.network).train(), torch.device(engine.info.device)
    _leave(network)
    recipe = config.recipe(network.config, engine.info.precision)
    updater = Updater(recipe, network, fabric_for(recipe.optim.precision, engine.info.device))
    ema, objective = Ema(updater.network, recipe.optim.ema), Objective(recipe.loss, None, device)
    training = _Training(checkpoint, updater, ema)
    sources = [PairSource(pairs, 1 - config.keep), *([PairSource(kept, config.keep)] if config.keep else [])]
    equalize = network.config.equalize
    loader = DataLoader(sources, recipe.augment, config.seed, config.batch, equalize=equalize, workers=1)
    start = training.restored()
    if start and start % config.every == 0:
        yield start, ema.state
    with closing(loader.batches(start)) as batches:
        for step, batch in zip(range(start, steps), batches, strict=False):
            updater.update(objective, [batch], step, learning_rate(recipe.optim, step, steps))
            ema.update(updater.network, step)
            with training.saved_when_stopped(step + 1):
                on_step(step + 1)
            if (step + 1) % config.every == 0:
                training.save(step + 1)
                yield step + 1, ema.state


@dataclass(frozen=True)
class _Training:
    """What changes from step to step, on the disk."""

    file: Path
    updater: Updater
    ema: Ema

    def restored(self) -> int:
        """Steps that had been done, 0 where there is no file."""
        if not self.file.exists():
            return 0
        try:
            state = load_checkpoint(self.file, self._networks, self.ema, self.updater.recipe)
        except WeightsError as error:
            raise WeightsError("cannot be gone on with", path=self.file, remedy=_ANEW) from error
        self.updater.fabric.strategy.precision.load_state_dict(state.scaler)
        return state.step

    def save(self, step: int) -> None:
        state = TrainingState(step, scaler=self.updater.fabric.strategy.precision.state_dict())
        save_checkpoint(self.file, state, self._networks, self.ema, self.updater.recipe)

    @contextmanager
    def saved_when_stopped(self, step: int) -> Iterator[None]:
        try:
            yield
        except BaseException:  # a signal, too
            self.save(step)
            raise

    @property
    def _networks(self) -> dict[str, Optimised]:
        return {"network": Optimised(self.updater.network, self.updater.optimiser)}


def _leave(network: nn.Module) -> None:
    """Where G_B has a pretrained encoder, its coarse levels alone learn: they know what the picture shows, so that what
    they learn of one kind of picture says least of others (docs/experiments.md, adapt-1)."""
    names = [name for name, _ in network.named_parameters() if _COARSE.search(name)]
    for name, parameter in network.named_parameters() if names else ():
        parameter.requires_grad_(name in names)


def drawn_back(engine: Colorizer, state: State, share: float) -> Colorizer:
    """An engine whose weights are ``share`` of the tuned ones and the rest of those of ``engine`` (Wortsman et al.,
    Robust fine-tuning of zero-shot models, 2022)."""
    network = copy.deepcopy(engine.networks.network)
    start = network.state_dict()
    network.load_state_dict({name: torch.lerp(value, state[name], share) for name, value in start.items()})
    return with_network(engine, network)


def with_network(engine: Colorizer, network: Network) -> Colorizer:
    """The same engine, with another network of its kind."""
    from nircolor.colorizer import Colorizer

    device = torch.device(engine.info.device)
    networks = TorchNetworks(network.eval(), device, choose_precision(engine.info.precision, device))
    return Colorizer(networks, engine.info, engine.tiling)
