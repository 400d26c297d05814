"""What a recipe of the right types may still not say: values that their fields exclude (``nircolor.bounds``), and
choices that contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from nircolor.bounds import Fault, faults
from nircolor.model.checks import model_faults
from nircolor.training.recipe import LossConfig, Recipe
from nircolor.values import Refuse


def check(recipe: Recipe, refuse: Refuse) -> None:
    """Raises what ``refuse`` makes of the first fault."""
    for fault in _faults(recipe):
        raise refuse(*fault)


def _faults(recipe: Recipe) -> Iterator[Fault]:
    yield from faults(recipe)
    yield from _length(recipe)
    yield from _data(recipe)
    yield from _stage_weights(recipe)
    yield from _way_back(recipe)
    if recipe.best_by == "lpips-squeeze" and not recipe.loss.perceptual_weights:
        yield "best_by", recipe.best_by, "needs loss.perceptual_weights, a file of LPIPS-squeeze"
    yield from _loss(recipe.loss)
    yield from model_faults(recipe.model)


def _length(recipe: Recipe) -> Iterator[Fault]:
    steps, epochs, optim = recipe.optim.steps, recipe.optim.epochs, recipe.optim
    if optim.batch % optim.accumulate:
        yield "optim.accumulate", optim.accumulate, f"must divide optim.batch = {optim.batch}"
    for i, stage in enumerate(recipe.stages):
        if stage.batch % optim.accumulate:
            yield f"stages.{i}.batch", stage.batch, f"must be a multiple of optim.accumulate = {optim.accumulate}"
    if recipe.stages and sum(stage.share for stage in recipe.stages) >= 1:
        yield "stages", [stage.share for stage in recipe.stages], "shares must leave some of the run for augment.size"
    if steps and epochs:
        yield "optim.epochs", epochs, f"optim.steps = {steps} says how long, too; give one of them"
    if not steps and not epochs:
        yield "optim.steps", steps, "nothing to do; give optim.steps or optim.epochs"


def _data(recipe: Recipe) -> Iterator[Fault]:
    if not recipe.sources:
        yield "sources", [], "no [[sources]] to train on"
    elif not sum(source.weight for source in recipe.sources):
        yield "sources.0.weight", recipe.sources[0].weight, "no source weighs anything"


def _stage_weights(recipe: Recipe) -> Iterator[Fault]:
    count = len(recipe.sources) + bool(recipe.rendered.scenes)
    for i, stage in enumerate(recipe.stages):
        if stage.weights and (len(stage.weights) != count or not sum(stage.weights)):
            last = " and, last, of the rendered scenes" if recipe.rendered.scenes else ""
            yield f"stages.{i}.weights", list(stage.weights), f"must be {count}, not all 0: of the sources{last}"


def _way_back(recipe: Recipe) -> Iterator[Fault]:
    """Near-infrared pictures know no colour terms and no critics."""
    if recipe.model.direction == "nir":
        if not (recipe.loss.pixel or recipe.loss.blurred):
            yield "loss.pixel", recipe.loss.pixel, "nothing to learn; loss.pixel or loss.blurred must be above 0"
        if recipe.loss.adversarial:
            yield "loss.adversarial", recipe.loss.adversarial, 'must be 0 where model.direction is "nir"'


def _loss(loss: LossConfig) -> Iterator[Fault]:
    terms = ("pixel", "blurred", "angular", "prior", "perceptual", "mse", "feature", "adversarial")
    parts = ("alpha", "beta", "gamma", "delta", "ms_ssim")
    if not any(getattr(loss, term) for term in terms):
        yield "loss.pixel", loss.pixel, f"nothing to learn; one of {', '.join(terms)} must be above 0"
    if loss.feature and not any(getattr(loss, part) for part in parts):
        yield "loss.feature", loss.feature, f"has no part; one of {', '.join(parts)} must be above 0"
    if loss.perceptual and not loss.perceptual_weights:
        yield "loss.perceptual", loss.perceptual, "needs loss.perceptual_weights, a file of LPIPS-squeeze"
    if loss.feature and loss.delta and not loss.vgg_weights:
        yield "loss.delta", loss.delta, "needs loss.vgg_weights, a file of VGG up to relu4_2, or 'torchvision'"
    if not loss.critic_spaces or len(set(loss.critic_spaces)) < len(loss.critic_spaces):
        yield "loss.critic_spaces", list(loss.critic_spaces), 'must be ["rgb", "hsv"], ["rgb"] or ["hsv"]'
