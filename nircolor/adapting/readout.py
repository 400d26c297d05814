"""The last layer in closed form: what the network sees stays, and how that becomes colour is fitted to pairs.

G_A's head makes gains g and offsets o of features f by a matrix, and a colour is n (1 + g) + o, n being near-infrared:
linear in the numbers of the matrix. With x = (f, 1, n f, n) at a pixel, and r what the truth has beyond the prediction,
the changes D minimise

    mean over pairs of  w mean |x D - r|^2  +  mean(w) (keep mean over kept scenes of |x D|^2  +  few |s D|^2)

where w = 1 / (the pair's error before), so that squared errors stand for PSNR, s is the size of each number of x, and
``few`` stands for a fraction of a pair that says: change nothing. It is ridge regression (Hoerl and Kennard 1970).
Only the middles of the head's kernels change: few numbers are learned from few pairs.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nircolor.adapting.tune import with_network
from nircolor.calibrating.samples import UsablePair, unit
from nircolor.colorizer import Colorizer
from nircolor.image.tone.ranks import equalize
from nircolor.model import Generator
from nircolor.overview import reduce_area

MOST_SEEN = 64  # pairs: more would say the same
PIXELS = 4096  # of each picture, evenly spread
FEW = 0.3  # of a pair
_EXACT = 1e-4  # mean square error below which a pair says nothing more
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Seen:
    """What a pair says: means of x x (p, p) and of x r (p, 3), and its mean square error before."""

    square: Floats
    mixed: Floats
    error: float


def seen(pair: UsablePair, engine: Colorizer) -> Seen:
    """``engine`` has a network that can be fitted."""
    nir = unit(equalize(pair.nir) if engine.networks.config.equalize else pair.nir)
    features, maps = _at_the_head(nir, engine)
    height, width = maps.shape[1:]
    small, truth = (cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in (nir, unit(pair.rgb)))
    step = max(1, small.size // PIXELS)
    n = small.reshape(-1, 1)[::step].astype(np.float64)
    f, gain, offset = (part.reshape(len(part), -1).T[::step] for part in (features, maps[:3], maps[3:]))
    f = np.concatenate([f, np.ones_like(n)], 1)
    x, r = np.concatenate([f, n * f], 1), truth.reshape(-1, 3)[::step] - (n * (1 + gain) + offset).clip(0, 1)
    return Seen(x.T @ x / len(x), x.T @ r / len(x), max(float((r**2).mean()), _EXACT))


class Readout:
    """How the head of an engine's network can be fitted to ``pairs``, while ``kept`` hold it where it is."""

    def __init__(self, engine: Colorizer, pairs: Sequence[UsablePair], kept: Sequence[UsablePair]) -> None:
        self._engine = engine
        self._pairs = [seen(pair, engine) for pair in pairs[:: -(-len(pairs) // MOST_SEEN)]]
        self._kept = [seen(pair, engine) for pair in kept]

    @staticmethod
    def of(network: Generator) -> bool:
        """Whether there is one head, whose maps make colours linearly."""
        return network.config.head == "affine" and hasattr(network.rgb_branch, "head")

    def at(self, keep: float) -> Colorizer:
        """An engine with another head."""
        weights = [1 / one.error for one in self._pairs]
        square = np.mean([w * one.square for w, one in zip(weights, self._pairs, strict=True)], 0)
        mixed = np.mean([w * one.mixed for w, one in zip(weights, self._pairs, strict=True)], 0)
        held = keep * fmean(weights) * np.mean([one.square for one in self._kept], 0)
        few = FEW / len(self._pairs) * np.diag(np.diag(square) + _EXACT)
        changes = np.linalg.solve(square + held + few, mixed)
        network = copy.deepcopy(self._engine.networks.network)
        _change(_head(network), torch.from_numpy(changes))
        return with_network(self._engine, network)


def _at_the_head(nir: NDArray[np.float32], engine: Colorizer) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What goes into the head, (C, h, w), and what comes out, (6, h, w), h and w being those that G_A works at."""
    network = engine.networks.network
    found: list[NDArray[np.float32]] = []

    def look(head: Any, given: tuple[torch.Tensor], made: torch.Tensor) -> None:
        found.extend(part[0].float().cpu().numpy() for part in (given[0], made))

    reduction = engine.reduction_of(nir.shape)
    size = tuple(max(1, round(side / reduction)) for side in nir.shape)
    prior = engine.networks.prior(reduce_area(nir, network.config.prior_size)[None])
    hook = _head(network).register_forward_hook(look)
    try:
        engine.networks.paint(nir[None, ..., None], prior, np.array([[0, 0, 1, 1]], np.float32), reduction)
    finally:
        hook.remove()
    features, maps = (part[:, : size[0], : size[1]] for part in found)
    return features, maps


def _head(network: Generator) -> torch.nn.Conv2d:
    return cast(torch.nn.Conv2d, network.rgb_branch.head)


@torch.no_grad()
def _change(head: torch.nn.Conv2d, changes: torch.Tensor) -> None:
    """``changes``: (p, 3), of offsets, then of gains; the head makes gains first."""
    offsets, gains = changes.to(head.weight).chunk(2)
    for rows, change in ((slice(0, 3), gains), (slice(3, 6), offsets)):
        head.weight[rows, :, 1, 1] += change[:-1].T
        cast(torch.Tensor, head.bias)[rows] += change[-1]
