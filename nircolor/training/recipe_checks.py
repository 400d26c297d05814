"""What a recipe of the right types may still not say: values that their fields exclude (``nircolor.bounds``), and
choices that contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from nircolor.bounds import Fault, faults, nearest
from nircolor.model import BranchConfig, ModelConfig
from nircolor.model.efficientnet import LAYOUTS
from nircolor.training.recipe import NETWORK, LossConfig, Recipe
from nircolor.training.recipe_values import Refuse

MOST_LEVELS = 8  # sides are padded to a multiple of 2 ** levels


def check(recipe: Recipe, refuse: Refuse) -> None:
    """Raises what ``refuse`` makes of the first fault."""
    for fault in _faults(recipe):
        raise refuse(*fault)


def check_model(model: ModelConfig, refuse: Refuse) -> None:
    """The same for the network of a weights file, which may say no more than a recipe."""
    for fault in chain(faults(model, "model", NETWORK), _model(model)):
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
    yield from _model(recipe.model)


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


def _model(model: ModelConfig) -> Iterator[Fault]:
    for name, branch in (("rgb", model.rgb), ("prior", model.prior)):
        yield from _branch(branch, f"model.{name}", model.vss.head if model.vss.attention else 0)
    if model.prior.widths[0] < 4:
        yield "model.prior.widths.0", model.prior.widths[0], "must be at least 4"
    if model.direction == "nir" and model.prior.kind not in LAYOUTS:
        yield "model.prior.kind", model.prior.kind, f"for near-infrared from colour: {nearest('', LAYOUTS)}"
    if model.criss_cross > len(model.rgb.widths):
        yield "model.criss_cross", model.criss_cross, f"model.rgb has {len(model.rgb.widths)} levels"


def _branch(branch: BranchConfig, path: str, head: int) -> Iterator[Fault]:
    if not branch.widths or len(branch.widths) != len(branch.blocks):
        yield f"{path}.blocks", list(branch.blocks), f"must be one for each of {path}.widths = {list(branch.widths)}"
    if len(branch.widths) > MOST_LEVELS:
        yield f"{path}.widths", list(branch.widths), f"must be at most {MOST_LEVELS} levels"
    if branch.kind in LAYOUTS:
        yield from _pretrained(branch, path)
    for i, (width, blocks) in enumerate(zip(branch.widths, branch.blocks, strict=False)):
        heads = max(1, width // head) if head and blocks and branch.kind != "separable" else 1
        if width % heads:
            yield f"{path}.widths.{i}", width, f"cannot be shared by {heads} heads (model.vss.head = {head})"


def _pretrained(branch: BranchConfig, path: str) -> Iterator[Fault]:
    """Its maps are what they are: nothing in the tensors shows another stride."""
    levels = len(LAYOUTS[branch.kind].taps)
    if len(branch.widths) != levels:
        yield f"{path}.widths", list(branch.widths), f"must be {levels} with {branch.kind}"
    if branch.stride != 4:
        yield f"{path}.stride", branch.stride, f"must be 4 with {branch.kind}"
