"""A network, pairs and settings that are adapted to within a second."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
from small_network import PLAIN

from nircolor import AdaptConfig, scenes
from nircolor.model import BranchConfig
from nircolor.scenes import quantise

QUICK = AdaptConfig(steps=12, checks=1, rate=3e-3, size=24, batch=4, rendered=2)
PAIRS = 5
FLAT = BranchConfig((8, 8), (0, 0), stride=2)
QUICKEST = replace(PLAIN, rgb=FLAT, prior=FLAT)
"""Without an encoder and without scans: all of it learns."""


def write_pairs(folder: Path) -> Path:
    """Rendered ones, each of a scene of its own."""
    folder.mkdir()
    for seed in range(PAIRS):
        scene = scenes.render(seed, 48, 56)
        cv2.imwrite(str(folder / f"{seed}_nir.png"), quantise(scene.nir, 8))
        cv2.imwrite(str(folder / f"{seed}_rgb.png"), quantise(scene.rgb, 8)[..., ::-1])
    return folder
