"""An endless, seeded stream of batches, prepared in the background while the network works."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nircolor.datasets import Pair
from nircolor.training.augment import AugmentConfig, Sample, draw
from nircolor.training.pairs import load_pair


@dataclass(frozen=True)
class Source:
    """Pairs of one data set and the share of samples drawn from it."""

    pairs: Sequence[Pair]
    weight: float = 1.0
    turn: bool = False  # pictures from above: any rotation is natural


@dataclass(frozen=True)
class Batch:
    """Tensors in [0, 1]: nir (b, 1, s, s), rgb (b, 3, s, s), the views alike, and boxes (b, 4)."""

    view_nir: Tensor
    view_rgb: Tensor
    nir: Tensor
    rgb: Tensor
    boxes: Tensor


class Feed:
    """Draws a source by weight, then a scene, then a picture of it: a scene photographed ten times counts once.

    Batch number ``step`` depends on the seed and ``step`` alone, so that a resumed run sees the same batches.
    """

    def __init__(self, sources: Sequence[Source], augment: AugmentConfig, batch: int, seed: int) -> None:
        self.sources, self.augment, self.batch, self.seed = list(sources), augment, batch, seed
        self._weights = np.array([s.weight for s in sources]) / sum(s.weight for s in sources)
        self._scenes = [_by_scene(source.pairs) for source in sources]
        self._pixels = {pair.nir: load_pair(pair) for source in sources for pair in source.pairs}

    def batches(self, start: int) -> Iterator[Batch]:
        """Batches from step ``start`` on, one always in preparation."""
        with ThreadPoolExecutor(1) as background:
            upcoming: Future[Batch] = background.submit(self.make, start)
            while True:
                batch, start = upcoming.result(), start + 1
                upcoming = background.submit(self.make, start)
                yield batch

    def make(self, step: int) -> Batch:
        rng = np.random.default_rng([self.seed, step])
        return _collate([self._draw(rng) for _ in range(self.batch)])

    def _draw(self, rng: np.random.Generator) -> Sample:
        index = int(rng.choice(len(self.sources), p=self._weights))
        scenes = self._scenes[index]
        pairs = scenes[int(rng.integers(len(scenes)))]
        nir, rgb = self._pixels[pairs[int(rng.integers(len(pairs)))].nir]
        return draw(nir, rgb, self.augment, rng, self.sources[index].turn)


def _by_scene(pairs: Sequence[Pair]) -> list[list[Pair]]:
    scenes: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        scenes[pair.scene].append(pair)
    return list(scenes.values())


def _collate(samples: list[Sample]) -> Batch:
    def images(arrays: list[np.ndarray]) -> Tensor:
        stacked = torch.from_numpy(np.stack(arrays))
        return stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)

    return Batch(
        images([s.view_nir for s in samples]),
        images([s.view_rgb for s in samples]),
        images([s.nir for s in samples]),
        images([s.rgb for s in samples]),
        torch.from_numpy(np.stack([s.box for s in samples])),
    )
