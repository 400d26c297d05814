"""Data sets laid out on disk in the benchmarks' own ways, of pictures that nircolor renders."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import tifffile

from nircolor import scenes
from nircolor.datasets import Dataset

HEIGHT, WIDTH = 40, 48


@lru_cache
def rendered(seed: int, bits: int) -> dict[str, np.ndarray]:
    """nir (H, W) and rgb (H, W, 3) of one scene; a few seeds are enough where names matter."""
    scene = scenes.render(seed % 3, HEIGHT, WIDTH)
    return {"nir": scenes.quantise(scene.nir, bits), "rgb": scenes.quantise(scene.rgb, bits)}


def put(path: Path, side: str = "", seed: int = 0) -> Path:
    """One picture; its side is in its name, unless told. TIFF has 16 bits, everything else 8."""
    path.parent.mkdir(parents=True, exist_ok=True)
    side = side or ("nir" if "nir" in path.stem.lower() else "rgb")
    if path.suffix.lower() in (".tif", ".tiff"):
        tifffile.imwrite(path, rendered(seed, 16)[side])
        return path
    pixels = rendered(seed, 8)[side]
    done, data = cv2.imencode(path.suffix.lower(), pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    assert done
    data.tofile(path)
    return path


def put_pairs(root: Path, names: Iterable[str], nir: str = "{}_nir.png", rgb: str = "{}_rgb.png") -> Path:
    for seed, name in enumerate(names):
        put(root / nir.format(name), "nir", seed)
        put(root / rgb.format(name), "rgb", seed)
    return root


def vcip2020(root: Path, held_out: bool = True) -> Path:
    put_pairs(root, ("country_0000", "field_0001", "forest_0000"), "NIR/{}_nir.png", "RGB-Registered/{}_rgb_reg.png")
    put(root / "RGB-Online" / "country_0000_rgb_onl.png")
    if held_out:
        put_pairs(root / "Validation", ("validation_0000", "validation_0001"), rgb="{}_rgb_reg.png")
        put_pairs(root / "Testing", ("Testing_0000",), rgb="{}_rgb_reg.png")
    return root


def fanvid(root: Path) -> Path:
    for part, count in (("Train", 3), ("Test", 2)):
        for seed in range(count):
            name = f"{part}_{seed + 1:05}"
            for folder in ("paired_NIR1", "paired_NIR2", "paired_RGB"):
                put(root / part / folder / f"{name}.bmp", "rgb" if "RGB" in folder else "nir", seed)
            mask = root / part / "seg_mask2former_NIR1" / f"{name}.npy"
            mask.parent.mkdir(exist_ok=True)
            mask.write_bytes(b"")
    return root


def omsiv(root: Path) -> Path:
    put_pairs(root / "train", ("001", "003"), "Y/NIR_{}.png", "X/RGBR_{}.jpg")
    put_pairs(root / "test", ("002",), "Y/NIR_{}.png", "X/RGBR_{}.jpg")
    (root / "train_list.lst").write_text("train/X/RGBR_001.jpg train/Y/NIR_001.png\n")
    return root


def rgb2nir(root: Path) -> Path:
    for category, count in (("country", 2), ("water", 1)):
        put_pairs(root / category, [f"{n:04}" for n in range(count)], "{}_nir.tiff", "{}_rgb.tiff")
    return root


def ids(dataset: Dataset) -> list[str]:
    return [pair.id for pair in dataset.pairs]


def relative(dataset: Dataset) -> list[tuple[str | None, str]]:
    """The files of each pair, below the root."""
    names = [[path and path.relative_to(dataset.root).as_posix() for path in (p.nir, p.rgb)] for p in dataset.pairs]
    return [(nir, str(rgb)) for nir, rgb in names]
