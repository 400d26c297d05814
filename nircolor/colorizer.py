"""Weights, a device, a precision and a tiling make an engine that turns NIR arrays into RGB arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor import weights
from nircolor.camera import Camera
from nircolor.correction import Correction
from nircolor.device import choose_device, choose_precision, is_out_of_memory, precision_name
from nircolor.errors import DeviceError, UsageError
from nircolor.image.quantize import SCALES, round_to
from nircolor.image.tone.ranks import Ranks, equalize
from nircolor.model import Generator, crop_prior
from nircolor.overview import reduce_area, unit_of
from nircolor.reference import Change, Led, Mode, Reference
from nircolor.scan import choose as choose_scan
from nircolor.tiles import Tiling
from nircolor.tiling import Box, Model, Picture, Piece, run_tiles
from nircolor.weights_network import restored

MAX_REDUCTION = 4.0  # G_A's maps, enlarged further than this, would show halos along edges
Progress = Callable[[int, int], None]
Filter = Callable[[Callable[[Any], Tensor], Tensor], Tensor]
"""How a branch makes its maps of those pictures (b, 1, h, w) of a batch that an index chooses, and all that it looks at
-> the maps (b, C, h', w') to go on with. ``...`` chooses all."""


@dataclass(frozen=True)
class EngineInfo:
    """What every run says once: device, scan kernel, precision, and which weights."""

    device: str
    kernel: str
    precision: str
    weights: str
    weights_sha256: str


class Colorizer:
    """Colorizes near-infrared pictures of any size.

    With ``prior="global"`` the colour prior G_B looks at the whole picture once, reduced to a bounded size, and every
    tile of G_A is painted with its part of that decision. With ``prior="tile"`` each tile decides for itself.
    """

    def __init__(
        self,
        network: Generator,
        info: EngineInfo,
        tiling: Tiling,
        prior: Literal["global", "tile"] = "global",
        on_retreat: Callable[[str], None] | None = None,
        correction: Correction | None = None,
        camera: Camera | None = None,
    ) -> None:
        if prior not in ("global", "tile"):
            raise UsageError("unknown", option="prior", value=prior, remedy="give global or tile")
        self.network, self.info, self.tiling, self.prior, self.on_retreat = network, info, tiling, prior, on_retreat
        self.correction, self.camera = correction or Correction(), camera or Camera()
        self.correction.check()
        self._device = torch.device(info.device)
        self._dtype = choose_precision(info.precision, self._device)

    @classmethod
    def from_weights(
        cls,
        name: str = "lite",
        *,
        path: Path | None = None,
        device: str = "auto",
        precision: str = "auto",
        tiling: Tiling | None = None,
        prior: Literal["global", "tile"] = "global",
        on_retreat: Callable[[str], None] | None = None,
        correction: Correction | None = None,
    ) -> Colorizer:
        """Load weights and put them on a device.

        Args:
            name: a packaged name, a path of a safetensors file, or ``hf://org/repo[@rev][/file]``.
            path: the file that ``name`` stands for, where that is known already.
            device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``. precision: ``auto``, ``fp32``, ``bf16``,
            ``fp16``. tiling: side, overlap and number of tiles worked on at once.
            on_retreat: called with one line whenever memory ran out and smaller batches or tiles are used.
            correction: by hand, of what the weights say; theirs for a camera, if any, comes before it.

        Raises WeightsError, DeviceError, UsageError.
        """
        place = choose_device(device)
        dtype = choose_precision(precision, place)
        loaded = weights.load(name, path)
        network = build(loaded).to(place)
        short = loaded.short_sha256
        info = EngineInfo(str(place), choose_scan(place), precision_name(dtype), loaded.name, short)
        camera = Camera.from_meta(loaded.meta, loaded.path)
        return cls(network, info, tiling or Tiling(), prior, on_retreat, correction, camera)

    def colorize(
        self,
        nir: NDArray[Any],
        *,
        light: NDArray[Any] | None = None,
        reference: NDArray[Any] | Reference | None = None,
        reference_mode: Mode = "auto",
        on_progress: Progress | None = None,
        on_retreat: Callable[[str], None] | None = None,
    ) -> NDArray[Any]:
        """Colorize one picture.

        Args:
            nir: (H, W), uint8, uint16, or float32 in [0, 1]; the range comes from the type, never from the values.
            light: the same view, (H, W) of any of these types, with noise that ``nir``, then float32, is free of:
            colours are those of ``nir``, their luma and type those of ``light``. Needs ``takes_light``.
            reference: a colour picture, (h, w, 3) of any of these types, of the same place, or of another one with the
            same camera; reference_mode: ``auto``, ``place`` or ``palette`` (see ``Led``). Excludes ``light``.
            on_progress: called with (pixels done, pixels in all).
            on_retreat: called with one line whenever memory runs out; None: what the engine was made with.

        Returns:
            (H, W, 3) sRGB of the same type, rounded to nearest.

        Raises UsageError for another shape or type, DeviceError when memory runs out even with the smallest tiles.
        """
        if nir.ndim != 2 or nir.dtype not in SCALES:
            raise UsageError(f"a NIR picture is (H, W), uint8, uint16 or float32; this is {nir.shape}, {nir.dtype}")
        if reference is not None:
            return Led(self, Reference.of(reference), reference_mode).colorize(nir, on_progress, on_retreat)
        picture, dtype = (nir, nir.dtype) if light is None else (_lit(nir, light), light.dtype)
        rgb = np.empty((*nir.shape, 3), dtype)
        for top, left, pixels in self.paint(picture, on_progress=on_progress, on_retreat=on_retreat):
            rgb[top : top + len(pixels), left : left + pixels.shape[1]] = round_to(pixels, dtype)
        return rgb

    @property
    def takes_light(self) -> bool:
        """Whether ``light`` can be given: an affine head, on pictures as they are."""
        return self.network.config.head == "affine" and not self.network.config.equalize

    def paint(
        self,
        picture: Picture,
        *,
        change: Change | None = None,
        on_progress: Progress | None = None,
        on_retreat: Callable[[str], None] | None = None,
    ) -> Iterator[Piece]:
        """Colorize one picture piece by piece, while they are taken: memory does not grow with its height.

        Args:
            picture: (H, W), an array or what is read like one, window by window, from top to bottom and from left to
            right; once before the first piece (twice for networks that see pictures equalised). Types as for
            ``colorize``. change: of its colours, before they are corrected by hand.

        Yields:
            Pieces of (h, w, 3) float32 sRGB in [0, 1], in the order of ``run_tiles``: what ``colorize`` rounds.

        Raises, while pieces are taken, DeviceError as ``colorize`` does, and what the picture raises.
        """
        try:
            shown = Ranks(picture) if self.network.config.equalize else picture
            yield from run_tiles(
                shown,
                self._painter([shown], self.reduction_of(shown.shape), change),
                self.tiling_of(shown.shape),
                on_progress=on_progress,
                is_out_of_memory=is_out_of_memory,
                on_retreat=on_retreat or self.on_retreat,
            )
        except Exception as error:
            if is_out_of_memory(error):
                raise DeviceError(f"{self.info.device}: out of memory even with the smallest tiles") from error
            raise

    @contextmanager
    def filtered(self, prior: Filter, gains: Filter | None = None) -> Iterator[None]:
        """While entered, filters have the maps that decide on colours made, call by call: the prior of G_B and, with
        an affine head, the gains and offsets of G_A. The maps of another head are the picture itself, and stay.
        """
        filters = [(self.network.prior_branch, prior)]
        if gains and self.network.config.head == "affine":
            filters.append((self.network.rgb_branch, gains))
        try:
            for branch, through in filters:
                branch.forward = _filtered(branch.forward, through)
            yield
        finally:
            for branch, _ in filters:
                branch.__dict__.pop("forward", None)

    def can_share(self, shape: tuple[int, ...]) -> bool:
        """Whether a picture of (H, W) is one tile, and so small that G_A looks at it as closely as it can."""
        whole = self.reduction_of(shape) == self.network.config.reduction
        return whole and max(shape[:2]) <= self.tiling_of(shape).tile

    def colorize_together(self, pictures: list[NDArray[Any]]) -> list[NDArray[Any]]:
        """Colorize pictures that are all (H, W) of one type, as ``colorize`` does each, with the same errors.

        Small ones go through the network together: one large step costs less than many small ones. Results agree with
        those of ``colorize`` but for the order of additions in the network, which on some devices depends on how many
        pictures there are. Where they do not fit into memory together they go one by one.
        """
        if len(pictures) > 1 and self.can_share(pictures[0].shape):
            try:
                return self.at_once(pictures)
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
        return [self.colorize(nir) for nir in pictures]

    def at_once(self, pictures: list[NDArray[Any]], lights: list[NDArray[Any]] | None = None) -> list[NDArray[Any]]:
        """Pictures that ``can_share``, in one pass, with the ``lights`` of ``colorize``. Raises what the device does
        where memory runs out."""
        types = [nir.dtype for nir in lights or pictures]
        if lights:
            pictures = [_lit(nir, light) for nir, light in zip(pictures, lights, strict=True)]
        if self.network.config.equalize:
            pictures = [equalize(nir) for nir in pictures]
        whole = Box(0, 0, *pictures[0].shape[:2])
        paint = self._painter(pictures, self.reduction_of(pictures[0].shape))
        rows = paint([whole] * len(pictures), np.stack(pictures))
        return [round_to(one, dtype) for one, dtype in zip(rows, types, strict=True)]

    def tiling_of(self, shape: tuple[int, ...]) -> Tiling:
        """How a picture of (H, W, ...) is tiled, in its own pixels: large pictures are looked at reduced."""
        return self.tiling.enlarged(self.reduction_of(shape))

    def reduction_of(self, shape: tuple[int, ...]) -> float:
        """How many times smaller than the picture G_A works, at least 1: see ``Generator.paint``."""
        size, least = self.network.config.paint_size, float(self.network.config.reduction)
        if not size or self.prior != "global":
            return least
        return float(max(least, min(MAX_REDUCTION, (shape[0] * shape[1]) ** 0.5 / size)))

    def _painter(self, pictures: Sequence[Picture], reduction: float, change: Change | None = None) -> Model:
        """The function that colorizes a batch of tiles: of one picture, or one of each of several of one size."""
        whole = self._whole_prior(pictures) if self.prior == "global" else None

        @torch.inference_mode()  # in here, not around all: while a piece is handed on, others use torch in this thread
        def paint(boxes: list[Box], tiles: NDArray[Any]) -> NDArray[np.float32]:
            x, *light = self._tensor(tiles).reshape(*tiles.shape[:3], -1)[:, None].unbind(-1)  # (b, 1, h, w) each
            with self._autocast():
                if whole is None:
                    prior = self.network.prior(x).float()
                else:
                    size = [max(1, round(side / reduction)) for side in x.shape[-2:]]
                    prior = crop_prior(whole, _fractions(boxes, pictures[0].shape), *size)
                rgb = self.network.paint(x, prior, reduction, *light)
            rgb = rgb.float().clamp_(0, 1).permute(0, 2, 3, 1)  # (b, h, w, 3)
            rgb = self.camera.apply(rgb)
            rgb = change.apply(rgb, x[:, 0], boxes) if change else rgb
            return self.correction.apply(rgb, x[:, 0]).cpu().numpy()

        return paint

    @torch.inference_mode()
    def _whole_prior(self, pictures: Sequence[Picture]) -> Tensor:
        """G_B on the reduced whole pictures: (b, P, h, w) with h w <= prior_size squared."""
        small = np.stack([reduce_area(_seen(nir), self.network.config.prior_size) for nir in pictures])
        with self._autocast():
            return self.network.prior(self._tensor(small)[:, None]).float()

    def _tensor(self, values: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32) * unit_of(values)).to(self._device)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self._device.type, self._dtype, enabled=self._dtype != torch.float32)


def build(loaded: weights.LoadedWeights) -> Generator:
    """The network that a weights file describes. Raises WeightsError when the two do not fit."""
    return restored(loaded, Generator)


def _filtered(forward: Callable[..., Tensor], through: Filter) -> Callable[..., Tensor]:
    """``forward`` of a branch, with a filter that may leave it out."""
    return lambda *inputs: through(lambda chosen: forward(*(x[chosen] for x in inputs)), inputs[0])


def _lit(nir: NDArray[Any], light: NDArray[Any]) -> NDArray[np.float32]:
    """(H, W, 2): a picture, and the one whose light its colours get."""
    return np.stack([nir, np.asarray(light, np.float32) * unit_of(light)], -1)


def _seen(picture: Picture) -> Picture:
    """What the networks see of a picture: (H, W)."""
    return picture[..., 0] if isinstance(picture, np.ndarray) and picture.ndim == 3 else picture


def _fractions(boxes: list[Box], shape: tuple[int, ...]) -> Tensor:
    """(b, 4) of top, left, bottom, right in fractions of the picture."""
    height, width = shape[:2]
    edges = [(b.top, b.left, b.top + b.height, b.left + b.width) for b in boxes]
    return torch.tensor(edges, dtype=torch.float64).div(torch.tensor([height, width, height, width])).float()
