"""A network for small machines (``model/edge.py``), run by onnxruntime on a CPU: what it decides for a whole picture,
and the parts of that which lie under tiles. No torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from nircolor.enlarging import tinted
from nircolor.errors import WeightsError
from nircolor.networks import Filter, Floats
from nircolor.onnx_networks import OnnxNetworks, OnnxSight
from nircolor.twin.file import twin_of
from nircolor.twin.session import EdgeTwin
from nircolor.weights import FoundWeights


class EdgeNetworks(OnnxNetworks):
    """See ``Networks``; a prior is an array (b, 9, h, w), and all that there is to decide."""

    precision = "int8"

    def __init__(self, twin: EdgeTwin, config: OnnxSight, weights: Path) -> None:
        self.config, self.threads, self._weights = config, twin.threads, weights
        self._decide = twin.coefficients

    @classmethod
    def of(cls, found: FoundWeights, threads: int) -> EdgeNetworks:
        """The twin beside weights. Raises WeightsError and DeviceError where it fails."""
        try:
            config = found.meta["config"]
            sight = OnnxSight(config["prior_size"], 0, config["reduction"], False)  # type: ignore[index]
        except (KeyError, TypeError) as error:
            raise WeightsError("describe no network", path=found.path) from error
        return cls(EdgeTwin(twin_of(found.path), found.sha256, threads), sight, found.path)

    def prior(self, nir: Floats) -> Floats:
        return self._decide(nir[:, None])

    def paint(self, tiles: Floats, prior: Floats, parts: Floats | None, reduction: float) -> Floats:
        rgb = np.empty((*tiles.shape[:3], 3), np.float32)
        views = [(0.0, 0.0, 1.0, 1.0)] * len(tiles) if parts is None else [tuple(part) for part in parts.tolist()]
        for i, (tile, view) in enumerate(zip(tiles, views, strict=True)):
            light = tile[..., 1] if tile.shape[-1] > 1 else None
            tinted(prior[min(i, len(prior) - 1)], view, tile[..., 0], light, rgb[i])
        return rgb

    def features(self, nir: Floats) -> None:
        """Nothing: kinds of surface are not told apart."""

    @contextmanager
    def filtered(self, prior: Filter, gains: Filter | None) -> Iterator[None]:
        decide = self._decide
        self._decide = lambda nir: prior(lambda some: decide(nir[some]), nir)
        try:
            yield
        finally:
            self._decide = decide
