"""What a leak check found: matches with their evidence, and the pictures that could not be checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nircolor.datasets.pair import Pair, Problem

Kind = Literal["identical", "near-identical", "same scene"]


@dataclass(frozen=True)
class Evidence:
    """Why two colour pictures are taken for one scene. None: not measured, as a cheaper question had settled it."""

    hash_distance: int
    """Bits in which the perceptual hashes differ, 0 to 64; of the mirrored picture where ``mirrored``."""
    correlation: float
    """Of the reduced pictures without their coarse shading, -1 to 1; 0 where a picture has no texture."""
    mirrored: bool = False
    """The test picture matches only when left and right are swapped (looked for in near-identical pictures alone)."""
    matches: int | None = None
    """Features of one picture that look most like a feature of the other, and clearly more so than any second one."""
    inliers: int | None = None
    """Matches that agree on one transform of the plane: shift, rotation, scale."""
    inlier_ratio: float | None = None
    """``inliers / matches``."""
    scale: float | None = None
    """Size of things in the training picture over their size in the test picture, both measured in pixels."""
    rotation: float | None = None
    """From test to training picture, in degrees, clockwise, -180 to 180."""


@dataclass(frozen=True)
class Match:
    """A test pair and a training pair that show the same; ``kind`` is the strongest relation that was found."""

    test: Pair
    train: Pair
    kind: Kind
    evidence: Evidence


@dataclass(frozen=True)
class LeakReport:
    """Matches sorted by the ids of test and training pair; ``problems`` names the pictures that could not be read."""

    matches: tuple[Match, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def seen(self) -> frozenset[str]:
        """Ids of the test pairs that match any training pair."""
        return frozenset(match.test.id for match in self.matches)

    def seen_by_scene(self, test: Iterable[Pair]) -> frozenset[str]:
        """Ids of the ``test`` pairs whose scene, as their data set names scenes, is that of a pair in ``seen``: what
        matches no training picture itself may show the place of one that does."""
        pairs = list(test)
        scenes = {pair.scene for pair in pairs if pair.id in self.seen}
        return frozenset(pair.id for pair in pairs if pair.scene in scenes)
