"""The camera that fits some pairs best, in closed form, and what it is worth on scenes that it has not seen.

With x the terms of ``camera.py`` and r what the truth has beyond the prediction, the numbers theta minimise

    sum over pairs of  w mean |x theta - r|^2  +  strength mean(w) |theta|^2,     w = 1 / (the pair's error before)

which is ridge regression (Hoerl and Kennard 1970). The weights make the sum of squared errors stand for a sum of PSNR,
that is of logarithms: a few rounds. The strength does not grow with the pairs, so that few of them change little. It
is chosen by leaving out one scene after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from nircolor.camera import LEAST_SLOPE, MOST, Camera, steepness
from nircolor.correction import LUMA
from nircolor.evaluation.colour import angular_error, colourfulness_ratio
from nircolor.evaluation.fidelity import psnr

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ROUNDS = 3
SURE = 2.0  # standard errors that the mean gain must be above nothing
LEAST_GAIN = 0.1  # dB, below which nobody would see it
ANGLE = 0.05  # degrees that the colours may get worse where PSNR gets better
_EXACT = 1e-5  # mean square error below which a pair says nothing more
_BLOCKS = 4  # of one scene alone, which stand for scenes
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Sample:
    """Some pixels of a pair: (n, 3) as the weights colour them, (n, 3) as they should be, coded, in [0, 1]."""

    scene: str
    predicted: Floats
    truth: Floats

    @cached_property
    def terms(self) -> Floats:
        """(n, 3, 5): what each number of a camera adds."""
        luma = (self.predicted @ np.asarray(LUMA, np.float32))[:, None]
        b, grey = luma * (1 - luma), np.ones(3, np.float32)
        red = np.array([1, -LUMA[0] / LUMA[1], 0], np.float32)
        blue = np.array([0, -LUMA[2] / LUMA[1], 1], np.float32)
        parts = (b * grey, b * (1 - 2 * luma) * grey, self.predicted - luma, b * red, b * blue)
        return np.stack(parts, -1)

    @cached_property
    def products(self) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        """Means of x x, x r and r r."""
        x, r = self.terms.reshape(-1, 5).astype(np.float64), (self.truth - self.predicted).ravel().astype(np.float64)
        return x.T @ x / len(r), x.T @ r / len(r), float(r @ r / len(r))

    def scores(self, camera: Camera | None = None) -> Scores:
        """Of the colours with ``camera``, None: as the weights say."""
        made = self.predicted
        if camera is not None:
            made = np.clip(made + self.terms @ _numbers(camera).astype(np.float32), 0, 1)
        pair = made[None], self.truth[None]
        return Scores(psnr(*pair), angular_error(*pair), colourfulness_ratio(*pair) or 0.0)


@dataclass(frozen=True)
class Scores:
    """Means over pictures: PSNR in dB, angle in degrees, colourfulness over that of the truth."""

    psnr: float
    angle: float
    colour: float

    def __str__(self) -> str:
        return f"PSNR {self.psnr:.2f} dB, angle {self.angle:.2f} degrees, colour ratio {self.colour:.2f}"


@dataclass(frozen=True)
class Fit:
    """A camera, and the scores on left-out scenes without and with one. ``sure``: the gain is no chance, and
    the colours are no worse."""

    camera: Camera
    strength: float
    before: Scores
    after: Scores
    sure: bool


def best_fit(samples: Sequence[Sample]) -> Fit:
    """The best that can be relied on; where there is none, the best, which is not ``sure``.

    One scene is taken in four blocks for scenes, and changed with the greatest strength only.
    """
    groups = _groups(samples)
    strengths = STRENGTHS if len({sample.scene for sample in samples}) > 1 else STRENGTHS[-1:]
    fits = [_judged(groups, strength) for strength in strengths]
    return max(fits, key=lambda fit: (fit.sure, fit.after.psnr))


def fitted(samples: Sequence[Sample], strength: float) -> Camera:
    """The camera for ``samples``. Raises nothing: it is at worst the default."""
    theta: NDArray[np.float64] = np.zeros(5)
    for _ in range(ROUNDS):
        weights = [1 / max(_error(sample, theta), _EXACT) for sample in samples]
        square = sum(w * sample.products[0] for w, sample in zip(weights, samples, strict=True))
        mixed = sum(w * sample.products[1] for w, sample in zip(weights, samples, strict=True))
        theta = np.asarray(np.linalg.solve(square + strength * fmean(weights) * np.eye(5), mixed), np.float64)
    return _within(theta)


def _judged(groups: Sequence[Sequence[Sample]], strength: float) -> Fit:
    before, after = [], []
    for held, others in _left_out(groups):
        camera = fitted(others, strength)
        before.append(mean_scores([sample.scores() for sample in held]))
        after.append(mean_scores([sample.scores(camera) for sample in held]))
    everything = [sample for group in groups for sample in group]
    old, new = mean_scores(before), mean_scores(after)
    return Fit(fitted(everything, strength), strength, old, new, is_sure(before, after))


def is_sure(before: Sequence[Scores], after: Sequence[Scores]) -> bool:
    """Whether what was gained on two or more left-out scenes is more than chance, and colours are no worse."""
    gains = np.array([new.psnr - old.psnr for old, new in zip(before, after, strict=True)])
    least = max(LEAST_GAIN, SURE * gains.std(ddof=1) / len(gains) ** 0.5)
    return bool(gains.mean() > least and mean_scores(after).angle <= mean_scores(before).angle + ANGLE)


def _groups(samples: Sequence[Sample]) -> list[list[Sample]]:
    """By scene; one scene alone in blocks of its pixels, which lie in rows."""
    scenes = list(dict.fromkeys(sample.scene for sample in samples))
    if len(scenes) > 1:
        return [[sample for sample in samples if sample.scene == scene] for scene in scenes]
    blocks = [
        [
            Sample(f"block {i}", p, t)
            for i, (p, t) in enumerate(
                zip(np.array_split(s.predicted, _BLOCKS), np.array_split(s.truth, _BLOCKS), strict=True)
            )
        ]
        for s in samples
    ]
    return [list(group) for group in zip(*blocks, strict=True)]


def _left_out(groups: Sequence[Sequence[Sample]]) -> Iterator[tuple[Sequence[Sample], list[Sample]]]:
    for index, held in enumerate(groups):
        yield held, [sample for other, group in enumerate(groups) if other != index for sample in group]


def _error(sample: Sample, theta: NDArray[np.float64]) -> float:
    square, mixed, alone = sample.products
    return float(theta @ square @ theta - 2 * theta @ mixed + alone)


def _within(theta: NDArray[np.float64]) -> Camera:
    """The numbers as a camera; a tone curve that would fall somewhere, or nearly, is drawn back to no change."""
    a, b, chroma, red, blue = (float(value) for value in theta.clip(-MOST, MOST))
    least = min(steepness((a, b)))
    share = min(1.0, (1 - LEAST_SLOPE) / -least) if least < 0 else 1.0
    return Camera((a * share, b * share), min(max(1 + chroma, 0.0), MOST), (red, blue))


def _numbers(camera: Camera) -> NDArray[np.float64]:
    return np.array([*camera.tone, camera.chroma - 1, *camera.tint])


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """Each number's mean, over pictures or scenes."""
    return Scores(*(fmean(getattr(one, name) for one in scores) for name in ("psnr", "angle", "colour")))
