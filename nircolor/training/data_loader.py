"""An endless, seeded stream of batches, prepared in the background while the network works."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from itertools import count, islice
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor.datasets import Pair
from nircolor.errors import InputError, UsageError
from nircolor.image.tone.ranks import equalize as equalised
from nircolor.memory import available_memory
from nircolor.training.augment import AugmentConfig, Sample, draw
from nircolor.training.cache import Cache, Faults, Pixels
from nircolor.training.pairs import load_pair

Shape = tuple[int, int, tuple[float, ...]]
"""Pixels of a view's side, samples of a batch, and weights of the sources (none: their own)."""


class Made(Hashable, Protocol):
    """A pair that is no two files: rendered, made of one picture, or in memory already."""

    @property
    def scene(self) -> str: ...

    def load(self) -> Pixels:
        """nir (H, W) and rgb (H, W, 3), each uint8 or uint16. Raises InputError."""
        ...


TrainingPair = Pair | Made


@dataclass(frozen=True)
class PairSource:
    """Pairs of one data set and the share of samples drawn from it."""

    pairs: Sequence[TrainingPair]
    weight: float = 1.0
    turn: bool = False  # pictures from above: any rotation is natural


@dataclass(frozen=True)
class TrainingBatch:
    """Tensors in [0, 1]: nir (b, 1, s, s), rgb (b, 3, s, s), the views alike, and boxes (b, 4)."""

    view_nir: Tensor
    view_rgb: Tensor
    nir: Tensor
    rgb: Tensor
    boxes: Tensor


class DataLoader:
    """Draws a source by weight, then a scene, then a picture of it: a scene photographed ten times counts once.

    A sample depends on the seed, the number of its batch and its place in it alone: a resumed run sees the same
    batches, and so do any number of processes together.

    Args:
        sources: what to draw from. augment: how. seed: of all that is random.
        batch: samples of one batch, of all processes together.
        equalize: equalise near-infrared histograms, for a network with ``ModelConfig.equalize``.
        workers: threads that prepare batches, at least one.
        cache_bytes: memory for decoded pictures; None: half of what is available now, shared by ``world`` processes.
        share: (rank, world): this process makes the rank-th of ``world`` equal parts of each batch.
        shape_of: size of view and samples of the batch of a number; None: those of ``augment`` and ``batch``.
        on_warning: gets a line about a pair that is skipped, and about a full cache; any thread may call it.

    Raises UsageError for sources without pairs and for a batch that cannot be shared.
    """

    def __init__(
        self,
        sources: Sequence[PairSource],
        augment: AugmentConfig,
        seed: int,
        batch: int,
        *,
        equalize: bool = False,
        workers: int = 2,
        cache_bytes: int | None = None,
        share: tuple[int, int] = (0, 1),
        shape_of: Callable[[int], Shape] | None = None,
        on_warning: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.sources, self.augment, self.seed, self.equalize = list(sources), augment, seed, equalize
        self.workers, self._share = max(1, workers), share
        self._shape_of = shape_of or (lambda number: (augment.size, batch, ()))
        _places(batch, *share)
        if not sources or not all(source.pairs for source in sources):
            raise UsageError("sources: no pairs to train on; name a folder that holds some")
        self._scenes = [_by_scene(source.pairs) for source in sources]
        self._on_warning = on_warning
        total = len({pair for source in sources for pair in source.pairs})
        self._limit = available_memory() // 2 // share[1] if cache_bytes is None else cache_bytes
        self._cache = Cache(self._load, self._limit, total, self._warn_full)
        self._faults = Faults(total, on_warning)
        self._waited = 0.0

    @property
    def waited_seconds(self) -> float:
        """How long the consumers of ``batches`` have waited for them so far, in all."""
        return self._waited

    def batches(self, start: int) -> Generator[TrainingBatch, None, None]:
        """Batches from number ``start`` on, in order, some always in preparation. Closing it ends its threads."""
        pool = ThreadPoolExecutor(self.workers, "loader")
        try:
            upcoming = (pool.submit(self.make, number) for number in count(start))
            ahead = deque(islice(upcoming, 2 * self.workers))
            while True:
                batch = self._wait(ahead.popleft())
                ahead.append(next(upcoming))
                yield batch
        finally:
            pool.shutdown(cancel_futures=True)

    def make(self, number: int) -> TrainingBatch:
        """This process's share of batch ``number``. Raises InputError when more than 1 % of all pairs are bad."""
        size, batch, weights = self._shape_of(number)
        augment = replace(self.augment, size=size)
        rngs = (np.random.default_rng([self.seed, number, place]) for place in _places(batch, *self._share))
        shares = np.array(weights or [source.weight for source in self.sources])
        return _collate([self._sample(rng, augment, shares / shares.sum()) for rng in rngs])

    def _wait(self, future: Future[TrainingBatch]) -> TrainingBatch:
        began = time.monotonic()
        try:
            return future.result()
        finally:
            self._waited += time.monotonic() - began

    def _sample(self, rng: np.random.Generator, augment: AugmentConfig, shares: NDArray[np.float64]) -> Sample:
        while True:  # ends: a bad pair is drawn again with the same rng, and many bad pairs raise
            index = int(rng.choice(len(self.sources), p=shares))
            scenes = self._scenes[index]
            pairs = scenes[int(rng.integers(len(scenes)))]
            pixels = self._cache.get(pairs[int(rng.integers(len(pairs)))])
            if pixels is not None:
                nir, rgb = pixels
                return draw(nir, rgb, augment, rng, self.sources[index].turn)

    def _load(self, pair: TrainingPair) -> Pixels | None:
        try:
            if isinstance(pair, Pair):
                return load_pair(pair, equalize=self.equalize, long_side=self.augment.long_side)
            nir, rgb = pair.load()
            return (equalised(nir) if self.equalize else nir), rgb
        except InputError as error:
            self._faults.add(error)
            return None

    def _warn_full(self, needed: int) -> None:
        self._on_warning(
            f"cache: about {needed / 2**20:.0f} MiB of decoded pictures do not fit into {self._limit / 2**20:.0f} MiB; "
            "the rest is decoded each time, which is slow: free memory, or reduce pictures with augment.long_side"
        )


def _places(batch: int, rank: int, world: int) -> range:
    """The places within a batch that process ``rank`` of ``world`` fills."""
    if batch < 1 or world < 1 or batch % world or not 0 <= rank < world:
        raise UsageError(f"optim.batch = {batch}: no equal part for process {rank} of {world}; give a multiple of them")
    part = batch // world
    return range(rank * part, (rank + 1) * part)


def _by_scene(pairs: Sequence[TrainingPair]) -> list[list[TrainingPair]]:
    scenes: dict[str, list[TrainingPair]] = defaultdict(list)
    for pair in pairs:
        scenes[pair.scene].append(pair)
    return list(scenes.values())


def _collate(samples: list[Sample]) -> TrainingBatch:
    def images(arrays: list[np.ndarray]) -> Tensor:
        stacked = torch.from_numpy(np.stack(arrays))
        return stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)

    return TrainingBatch(
        images([s.view_nir for s in samples]),
        images([s.view_rgb for s in samples]),
        images([s.nir for s in samples]),
        images([s.rgb for s in samples]),
        torch.from_numpy(np.stack([s.box for s in samples])),
    )


def moved(batch: TrainingBatch, device: torch.device) -> TrainingBatch:
    """The batch on a device; on its way there the processor need not wait for it."""
    if device.type == "cpu":
        return batch
    pin = device.type == "cuda"
    tensors = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return TrainingBatch(**{k: (v.pin_memory() if pin else v).to(device, non_blocking=pin) for k, v in tensors.items()})


def parts_of(batch: TrainingBatch, count: int) -> list[TrainingBatch]:
    """``count`` equal parts of a batch, whose size is a multiple of it."""
    split = {f.name: getattr(batch, f.name).chunk(count) for f in fields(batch)}
    return [TrainingBatch(**{name: chunks[i] for name, chunks in split.items()}) for i in range(count)]
