"""What the way back (recipe nir-from-rgb) is trained by and judged on: near-infrared pictures made from colour."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor.datasets import Pair
from nircolor.loss.pixel import blurred_loss, pixel_loss
from nircolor.model.networks import Network
from nircolor.training.data_loader import TrainingBatch
from nircolor.training.events import ValidationPicture
from nircolor.training.pairs import load_pair
from nircolor.training.recipe import LossConfig
from nircolor.training.validation import Sets, Validated, shown, small

LONG_SIDE = 512  # of the pictures it is judged on: it makes training pictures, which are not larger


class NirObjective:
    """The pixel and the blurred term of a recipe, on near-infrared."""

    def __init__(self, config: LossConfig) -> None:
        self.config = config

    def __call__(self, nir: Tensor, prior: Tensor, batch: TrainingBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """nir: (b, 1, s, s) as made from ``batch.rgb`` -> total, and each unweighted term."""
        pixel, blurred = pixel_loss(nir, batch.nir), blurred_loss(nir, batch.nir)
        return self.config.pixel * pixel + self.config.blurred * blurred, {"pixel": pixel, "blurred": blurred}


class NirValidation:
    """PSNR of the near-infrared that is made of the validation pairs' colour pictures."""

    def __init__(self, sets: Sets, device: torch.device) -> None:
        self.sets, self.device = sets, device
        self._shown = {name: shown(pairs, len(sets)) for name, pairs in sets.items()}

    def run(self, network: Network, on_progress: Callable[[int, int], None]) -> Validated:
        network = network.eval().to(self.device)
        total, done, scores, pictures = sum(map(len, self.sets.values())), 0, {}, []
        for name, pairs in self.sets.items():
            values = []
            for pair in pairs:
                value, picture = self._judge(network, pair)
                values.append(value)
                pictures += [picture] if pair.id in self._shown[name] else []
                done += 1
                on_progress(done, total)
            scores[f"{name}/psnr"] = fmean(values)
        return Validated(scores, tuple(pictures))

    def goodness(self, scores: Mapping[str, float], key: str) -> float:
        """Mean PSNR over the sets."""
        return fmean(scores[f"{name}/psnr"] for name in self.sets)

    def _judge(self, network: Network, pair: Pair) -> tuple[float, ValidationPicture]:
        nir, rgb = (_unit(image) for image in load_pair(pair, long_side=LONG_SIDE))
        with torch.inference_mode():
            x = torch.from_numpy(rgb).permute(2, 0, 1)[None].to(self.device)
            made = network(x)[0, 0].clamp(0, 1).cpu().numpy()
        error = float(np.mean(np.square(made - nir, dtype=np.float64)))
        grey = np.repeat(made[..., None], 3, -1)
        return -10 * float(np.log10(max(error, 1e-10))), ValidationPicture(
            pair.id, *(small(i) for i in (nir, grey, rgb))
        )


def _unit(image: NDArray[Any]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = np.asarray(image, np.float32) / np.float32(np.iinfo(image.dtype).max)
    return unit
