"""What a recipe of the right types may still not say: numbers out of range, and choices that contradict each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from itertools import chain
from typing import Any

from nircolor.model import BranchConfig, ModelConfig
from nircolor.model.efficientnet import LAYOUTS
from nircolor.training.recipe import LossConfig, Recipe
from nircolor.training.recipe_values import Refuse, join, nearest

Limit = tuple[str, Callable[[float], bool]]
Fault = tuple[str, object, str]
"""Dotted key, its value, the reason."""

NOT_NEGATIVE: Limit = ("must not be negative", lambda v: v >= 0)
AT_LEAST_1: Limit = ("must be at least 1", lambda v: v >= 1)
POSITIVE: Limit = ("must be above 0", lambda v: v > 0)
SHARE: Limit = ("must be above 0 and at most 1", lambda v: 0 < v <= 1)
FRACTION: Limit = ("must be between 0 and 1", lambda v: 0 <= v <= 1)
DECAY: Limit = ("must be at least 0 and below 1", lambda v: 0 <= v < 1)
ONE_OR_TWO: Limit = ("must be 1 or 2", lambda v: v in (1, 2))

LIMITS: dict[str, Limit] = {  # keys without list indices; other numbers must not be negative
    "save_every": AT_LEAST_1,
    "augment.size": AT_LEAST_1,
    "augment.min_view": SHARE,
    "augment.max_zoom": AT_LEAST_1,
    "augment.saturation": FRACTION,
    "loss.perceptual_share": SHARE,
    "rendered.side": AT_LEAST_1,
    "stages.share": SHARE,
    "stages.size": AT_LEAST_1,
    "stages.batch": AT_LEAST_1,
    "augment.overlays": FRACTION,
    "encoder.frozen": NOT_NEGATIVE,
    "texture.steps": AT_LEAST_1,
    "texture.batch": AT_LEAST_1,
    "texture.rate": POSITIVE,
    "texture.width": AT_LEAST_1,
    "texture.features": AT_LEAST_1,
    "optim.batch": AT_LEAST_1,
    "optim.rate": POSITIVE,
    "optim.final_rate": FRACTION,
    "optim.beta1": DECAY,
    "optim.beta2": DECAY,
    "optim.ema": DECAY,
    "optim.accumulate": AT_LEAST_1,
    "optim.generator_steps": AT_LEAST_1,
    "model.rgb.widths": AT_LEAST_1,
    "model.rgb.stride": ONE_OR_TWO,
    "model.prior.widths": AT_LEAST_1,
    "model.prior.stride": ("must be 1, 2 or 4", lambda v: v in (1, 2, 4)),
    "model.vss.state": AT_LEAST_1,
    "model.vss.expand": AT_LEAST_1,
    "model.vss.mlp": AT_LEAST_1,
    "model.vss.head": AT_LEAST_1,
    "model.spade_hidden": AT_LEAST_1,
    "model.fusion_width": AT_LEAST_1,
    "model.prior_size": ("must be 1 to 2048", lambda v: 1 <= v <= 2048),  # squared, it is what G_B looks at in one go
    "model.reduction": ("must be 1 to 4", lambda v: 1 <= v <= 4),  # maps enlarged further show halos along edges
    "model.paint_size": ("must be 0 to 4096", lambda v: 0 <= v <= 4096),
}
LARGEST_SIZE = 1 << 16  # of any number in a network: larger ones cannot be meant, and would ask for all memory
MOST_LEVELS = 8  # sides are padded to a multiple of 2 ** levels
CHOICES = {  # of the texts that are no Literal
    "model.norm": ("instance", "channel"),
    "model.head": ("sigmoid", "affine"),
    "model.rgb.kind": ("mamba", "separable"),
    "model.prior.kind": ("mamba", "separable", *LAYOUTS),
    "model.direction": ("rgb", "nir"),
}


def check(recipe: Recipe, refuse: Refuse) -> None:
    """Raises what ``refuse`` makes of the first fault."""
    for fault in _faults(recipe):
        raise refuse(*fault)


def check_model(model: ModelConfig, refuse: Refuse) -> None:
    """The same for the network of a weights file, which may say no more than a recipe."""
    for fault in chain(_out_of_range(model, "model"), _model(model)):
        raise refuse(*fault)


def _faults(recipe: Recipe) -> Iterator[Fault]:
    yield from _out_of_range(recipe)
    yield from _length(recipe)
    yield from _data(recipe)
    yield from _stage_weights(recipe)
    yield from _way_back(recipe)
    if recipe.best_by == "lpips-squeeze" and not recipe.loss.perceptual_weights:
        yield "best_by", recipe.best_by, "needs loss.perceptual_weights, a file of LPIPS-squeeze"
    yield from _loss(recipe.loss)
    yield from _model(recipe.model)


def _out_of_range(config: Recipe | ModelConfig, root: str = "") -> Iterator[Fault]:
    for path, value in _leaves(config, root):
        key = ".".join(part for part in path.split(".") if not part.isdigit())
        if isinstance(value, int | float):
            reason, fits = LIMITS.get(key, NOT_NEGATIVE)
            if not fits(value):
                yield path, value, reason
            elif key.startswith("model.") and value > LARGEST_SIZE:
                yield path, value, f"must be at most {LARGEST_SIZE}"
        elif key in CHOICES and value not in CHOICES[key]:
            yield path, value, f"not a choice; {nearest(value, CHOICES[key])}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value below a dataclass, with its dotted key."""
    if is_dataclass(value):
        for f in fields(value):
            yield from _leaves(getattr(value, f.name), join(path, f.name))
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _leaves(item, join(path, i))
    else:
        yield path, value


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
    """Its maps are what they are: nothing in the tensors tells of another stride."""
    levels = len(LAYOUTS[branch.kind].taps)
    if len(branch.widths) != levels:
        yield f"{path}.widths", list(branch.widths), f"must be {levels} with {branch.kind}"
    if branch.stride != 4:
        yield f"{path}.stride", branch.stride, f"must be 4 with {branch.kind}"
