"""A run as its log sees it: rendered scenes, and predictions that come closer to the truth with every step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from nircolor import scenes
from nircolor.evaluation.colour import angular_error
from nircolor.evaluation.fidelity import psnr
from nircolor.events import Event, Progress
from nircolor.training.events import Losses, Scores, ValidationPicture

STEPS = 400
SIZES = ((40, 56), (64, 48))


@cache
def _scene(seed: int) -> scenes.Scene:
    return scenes.render(seed, *SIZES[seed])


@cache
def pictures(step: int) -> tuple[ValidationPicture, ...]:
    """Grey at the first step, nearly the truth at the last."""
    return tuple(_picture(seed, step / (STEPS + 50)) for seed in range(len(SIZES)))


def _picture(seed: int, share: float) -> ValidationPicture:
    scene = _scene(seed)
    nir, truth = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
    prediction = np.rint((1 - share) * nir[..., None] + share * truth).astype(np.uint8)
    return ValidationPicture(f"scene {seed}", nir, prediction, truth)


def losses(step: int) -> Losses:
    errors = [np.abs(p.prediction / 255 - p.truth / 255) for p in pictures(step)]
    values = {"pixel": float(np.mean([e.mean() for e in errors])), "critic": 1.0 + 0.1 * float(np.sin(step))}
    return Losses("training", step, STEPS, values, rate=1e-3 * (1 - step / STEPS), images_per_second=12.5, waited=0.25)


def scores(step: int, best: bool = True) -> Scores:
    found = {}
    for folder, picture in zip(("near/val", "far"), pictures(step), strict=True):
        pair = [(pixels / 255).astype(np.float32) for pixels in (picture.prediction, picture.truth)]
        found[f"{folder}/psnr"] = float(psnr(*pair) or 0)
        found[f"{folder}/angle"] = float(angular_error(*pair) or 0)
    return Scores(step, STEPS, found, best, pictures(step))


def texture() -> Iterator[Losses]:
    for step in (20, 40, 60):
        yield Losses("texture autoencoder", step, 60, {"l2": 1 / step}, rate=1e-3)


def events(first: int, last: int) -> Iterator[Event]:
    """What the steps after ``first`` up to ``last`` tell: progress each 10, losses each 20, scores each 100."""
    for step in range(first + 10, last + 1, 10):
        yield Progress("training", step, STEPS)
        if step % 20 == 0:
            yield losses(step)
        if step % 100 == 0:
            yield Progress("validation", 1, 2)
            yield scores(step)
