"""How much the past counts when a video is smoothed. Plain data, no torch."""

from __future__ import annotations

from dataclasses import dataclass

from nircolor.errors import UsageError


@dataclass(frozen=True)
class Damping:
    """How much the past counts. All differences are of NIR values in [0, 1], after a common gain has been taken out.

    ``strength``: weight of the past where nothing moves, in [0, 1); 0 is off. ``motion``: difference, averaged over
    ``window`` pixels a side, at which that weight has fallen to a third. ``turn``: how many times faster than the
    share of what has moved the weight of past maps falls, since all has moved where much has: the camera. ``still``:
    the largest such difference with which maps of the past are taken as they are, for ``keep`` frames at most; the
    networks then rest. ``drift``: likewise, by how much the exposure may have changed. ``lost``: the share of what has
    moved that the frames on both sides may leave unexplained, for a frame to be taken from them. ``shift``: pixels of a
    look by which the whole picture may be off the mean of those before, and still be added to it. ``cut``: mean
    difference of ``grid`` x ``grid`` patches above which a new scene has begun and the past is forgotten. ``jump``:
    change of exposure from frame to frame above which colours are decided anew. ``flash``: frames after which what was
    there before such a change is forgotten, too. ``leash``: how many times brighter than a frame its calm picture may
    be, or darker; ``follow``: the share of that which it loses in a frame.
    docs/video.md has the measurements.
    """

    strength: float = 0.8
    motion: float = 0.02
    turn: float = 3.0
    window: int = 5
    still: float = 0.01
    shift: float = 0.3
    drift: float = 0.02
    lost: float = 0.5
    keep: int = 25
    cut: float = 0.07
    grid: int = 16
    jump: float = 1.25
    flash: int = 3
    leash: float = 1.2
    follow: float = 0.02

    def __post_init__(self) -> None:
        if not 0 <= self.strength < 1:
            reason = "give 0 (off) up to, but not including, 1"
            raise UsageError(reason, option="smooth", value=f"{self.strength:g}")

    def lag(self, gain: float) -> float:
        """How many times brighter a frame still is than its calm picture, which was as many times darker as ``gain``
        says, and follows."""
        return float(min(max(gain, 1 / self.leash), self.leash) ** (1 - self.follow))

    def check(self, prior: str) -> None:
        """Raises UsageError where an engine with this ``prior`` cannot be smoothed."""
        if self.strength and prior == "tile":
            raise UsageError("needs `prior=global`", option="smooth", remedy="leave one of the two out")
