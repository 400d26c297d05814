"""Pairs for the recipe ``lite-taught``: photographs whose near-infrared is made, with colours that teachers agree on.

    python benchmarks/taught_pairs.py nir ../shared/scenery runs/nir-from-rgb/best.safetensors runs/taught/nir
    (each teacher: nircolor batch runs/taught/nir runs/taught/ONE --weights ... --suffix '' --format png)
    python benchmarks/taught_pairs.py mix ../shared/scenery runs/taught/nir runs/taught/pairs \\
        --teachers runs/taught/ONE runs/taught/TWO [--truth 0.3]

``nir`` makes the near-infrared as training does. ``mix`` writes NAME_nir.png and NAME_rgb.png: the share ``--truth`` of
the photograph, the rest the mean of what the teachers painted. A picture that a teacher lacks is left out.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.listing import list_pictures
from nircolor.image import read_rgb, write_rgb
from nircolor.training.made import NirMaker


def photograph(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3), as training sees it."""
    rgb: NDArray[np.uint8] = np.rint(read_rgb(path).pixels * np.float32(255)).astype(np.uint8)
    return rgb


def make_nir(options: argparse.Namespace) -> None:
    import cv2

    maker = NirMaker(str(options.weights))
    options.out.mkdir(parents=True)
    for file in list_pictures(options.photographs).files:
        cv2.imwrite(str(options.out / f"{file.path.stem}.png"), maker(photograph(file.path)))


def mixed(truth: NDArray[Any], taught: list[NDArray[Any]], share: float) -> NDArray[np.float32]:
    """``share`` of the truth and the mean of what was taught, (H, W, 3) in [0, 1]."""
    colours: NDArray[np.float32] = share * truth + (1 - share) * np.mean(taught, axis=0)
    return colours


def mix(options: argparse.Namespace) -> None:
    options.out.mkdir(parents=True)
    for file in list_pictures(options.photographs).files:
        name = f"{file.path.stem}.png"
        painted = [folder / name for folder in options.teachers]
        if all(path.exists() for path in painted):
            taught = [read_rgb(path).pixels for path in painted]
            colours = mixed(read_rgb(file.path).pixels, taught, options.truth)
            write_rgb(options.out / f"{file.path.stem}_rgb.png", colours, depth=8)
            shutil.copyfile(options.nir / name, options.out / f"{file.path.stem}_nir.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("nir")
    making.add_argument("photographs", type=Path)
    making.add_argument("weights", type=Path)
    making.add_argument("out", type=Path)
    making.set_defaults(run=make_nir)
    mixing = commands.add_parser("mix")
    mixing.add_argument("photographs", type=Path)
    mixing.add_argument("nir", type=Path)
    mixing.add_argument("out", type=Path)
    mixing.add_argument("--teachers", type=Path, nargs="+", required=True)
    mixing.add_argument("--truth", type=float, default=0.3)
    mixing.set_defaults(run=mix)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
