"""Progressive resizing: which size of view, and how many of them, a step learns from."""

from __future__ import annotations

from dataclasses import dataclass

from nircolor.training.recipe import Recipe


@dataclass(frozen=True)
class Stage:
    """A part of a run, from step ``start`` up to step ``end``: batches of ``batch`` views, ``size`` pixels a side."""

    start: int
    end: int
    size: int
    batch: int
    weights: tuple[float, ...] = ()
    """Of the sources; none: their own."""

    @property
    def steps(self) -> int:
        return self.end - self.start


def stages_of(recipe: Recipe, steps: int) -> tuple[Stage, ...]:
    """The parts of a run of so many steps, first to last: the recipe's stages, then its own sizes. Those too short for
    a step are left out."""
    stages, start, share = [], 0, 0.0
    for stage in recipe.stages:
        share += stage.share
        end = round(share * steps)
        stages.append(Stage(start, end, stage.size, stage.batch, stage.weights))
        start = end
    stages.append(Stage(start, steps, recipe.augment.size, recipe.optim.batch))
    return tuple(stage for stage in stages if stage.steps) or (Stage(0, 0, recipe.augment.size, recipe.optim.batch),)


def stage_at(stages: tuple[Stage, ...], step: int) -> Stage:
    """The stage of a step, counted from 0; past the end, the last one."""
    return next((stage for stage in stages if step < stage.end), stages[-1])
