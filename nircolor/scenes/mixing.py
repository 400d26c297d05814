"""Mixing of materials: covers laid over each other, lit by sun and sky."""

from __future__ import annotations

import numpy as np

from nircolor.scenes.noise import Field
from nircolor.scenes.spectra import palette

Layers = list[tuple[str, Field]]


def mix(layers: Layers) -> tuple[Field, Field]:
    """Lay covers over each other, the first on top; each gives a name of a material and its share (N,) in [0, 1].

    Returns two (N, 4) arrays: what the mixture sends back in the light of the sun, and in the light of the sky.
    """
    left = np.ones(len(layers[0][1]), np.float32)
    weights = np.empty((len(layers), len(left)), np.float32)
    for row, (_, cover) in enumerate(layers):
        np.multiply(left, cover, out=weights[row])
        left = left - weights[row]
    table = palette(*(name for name, _ in layers))
    return weights.T @ table.sun, weights.T @ table.sky
