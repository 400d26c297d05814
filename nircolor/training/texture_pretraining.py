"""HAQAGen's texture autoencoder, pretrained as a step of its own: on training pictures alone, once, then frozen."""

from __future__ import annotations

import time
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.events import Observer, Progress
from nircolor.model.texture import TextureAutoencoder, load_texture, save_texture
from nircolor.training.data_loader import DataLoader
from nircolor.training.events import Meter
from nircolor.training.recipe import Recipe

if TYPE_CHECKING:
    from lightning_fabric import Fabric

STAGE = "texture autoencoder"


def texture_for(recipe: Recipe, run: Path, loader: DataLoader, fabric: Fabric, observe: Observer) -> TextureAutoencoder:
    """The frozen autoencoder of a run: that of ``loss.texture_weights``, else that of the run, else a new one, saved in
    the run as ``texture.safetensors`` by the first of the processes. Raises WeightsError for a file that is none."""
    if recipe.loss.texture_weights:
        return load_texture(Path(recipe.loss.texture_weights))
    path = run / "texture.safetensors"
    if fabric.is_global_zero and not path.exists():
        network = pretrain(recipe, loader, fabric.device, observe)
        save_texture(path, network, {"recipe": recipe.to_dict()})
    fabric.barrier()
    return load_texture(path)


def pretrain(recipe: Recipe, loader: DataLoader, device: torch.device, observe: Observer) -> TextureAutoencoder:
    """l2 reconstruction of the training crops (HAQAGen section 3.2). ``loader`` must hold training pairs only: see
    ``check_unseen``."""
    config = recipe.texture
    network, optimiser = _fresh(recipe, device)
    meter = Meter(loader)
    with closing(loader.batches(0)) as batches:
        for step, batch in enumerate(islice(batches, config.steps), 1):
            rate = config.rate * (1 - (step - 1) / config.steps)
            rgb = batch.rgb[: config.batch].to(device)
            meter.add({"reconstruction": _learn(network, optimiser, rgb, rate)}, len(rgb))
            if step % 20 == 0 or step == config.steps:
                observe(meter.losses(STAGE, step, config.steps, rate))
            observe(Progress(STAGE, step, config.steps))
    return network


def seconds_per_step(recipe: Recipe, loader: DataLoader, device: torch.device, count: int = 3) -> float:
    """How long a step of ``pretrain`` takes, its batch being there already."""
    network, optimiser = _fresh(recipe, device)
    rgb = loader.make(0).rgb[: recipe.texture.batch].to(device)
    _learn(network, optimiser, rgb, recipe.texture.rate)  # warms up
    start = time.monotonic()
    for _ in range(count):
        _learn(network, optimiser, rgb, recipe.texture.rate)
    return (time.monotonic() - start) / count


def _fresh(recipe: Recipe, device: torch.device) -> tuple[TextureAutoencoder, torch.optim.Optimizer]:
    torch.manual_seed(recipe.seed)
    network = TextureAutoencoder(recipe.texture.model).to(device)
    return network, torch.optim.AdamW(network.parameters(), recipe.texture.rate)


def _learn(network: TextureAutoencoder, optimiser: torch.optim.Optimizer, rgb: Tensor, rate: float) -> float:
    for group in optimiser.param_groups:
        group["lr"] = rate
    loss = F.mse_loss(network(rgb), rgb)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return loss.item()
