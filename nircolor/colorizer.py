"""Weights, a device, a precision and a tiling make an engine that turns NIR arrays into RGB arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nircolor.camera import Camera
from nircolor.choice import Choice, open_networks
from nircolor.correction import Correction
from nircolor.errors import DeviceError, UsageError
from nircolor.image.quantize import SCALES, round_to
from nircolor.image.tone.ranks import Ranks, equalize
from nircolor.networks import Filter, Floats, Networks
from nircolor.overview import in_unit, reduce_area
from nircolor.reference import Change, Led, Mode, Reference
from nircolor.tiles import Tiling
from nircolor.tiling import Box, Model, Picture, Piece, run_tiles

MAX_REDUCTION = 4.0  # G_A's maps, enlarged further than this, would show halos along edges
Progress = Callable[[int, int], None]


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
    ``prior="auto"`` is tile for a map that is larger than G_B looks at it, and global for all else: reduced to so
    little a map shows no trees, and colours of a place do not depend on how much of its surroundings a file holds.
    """

    def __init__(
        self,
        networks: Networks,
        info: EngineInfo,
        tiling: Tiling,
        prior: Literal["auto", "global", "tile"] = "auto",
        on_retreat: Callable[[str], None] | None = None,
        correction: Correction | None = None,
        camera: Camera | None = None,
    ) -> None:
        if prior not in ("auto", "global", "tile"):
            raise UsageError("unknown", option="prior", value=prior, remedy="give auto, global or tile")
        self.networks, self.info, self.tiling, self.prior, self.on_retreat = networks, info, tiling, prior, on_retreat
        self.correction, self.camera = correction or Correction(), camera or Camera()
        self.correction.check()

    @classmethod
    def from_weights(
        cls,
        name: str = "lite",
        *,
        path: Path | None = None,
        engine: Literal["auto", "torch", "onnx"] = "auto",
        device: str = "auto",
        precision: str = "auto",
        threads: int | None = None,
        brief: bool = False,
        tiling: Tiling | None = None,
        prior: Literal["auto", "global", "tile"] = "auto",
        on_retreat: Callable[[str], None] | None = None,
        correction: Correction | None = None,
    ) -> Colorizer:
        """Load weights and put them on a device.

        Args:
            name: a packaged name, a path of a safetensors file, or ``hf://org/repo[@rev][/file]``.
            path: the file that ``name`` stands for, where that is known already.
            engine: ``auto``, ``torch`` or ``onnx``. device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
            precision: ``auto``, ``fp32``, ``bf16``, ``fp16``. threads: of the CPU. ``EngineConfig`` says more.
            brief: for little work, for which starting soon counts more than going fast.
            tiling: side, overlap and number of tiles worked on at once.
            on_retreat: called with one line whenever memory ran out and smaller batches or tiles are used, and where
            torch takes the place of onnxruntime.
            correction: by hand, of what the weights say; theirs for a camera, if any, comes before it.

        Raises WeightsError, DeviceError, UsageError.
        """
        choice = Choice(engine, device, precision, threads, brief)
        networks, found = open_networks(name, path, choice, on_retreat)
        info = EngineInfo(networks.device, networks.kernel, networks.precision, name, found.sha256[:12])
        camera = Camera.from_meta(found.meta, found.path)
        return cls(networks, info, tiling or Tiling(), prior, on_retreat, correction, camera)

    @classmethod
    def from_pretrained(
        cls, repo: str, *, revision: str | None = None, file: str | None = None, **options: Any
    ) -> Colorizer:
        """``from_weights`` of a repository of the Hub, ``org/repo``: fetched once, then taken from the Hub's cache.

        revision: a branch, a tag or a commit. file: of the weights, where there are several. Raises as that does.
        """
        from nircolor.hub import HubRef

        return cls.from_weights(str(HubRef(repo, revision, file)), **options)

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
        return self.networks.config.head == "affine" and not self.networks.config.equalize

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
        engine = self.settled(picture)
        try:
            shown = Ranks(picture) if self.networks.config.equalize else picture
            yield from run_tiles(
                shown,
                engine._painter([shown], engine.reduction_of(shown.shape), change),
                engine.tiling_of(shown.shape),
                on_progress=on_progress,
                is_out_of_memory=self.networks.is_out_of_memory,
                on_retreat=on_retreat or self.on_retreat,
            )
        except Exception as error:
            if self.networks.is_out_of_memory(error):
                raise DeviceError(f"{self.info.device}: out of memory even with the smallest tiles") from error
            raise

    def settled(self, picture: Picture) -> Colorizer:
        """Itself, or, for a map of which tiles decide with ``prior="auto"``, the same engine with ``prior="tile"``.

        A picture that is read window by window says itself whether it is one (``NirWindows.on_map``); arrays are none.
        """
        large = picture.shape[0] * picture.shape[1] > self.networks.config.prior_size**2
        if self.prior != "auto" or not large or not getattr(picture, "on_map", False):
            return self
        engine = copy(self)
        engine.prior = "tile"
        return engine

    @contextmanager
    def filtered(self, prior: Filter, gains: Filter | None = None) -> Iterator[None]:
        """While entered, filters have the maps that decide on colours made, call by call: the prior of G_B and, with
        an affine head, the gains and offsets of G_A. The maps of another head are the picture itself, and stay.
        """
        with self.networks.filtered(prior, gains if self.networks.config.head == "affine" else None):
            yield

    def can_share(self, shape: tuple[int, ...]) -> bool:
        """Whether a picture of (H, W) is one tile, and so small that G_A looks at it as closely as it can."""
        return self.reduction_of(shape) == self.networks.config.reduction and self.is_one_tile(shape)

    def is_one_tile(self, shape: tuple[int, ...]) -> bool:
        """Whether a picture of (H, W) is looked at in one piece."""
        return max(shape[:2]) <= self.tiling_of(shape).tile

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
                if not self.networks.is_out_of_memory(error):
                    raise
        return [self.colorize(nir) for nir in pictures]

    def at_once(self, pictures: list[NDArray[Any]], lights: list[NDArray[Any]] | None = None) -> list[NDArray[Any]]:
        """Pictures of one shape, each one tile, in one pass, with the ``lights`` of ``colorize``. Raises what the
        device does where memory runs out."""
        types = [nir.dtype for nir in lights or pictures]
        if lights:
            pictures = [_lit(nir, light) for nir, light in zip(pictures, lights, strict=True)]
        if self.networks.config.equalize:
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
        size, least = self.networks.config.paint_size, float(self.networks.config.reduction)
        if not size or self.prior == "tile":
            return least
        return float(max(least, min(MAX_REDUCTION, (shape[0] * shape[1]) ** 0.5 / size)))

    def _painter(self, pictures: Sequence[Picture], reduction: float, change: Change | None = None) -> Model:
        """The function that colorizes a batch of tiles: of one picture, or one of each of several of one size."""
        whole, shape = self._whole_prior(pictures) if self.prior != "tile" else None, pictures[0].shape

        def paint(boxes: list[Box], tiles: NDArray[Any]) -> Floats:
            seen = in_unit(tiles).reshape(*tiles.shape[:3], -1)
            if self.prior != "tile":
                rgb = self.networks.paint(seen, whole, _fractions(boxes, shape), reduction)
            else:
                rgb = self.networks.paint(seen, self.networks.prior(seen[..., 0]), None, reduction)
            rgb = self.camera.apply(rgb)
            rgb = change.apply(rgb, seen[..., 0], boxes) if change else rgb
            return self.correction.apply(rgb, seen[..., 0])

        return paint

    def _whole_prior(self, pictures: Sequence[Picture]) -> Any:
        """G_B on the reduced whole pictures, with h w <= prior_size squared."""
        size = self.networks.config.prior_size
        small = [reduce_area(_seen(nir), size)[None] for nir in pictures]
        return self.networks.prior(small[0] if len(small) == 1 else np.concatenate(small))


def _lit(nir: NDArray[Any], light: NDArray[Any]) -> NDArray[np.float32]:
    """(H, W, 2): a picture, and the one whose light its colours get."""
    return np.stack([nir, in_unit(light)], -1)


def _seen(picture: Picture) -> Picture:
    """What the networks see of a picture: (H, W)."""
    return picture[..., 0] if isinstance(picture, np.ndarray) and picture.ndim == 3 else picture


def _fractions(boxes: list[Box], shape: tuple[int, ...]) -> Floats:
    """(b, 4) of top, left, bottom, right in fractions of the picture."""
    height, width = shape[:2]
    edges = [(b.top, b.left, b.top + b.height, b.left + b.width) for b in boxes]
    return (np.array(edges) / [height, width, height, width]).astype(np.float32)
