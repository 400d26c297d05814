"""HAQAGen's texture autoencoder, pretrained as a step of its own: on training pictures alone, once, then frozen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import torch
import torch.nn.functional as F

from nircolor.datasets import Pair
from nircolor.errors import UsageError
from nircolor.model.texture import TextureAutoencoder, load_texture, save_texture
from nircolor.training.feed import Feed
from nircolor.training.recipe import Recipe

HELD_OUT = ("val", "test")


def texture_for(recipe: Recipe, run: Path, feed: Feed, log: Callable[[dict[str, float]], None]) -> TextureAutoencoder:
    """The frozen autoencoder of a run: that of ``loss.texture_weights``, else that of the run, else a new one, saved in
    the run as ``texture.safetensors``. Raises WeightsError for a file that is none."""
    if recipe.loss.texture_weights:
        return load_texture(Path(recipe.loss.texture_weights))
    path = run / "texture.safetensors"
    if not path.exists():
        network = pretrain(recipe, feed, log)
        save_texture(path, network, {"recipe": recipe.to_dict()})
    return load_texture(path)


def pretrain(recipe: Recipe, feed: Feed, log: Callable[[dict[str, float]], None]) -> TextureAutoencoder:
    """l2 reconstruction of the training crops (HAQAGen section 3.2). ``feed`` must hold training pairs only: see
    ``check_unseen``."""
    config = recipe.texture
    torch.manual_seed(recipe.seed)
    network = TextureAutoencoder(config.model)
    optimiser = torch.optim.AdamW(network.parameters(), config.rate)
    for step, batch in zip(range(config.steps), feed.batches(0), strict=False):
        for group in optimiser.param_groups:
            group["lr"] = config.rate * (1 - step / config.steps)
        loss = F.mse_loss(network(batch.rgb[: config.batch]), batch.rgb[: config.batch])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if (step + 1) % 20 == 0 or step + 1 == config.steps:
            log({"step": step + 1, "texture autoencoder": loss.item()})
    return network


def check_unseen(training: Iterable[Pair], held_out: Iterable[Pair], recipe: Recipe) -> None:
    """Refuse to train anything on pictures that are there to judge it. Raises UsageError, naming the first."""
    for source in recipe.sources:
        if source.split in HELD_OUT:
            raise UsageError(f"sources: {source.folder}: split {source.split!r} is held out; train on another")
    judged = {pair.rgb.resolve() for pair in held_out}
    for pair in training:
        if pair.rgb.resolve() in judged:
            raise UsageError(f"{pair.rgb}: is a validation picture, and in the training sources too")
