"""Scores during training: what ``nircolor evaluate`` would say of the weights of now, protocol srgb8, native size."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from nircolor.colorizer import Colorizer, EngineInfo
from nircolor.datasets import Pair
from nircolor.device import choose_precision
from nircolor.errors import InputError
from nircolor.evaluation.methods import Network, View, nir_of
from nircolor.evaluation.metric import Image, Metric
from nircolor.evaluation.metrics import choose_metrics
from nircolor.evaluation.perceptual import lpips_metric
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.runner import MeasureSettings, measure
from nircolor.model import Generator
from nircolor.model.reverse import NirFromRgb
from nircolor.tiling import Tiling
from nircolor.torch_networks import TorchNetworks
from nircolor.training.events import Pixels, ValidationPicture

MEASURED = ("psnr", "psnr_ev", "ssim", "angle", "colour-ratio", "lpips")
SHOWN = 6  # pictures of a run, of all validation sets together
SIDE = 256  # at most, of a shown picture

Sets = Mapping[str, Sequence[Pair]]
"""Validation pairs by the name of their folder."""


@dataclass(frozen=True)
class Validated:
    """Means by ``<folder>/<metric>``, and pictures of a few pairs, the same each time."""

    scores: dict[str, float]
    pictures: tuple[ValidationPicture, ...]


class Validation:
    """The validation sets of a run and what is measured on them."""

    def __init__(self, sets: Sets, lpips_weights: str, device: torch.device) -> None:
        self.sets, self.device = sets, device
        lpips = lpips_metric("squeeze", lpips_weights) if lpips_weights else None
        self.metrics: tuple[Metric, ...] = choose_metrics(MEASURED, lpips)
        self._shown = {name: shown(pairs, len(sets)) for name, pairs in sets.items()}

    def run(self, network: Generator | NirFromRgb, on_progress: Callable[[int, int], None]) -> Validated:
        """Measure the network, which is put into evaluation mode. Raises InputError for an unmeasurable pair."""
        assert isinstance(network, Generator)
        networks = TorchNetworks(network.eval(), self.device, choose_precision("auto", self.device))
        info = EngineInfo(networks.device, networks.kernel, networks.precision, "of this step", "")
        method = Network("network", Colorizer(networks, info, Tiling()))
        total, before, scores, pictures = sum(map(len, self.sets.values())), 0, {}, []
        for name, pairs in self.sets.items():
            album = _Album(self._shown[name])
            report = lambda done, _, before=before: on_progress(before + done, total)  # noqa: E731
            found = measure(pairs, [method], MeasureSettings(SRGB8, self.metrics), [album], report)
            if found.problems:
                raise InputError(str(found.problems[0]))
            for metric in self.metrics:
                values = [row.values[metric.key] for row in found.rows]
                scores[f"{name}/{metric.key}"] = fmean(value for value in values if value is not None)
            before += len(pairs)
            pictures += [album.pictures[id] for id in album.wanted]
        return Validated(scores, tuple(pictures))

    def goodness(self, scores: Mapping[str, float], key: str) -> float:
        """Mean of a metric over the sets, turned so that more is better."""
        metric = next(metric for metric in self.metrics if metric.key == key)
        mean = fmean(scores[f"{name}/{key}"] for name in self.sets)
        return -mean if metric.better == "lower" else mean


def shown(pairs: Sequence[Pair], sets: int) -> list[str]:
    """Ids of the pairs of one of so many sets whose pictures are shown, evenly spread over it."""
    count = min(-(-SHOWN // max(1, sets)), len(pairs))
    return [pairs[(2 * i + 1) * len(pairs) // (2 * count)].id for i in range(count)]


@dataclass
class _Album:
    """A sink of the runner that keeps small copies of the wanted pictures."""

    wanted: Sequence[str]
    pictures: dict[str, ValidationPicture] = field(default_factory=dict)

    def __call__(self, view: View, predictions: Mapping[str, Image]) -> None:
        if view.pair.id in self.wanted:
            images = (small(image) for image in (nir_of(view), predictions["network"], view.truth))
            self.pictures[view.pair.id] = ValidationPicture(view.pair.id, *images)


def small(image: NDArray[np.float32]) -> Pixels:
    """At most ``SIDE`` pixels a side, 8 bit."""
    scale = min(1.0, SIDE / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(small, 0, 1) * 255).astype(np.uint8)
