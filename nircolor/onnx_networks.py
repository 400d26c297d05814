"""Networks that onnxruntime runs on a CPU: torch is not imported, and all between the networks is numpy and OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nircolor.enlarging import painted
from nircolor.errors import WeightsError
from nircolor.networks import Filter, Floats
from nircolor.planes import area_mean, pad_to_multiple, places, resized, sampled
from nircolor.twin.file import twin_of
from nircolor.twin.session import Twin

if TYPE_CHECKING:
    from nircolor.model import Generator

MULTIPLE = 32  # of the sides of what the branches see: twins are made of such networks only
STRIDE = 4  # pixels a side for which G_B says one thing


WHOLE = [0.0, 0.0, 1.0, 1.0]


@dataclass(frozen=True)
class Hints:
    """What priors (b, P, h', w') say of ``parts`` of them, each top, left, bottom and right in fractions, at ``size``:
    made of no more than what is asked for."""

    priors: Floats
    parts: list[list[float]]
    size: tuple[int, int]

    def of(self, some: Any) -> Hints:
        """Those that a list of numbers chooses; ``...`` chooses all."""
        return self if some is ... else Hints(self.priors[some], [self.parts[i] for i in some], self.size)

    def made(self) -> Floats:
        """(b, P, h, w), sides as the network needs them."""
        return pad_to_multiple(np.stack(list(map(self._one, self.priors, self.parts))), MULTIPLE)

    def _one(self, prior: Floats, part: list[float]) -> Floats:
        if part == WHOLE:
            return resized(prior, self.size)
        (top, left, bottom, right), (height, width) = part, self.size
        return sampled(prior, places(prior.shape[1], height, top, bottom), places(prior.shape[2], width, left, right))


@dataclass(frozen=True)
class OnnxSight:
    """See ``Sight``."""

    prior_size: int
    paint_size: int
    reduction: int
    equalize: bool
    head: str = "affine"


class OnnxNetworks:
    """See ``Networks``; a prior is an array (b, P, h, w)."""

    device, kernel, precision = "cpu", "onnxruntime", "fp32"

    def __init__(self, twin: Twin, config: OnnxSight, weights: Path) -> None:
        self.config, self.threads, self._weights = config, twin.threads, weights
        self._look: Callable[[Floats], Floats] = twin.features
        self._decide: Callable[[Floats], Floats] = twin.prior
        self._gain: Callable[[Floats, Hints], Floats] = lambda nir, hints: twin.maps(nir, hints.made())

    @classmethod
    def open(
        cls, weights: Path, meta: Mapping[str, object], sha256: str, threads: int, brief: bool = False
    ) -> OnnxNetworks:
        """The twin beside weights of this meta and SHA-256. Raises WeightsError and DeviceError where it fails."""
        config, members = meta.get("config"), meta.get("members")
        try:
            names = "prior_size", "paint_size", "reduction", "equalize"
            sight = OnnxSight(**{name: config[name] for name in names})  # type: ignore[index]
            width = (3 + config["prior_features"]) * (len(members) if isinstance(members, list) and members else 1)  # type: ignore[index]
        except (KeyError, TypeError) as error:
            raise WeightsError("describe no network", path=weights) from error
        return cls(Twin(twin_of(weights), sha256, width, threads, brief), sight, weights)

    def prior(self, nir: Floats) -> Floats:
        padded = pad_to_multiple(nir[:, None], MULTIPLE)
        full = [resized(one, padded.shape[2:]) for one in self._decide(padded)]
        return np.stack(full)[..., : nir.shape[1], : nir.shape[2]]

    def paint(self, tiles: Floats, prior: Floats, parts: Floats | None, reduction: float) -> Floats:
        nir, *light = (np.ascontiguousarray(x) for x in np.moveaxis(tiles, -1, 0))
        height, width = (max(1, round(side / reduction)) for side in nir.shape[1:])
        small = area_mean(nir, (height, width))
        views = [WHOLE] * len(nir) if parts is None else parts.tolist()
        hints = Hints(_spread(prior, len(nir)), views, (height, width))
        maps = self._gain(pad_to_multiple(small[:, None], MULTIPLE), hints)[..., :height, :width]
        return painted(maps, small, nir, light[0] if light else None, self.threads)

    def features(self, nir: Floats) -> Floats | None:
        return np.asarray(np.moveaxis(self._look(nir[None, None])[0], 0, -1))

    @contextmanager
    def filtered(self, prior: Filter, gains: Filter | None) -> Iterator[None]:
        decide, gain = self._decide, self._gain
        self._decide = lambda nir: prior(lambda some: decide(nir[some]), nir)
        if gains:
            self._gain = lambda nir, hint: gains(lambda some: gain(nir[some], hint.of(some)), nir)
        try:
            yield
        finally:
            self._decide, self._gain = decide, gain

    @cached_property
    def network(self) -> Generator:
        """The same for torch, which is imported when this is first asked for: who looks into a network needs it."""
        from nircolor.model import Generator
        from nircolor.weights import load
        from nircolor.weights_network import restored

        return restored(load(str(self._weights), self._weights), Generator)

    def use_threads(self, count: int) -> None:
        """Nothing: they sleep where there is nothing to do, and all pictures share them."""

    def is_out_of_memory(self, error: BaseException) -> bool:
        """numpy's and onnxruntime's own ways to say it."""
        return isinstance(error, MemoryError) or "allocate memory" in str(error)


def _spread(prior: Floats, count: int) -> Floats:
    return np.broadcast_to(prior, (count, *prior.shape[1:]))
