"""A network, pairs and recipes small enough to train in a test."""

from __future__ import annotations

from pathlib import Path

import tifffile

from nircolor import scenes
from nircolor.training.recipe import Recipe
from nircolor.training.recipe_file import parse_recipe

PAPERS = {
    "ours": {},
    "haqagen": {
        "pixel": 0, "blurred": 0, "angular": 0, "prior": 0, "mse": 15, "feature": 15, "delta": 0, "adversarial": 1,
        "feature_on_hsv": True,
    },
    "colormamba": {
        "pixel": 0, "blurred": 0, "angular": 0, "prior": 0, "mse": 100, "feature": 100, "beta": 0, "delta": 0,
        "ms_ssim": 1, "adversarial": 1, "gan": "vanilla", "critic_spaces": ["rgb"],
    },
}  # fmt: skip
"""Losses as published, but for VGG, whose weights are not everywhere."""


def write_pairs(folder: Path, *seeds: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        scene = scenes.render(seed, 48, 56)
        tifffile.imwrite(folder / f"{seed}_nir.tif", scenes.quantise(scene.nir, 8))
        tifffile.imwrite(folder / f"{seed}_rgb.tif", scenes.quantise(scene.rgb, 8), photometric="rgb")
    return folder


def recipe(steps: int = 6, loss: dict[str, object] | None = None, **optim: object) -> Recipe:
    """Of the preset ``tiny``, which the fixture ``tiny_preset`` adds."""
    values = {
        "preset": "tiny",
        "sources": [{"folder": "."}],
        "augment": {"size": 24},
        "loss": loss or {},
        "texture": {"steps": 5, "batch": 2, "width": 8},
        "optim": {"steps": steps, "batch": 2, "warmup": 2, "precision": "fp32", **optim},
        "save_every": 2,
    }
    return parse_recipe(values)
