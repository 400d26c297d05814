"""What left-out scenes say: which way to go, how far, or not to go at all.

The scenes are dealt into four groups. One group after the other is left out and the others are trained on, until
``LEFT_OUT`` scenes have been left out: four trainings for five pairs, one for fifty. Before the first step of a
training and at each of its checks several ways are judged; one that forgets rendered scenes does not count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from nircolor.calibrating.fit import Scores, is_sure, mean_scores
from nircolor.calibrating.samples import UsablePair, sample_of
from nircolor.colorizer import Colorizer
from nircolor.events import Reporter

GROUPS = 4
LEFT_OUT = 8  # scenes after which it is known well enough
MOST_JUDGED = 24  # pictures of a group: more would cost more than they say
SHARES = (0.5, 1.0)  # of what a training changes
KEEPS = (0.5, 1.0, 2.0, 4.0, 8.0)  # how strongly a last layer that is fitted is held where it was: see readout.py
FORGOTTEN = 0.3  # dB that rendered scenes may lose
ENOUGH = 0.1  # dB: of those that are so near to the best, the one that forgets least is taken


@dataclass(frozen=True)
class Way:
    """``share`` of what a training of so many ``steps`` changes; 0: the last layer, fitted and held by ``keep``."""

    steps: int
    share: float = 1.0
    keep: float = 0.0

    def __str__(self) -> str:
        if self.steps:
            return f"{self.steps} steps, {self.share:.0%} of the way"
        return f"last layer, held by {self.keep:g}"


@dataclass(frozen=True)
class Check:
    """What a trial, by its number, says of a way: scores of left-out scenes by scene, and what rendered scenes lost in
    dB."""

    trial: int
    way: Way
    after: dict[str, Scores]
    lost: float


@dataclass(frozen=True)
class Verdict:
    """The best way, and what it is worth: means over left-out scenes; ``lost``: dB that rendered ones lose.

    ``sure``: it is a gain that is more than chance, with colours no worse, and little is forgotten.
    """

    way: Way
    before: Scores
    after: Scores
    lost: float
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


def scored(pairs: Sequence[UsablePair], engine: Colorizer, reporter: Reporter) -> dict[str, Scores]:
    """By scene. Raises StoppedError."""
    found: dict[str, list[Scores]] = defaultdict(list)
    for done, pair in enumerate(pairs, 1):
        found[pair.scene].append(sample_of(pair, engine).scores())
        reporter.progress("judging", done, len(pairs), "pictures")
    return {scene: mean_scores(scores) for scene, scores in found.items()}


def verdict(before: Mapping[str, Scores], checks: Sequence[Check]) -> Verdict:
    """``before``: of left-out scenes by the weights as they are. Of all ways to almost the best gain the one that
    forgets least, of those that are sure, if any is; ways that not all trainings went do not count."""
    went: dict[Way, list[Check]] = defaultdict(list)
    for check in checks:
        went[check.way].append(check)
    judged = [_judged(way, before, some) for way, some in went.items()]
    found = [one for one in judged if one is not None]
    found = [one for one in found if one.sure] or found
    best = max(one.after.psnr for one in found)
    return min((one for one in found if one.after.psnr >= best - ENOUGH), key=lambda one: one.lost)


def _judged(way: Way, before: Mapping[str, Scores], checks: Sequence[Check]) -> Verdict | None:
    """None where scenes are missing."""
    after = {scene: scores for check in checks for scene, scores in check.after.items()}
    if after.keys() != before.keys():
        return None
    old, new = list(before.values()), [after[scene] for scene in before]
    lost = fmean(check.lost for check in checks)
    sure = is_sure(old, new) and lost <= FORGOTTEN
    return Verdict(way, mean_scores(old), mean_scores(new), lost, len(before), sure)
