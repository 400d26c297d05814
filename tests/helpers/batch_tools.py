"""Folders of rendered pictures, and a narrow network with random weights to colorize them with."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import torch
from small_network import PLAIN, network

from nircolor.colorizer import Colorizer, EngineInfo
from nircolor.scenes import quantise, render
from nircolor.tiling import Tiling
from nircolor.torch_networks import TorchNetworks


def picture(path: Path, seed: int = 0, height: int = 20, width: int = 28, bits: int = 8) -> Path:
    """Render a near-infrared picture into a file, folders made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded, data = cv2.imencode(path.suffix, quantise(_scene(seed, height, width), bits))
    assert encoded
    path.write_bytes(data.tobytes())
    return path


@cache
def _scene(seed: int, height: int, width: int) -> np.ndarray:
    return render(seed, height, width).nir


@cache
def engine(batch: int = 1, prior: str = "global", equalize: bool = False, reduction: int = 1) -> Colorizer:
    made = network(replace(PLAIN, equalize=equalize, prior_size=24, reduction=reduction))
    networks, info = TorchNetworks(made, torch.device("cpu")), EngineInfo("cpu", "numba", "fp32", "tiny", "0" * 12)
    return Colorizer(networks, info, Tiling(64, 8, batch), prior)


def tree(folder: Path) -> dict[str, bytes]:
    """Content of every file but the manifest, by its path below ``folder``."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".jsonl")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
