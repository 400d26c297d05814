"""What left-out scenes say: who is left out, which way is taken, and when none is."""

from __future__ import annotations

import numpy as np
import pytest

from nircolor.adapting.judge import FORGOTTEN, LEFT_OUT, MOST_JUDGED, Check, Way, folds, verdict
from nircolor.calibrating.fit import Scores
from nircolor.calibrating.samples import UsablePair

NONE = np.zeros((1, 1), np.uint8)


def pairs(scenes: int, each: int = 1) -> list[UsablePair]:
    return [UsablePair(str(scene), NONE, NONE) for scene in range(scenes) for _ in range(each)]


@pytest.mark.parametrize(("scenes", "trainings"), [(2, 2), (3, 3), (5, 4), (10, 3), (16, 2), (50, 1), (500, 1)])
def test_so_many_trainings_leave_scenes_out(scenes: int, trainings: int) -> None:
    found = list(folds(pairs(scenes, 2), seed=0))
    assert len(found) == trainings
    left_out = [{pair.scene for pair in fold.left_out} for fold in found]
    assert sum(map(len, left_out)) >= min(LEFT_OUT, scenes)
    assert len(set().union(*left_out)) == sum(map(len, left_out))
    for fold, names in zip(found, left_out, strict=True):
        assert not names & {pair.scene for pair in fold.training}
        assert fold.training
        assert len(fold.left_out) <= MOST_JUDGED


BEFORE = {str(scene): Scores(16.0 + scene, 5.0, 0.7) for scene in range(4)}


def check(way: Way, gains: tuple[float, ...], lost: float = 0.0) -> Check:
    """``gains`` of the first scenes, in dB."""
    return Check(1, way, {str(i): Scores(16.0 + i + gain, 5.0, 0.7) for i, gain in enumerate(gains)}, lost)


SHORT, LONG, LONGER = Way(20, 0.5), Way(20, 1.0), Way(40, 1.0)


def test_of_ways_that_are_almost_equal_the_one_that_forgets_least() -> None:
    ways = {LONGER: ((1.0, 1.1, 0.9, 1.0), 0.2), LONG: ((1.0, 0.9, 1.0, 0.9), 0.1), SHORT: ((0.5, 0.5, 0.5, 0.5), 0.0)}
    found = verdict(BEFORE, [check(way, gains, lost) for way, (gains, lost) in ways.items()])
    assert (found.way, found.lost) == (LONG, 0.1)
    assert found.sure
    assert found.after.psnr == pytest.approx(found.before.psnr + 0.95)


@pytest.mark.parametrize("gains", [(0.0, 0.0, 0.0, 0.0), (2.0, -1.8, 2.0, -1.8), (-1.0, -1.1, -1.0, -1.0)])
def test_a_gain_by_chance_is_none(gains: tuple[float, ...]) -> None:
    assert not verdict(BEFORE, [check(SHORT, gains), check(LONG, gains)]).sure


def test_what_forgets_rendered_scenes_is_refused() -> None:
    assert not verdict(BEFORE, [check(LONG, (1.0, 1.0, 1.0, 1.0), FORGOTTEN + 0.01)]).sure


def test_a_way_that_not_all_trainings_went_does_not_count() -> None:
    found = verdict(BEFORE, [check(LONG, (1.0, 1.0, 1.0, 1.0)), check(LONGER, (14.0,))])
    assert found.way == LONG


def test_trials_of_one_way_are_taken_together() -> None:
    """What they lost counts in the mean."""
    whole = check(LONG, (1.0, 1.0, 1.0, 1.0)).after
    halves = [Check(number, LONG, {s: whole[s] for s in names}, lost) for number, names, lost in PARTS]
    assert verdict(BEFORE, halves).sure


PARTS = ((1, ("0", "1"), 2 * FORGOTTEN), (2, ("2", "3"), -0.1))
