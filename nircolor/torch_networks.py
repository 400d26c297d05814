"""Networks that torch runs, on any device: the rest of the picture's way is on that device, too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from nircolor.device import is_out_of_memory, precision_name
from nircolor.model import Generator, ModelConfig, crop_prior
from nircolor.networks import Filter, Floats
from nircolor.scan import choose as choose_scan


class TorchNetworks:
    """See ``Networks``; a prior is a tensor (b, P, h, w) on the device of ``network``."""

    def __init__(self, network: Generator, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        self.network = network.to(device)
        self._device, self._dtype = device, dtype
        self.device, self.kernel, self.precision = str(device), choose_scan(device), precision_name(dtype)

    @property
    def config(self) -> ModelConfig:
        """Of the network."""
        return self.network.config

    @torch.inference_mode()
    def prior(self, nir: Floats) -> Tensor:
        with self._autocast():
            return self.network.prior(self._tensor(nir)[:, None]).float()

    @torch.inference_mode()
    def paint(self, tiles: Floats, prior: Tensor, parts: Floats | None, reduction: float) -> Floats:
        x, *light = self._tensor(tiles)[:, None].unbind(-1)  # (b, 1, h, w) each
        if parts is not None:
            size = self.network.prior_size(x.shape[-2], x.shape[-1], reduction)
            prior = crop_prior(prior, torch.from_numpy(parts), *size)
        with self._autocast():
            rgb = self.network.paint(x, prior, reduction, *light)
        return np.asarray(rgb.float().clamp_(0, 1).permute(0, 2, 3, 1).cpu().numpy())

    @torch.inference_mode()
    def features(self, nir: Floats) -> Floats | None:
        maps = self.network.features(self._tensor(nir)[None, None])
        return None if maps is None else _array(maps[0].permute(1, 2, 0))

    @contextmanager
    def filtered(self, prior: Filter, gains: Filter | None) -> Iterator[None]:
        filters = [(self.network.prior_branch, prior)] + ([(self.network.rgb_branch, gains)] if gains else [])
        try:
            for branch, through in filters:
                branch.forward = self._filtered(branch.forward, through)
            yield
        finally:
            for branch, _ in filters:
                branch.__dict__.pop("forward", None)

    @property
    def threads(self) -> int:
        return torch.get_num_threads()

    def use_threads(self, count: int) -> None:
        torch.set_num_threads(count)

    def is_out_of_memory(self, error: BaseException) -> bool:
        return is_out_of_memory(error)

    def _filtered(self, forward: Callable[..., Tensor], through: Filter) -> Callable[..., Tensor]:
        """``forward`` of a branch, with a filter that may leave it out."""

        def filtered(*inputs: Tensor) -> Tensor:
            maps = through(lambda chosen: _array(forward(*(x[chosen] for x in inputs))), _array(inputs[0]))
            return self._tensor(maps)

        return filtered

    def _tensor(self, values: Floats) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32)


def _array(x: Tensor) -> Floats:
    return np.asarray(x.float().cpu().numpy())
