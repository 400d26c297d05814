"""What left-out scenes say: after how many steps to stop, how far to draw back towards the start, or not to go at all.

The scenes are dealt into four groups. One group after the other is left out and the others are trained on, until
``LEFT_OUT`` scenes have been left out: four trainings for five pairs, one for fifty. Every check of a training is
judged at several ``SHARES`` of its way; a check that forgets rendered scenes does not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import numpy as np

from nircolor.calibrating.fit import Scores, is_sure, mean_scores
from nircolor.calibrating.samples import UsablePair, sample_of
from nircolor.colorizer import Colorizer

GROUPS = 4
LEFT_OUT = 8  # scenes after which it is known well enough
MOST_JUDGED = 24  # pictures of a group: more would cost more than they say
SHARES = (0.5, 1.0)
FORGOTTEN = 0.3  # dB that rendered scenes may lose
ENOUGH = 0.1  # dB: of those that are so near to the best, the one that changes least is taken


@dataclass(frozen=True)
class Way:
    """How far to go: ``share`` of what ``steps`` change."""

    steps: int
    share: float


@dataclass(frozen=True)
class Verdict:
    """The best way, and what it is worth: means over left-out scenes, and over rendered ones. ``sure``: it is a gain
    that is more than chance, with colours no worse."""

    way: Way
    before: Scores
    after: Scores
    scenes: int
    sure: bool


@dataclass(frozen=True)
class Fold:
    """Pairs to train on, and pairs of other scenes that judge it."""

    training: list[UsablePair]
    left_out: list[UsablePair]


def folds(pairs: Sequence[UsablePair], seed: int) -> Iterator[Fold]:
    """Of pairs of at least two scenes."""
    names = list(dict.fromkeys(pair.scene for pair in pairs))
    order = [names[index] for index in np.random.default_rng(seed).permutation(len(names))]
    groups, done = [order[start::GROUPS] for start in range(min(GROUPS, len(order)))], 0
    for group in groups:
        if done >= LEFT_OUT:
            return
        left_out = [pair for pair in pairs if pair.scene in group]
        step = -(-len(left_out) // MOST_JUDGED)
        yield Fold([pair for pair in pairs if pair.scene not in group], left_out[::step])
        done += len(group)


def scored(pairs: Sequence[UsablePair], engine: Colorizer) -> dict[str, Scores]:
    """By scene."""
    found: dict[str, list[Scores]] = defaultdict(list)
    for pair in pairs:
        found[pair.scene].append(sample_of(pair, engine).scores())
    return {scene: mean_scores(scores) for scene, scores in found.items()}


@dataclass
class Bench:
    """Collects what is measured, way by way. ``before``: of the weights as they are."""

    before: dict[str, Scores] = field(default_factory=dict)
    after: dict[Way, dict[str, Scores]] = field(default_factory=lambda: defaultdict(dict))
    forgotten: dict[Way, list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, way: Way, after: dict[str, Scores], forgotten: float) -> float:
        """Scores of left-out scenes, by scene, and what rendered scenes lost in dB. Returns the gain in dB."""
        self.after[way] |= after
        self.forgotten[way].append(forgotten)
        return fmean(scores.psnr - self.before[scene].psnr for scene, scores in after.items())

    def verdict(self) -> Verdict:
        """The shortest way to almost the best gain, of those that are sure, if any is; ways that not all trainings went
        do not count."""
        ways = [way for way, scores in self.after.items() if len(scores) == len(self.before)]
        found = [self._judged(way) for way in sorted(ways, key=lambda way: way.steps * way.share)]
        found = [one for one in found if one.sure] or found
        best = max(one.after.psnr for one in found)
        return next(one for one in found if one.after.psnr >= best - ENOUGH)

    def _judged(self, way: Way) -> Verdict:
        before = list(self.before.values())
        after = [self.after[way][scene] for scene in self.before]
        sure = is_sure(before, after) and fmean(self.forgotten[way]) <= FORGOTTEN
        return Verdict(way, mean_scores(before), mean_scores(after), len(before), sure)
