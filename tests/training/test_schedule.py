"""Small views first: the sizes of a run's parts, and batches that follow them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import recipe

from nircolor.errors import UsageError
from nircolor.events import Event
from nircolor.training.estimate import estimate
from nircolor.training.events import Losses
from nircolor.training.recipe import Recipe, SourceConfig, StageConfig
from nircolor.training.schedule import Stage, stage_at, stages_of
from nircolor.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures("tiny_preset")


def staged(steps: int = 10, *stages: tuple[float, int, int]) -> Recipe:
    return replace(recipe(steps), stages=tuple(StageConfig(*stage) for stage in stages))


def test_a_run_without_stages_is_one() -> None:
    assert stages_of(recipe(10), 10) == (Stage(0, 10, 24, 2),)


def test_shares_of_the_steps_then_the_rest() -> None:
    stages = stages_of(staged(10, (0.5, 8, 6), (0.3, 16, 4)), 10)
    assert stages == (Stage(0, 5, 8, 6), Stage(5, 8, 16, 4), Stage(8, 10, 24, 2))
    assert [stage_at(stages, step).size for step in (0, 4, 5, 7, 8, 9, 10, 99)] == [8, 8, 16, 16, 24, 24, 24, 24]


def test_a_stage_too_short_for_a_step_is_left_out() -> None:
    assert stages_of(staged(3, (0.1, 8, 6)), 3) == (Stage(0, 3, 24, 2),)


def test_batches_have_the_size_and_number_of_their_stage(data: Path, tmp_path: Path) -> None:
    trainer = Trainer(staged(4, (0.5, 8, 6)), tmp_path, data)
    assert [tuple(trainer.loader.make(number).rgb.shape) for number in range(4)] == 2 * [(6, 3, 8, 8)] + 2 * [
        (2, 3, 24, 24)
    ]
    told: list[Event] = []
    trainer.train(told.append)
    losses = [event for event in told if isinstance(event, Losses)]
    assert losses[-1].step == 4
    assert trainer.step == 4


def test_a_stage_may_weigh_the_sources_otherwise(data: Path, tmp_path: Path) -> None:
    made = replace(recipe(4), sources=(SourceConfig("."), SourceConfig(".", turn=True)))
    stage = StageConfig(0.5, 24, 2, weights=(0.0, 1.0))
    loader = Trainer(replace(made, stages=(stage,)), tmp_path, data).loader
    turned = Trainer(replace(made, sources=made.sources[1:]), tmp_path, data).loader
    assert all(torch.equal(loader.make(n).rgb, turned.make(n).rgb) for n in (0, 1))
    assert not all(torch.equal(loader.make(n).rgb, turned.make(n).rgb) for n in (2, 3))


def test_with_several_batches_a_step_the_stage_is_the_steps(data: Path, tmp_path: Path) -> None:
    made = staged(4, (0.5, 8, 6))
    trainer = Trainer(replace(made, optim=replace(made.optim, generator_steps=2)), tmp_path, data)
    assert [trainer.loader.make(number).rgb.shape[-1] for number in (0, 3, 4, 7)] == [8, 8, 24, 24]


def test_each_stage_is_timed_by_itself(data: Path, tmp_path: Path) -> None:
    found = estimate(Trainer(staged(100, (0.75, 8, 6)), tmp_path, data))
    assert [(stage.size, stage.steps, stage.images_per_step) for stage in found.stages] == [(8, 75, 6), (24, 25, 2)]
    assert found.steps == 100
    assert found.seconds == pytest.approx(sum(stage.steps * stage.seconds_per_step for stage in found.stages))


def test_a_stage_that_processes_cannot_share_is_refused(data: Path, tmp_path: Path) -> None:
    made = staged(4, (0.5, 8, 3))
    with pytest.raises(UsageError, match=r"stages\.0\.batch = 3: cannot be shared by 1 processes in 2 parts"):
        Trainer(replace(made, optim=replace(made.optim, accumulate=2)), tmp_path, data)
