"""A map colorized whole, and cut into parts: how colours change across the lines of the cut, and how true they are.

    python benchmarks/whole.py ../shared/data/naip/val [--side 750] [--part 600] [--prior global] [--save FOLDER]

Sixteen near-infrared pictures of the folder, enlarged to ``--side`` pixels, make one TIFF of 16 bits, in rows of four.
``nircolor`` colorizes it, and each part of it as a file of its own. Prints, for both, the mean difference of
neighbouring pixels, of 255, across the lines of the cut and everywhere else; PSNR and angle against the real colours;
and how far the two are apart.
"""

from __future__ import annotations

import argparse
import tempfile
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from nircolor import Colorizer, colorize_file
from nircolor.evaluation.colour import angular_error
from nircolor.evaluation.fidelity import psnr

ACROSS = 4
Picture = NDArray[np.floating]


def mosaic(folder: Path, kind: str, side: int) -> NDArray[np.uint8]:
    """(4 side, 4 side, 3), the first sixteen pictures ``*_kind.*`` of ``folder`` by name."""
    files = sorted(folder.glob(f"*_{kind}.*"))[: ACROSS**2]
    shown = [cv2.resize(cv2.imread(str(file))[..., ::-1], (side, side)) for file in files]
    return np.vstack([np.hstack(shown[start : start + ACROSS]) for start in range(0, ACROSS**2, ACROSS)])


def steps(picture: Picture, part: int) -> tuple[float, float]:
    """Mean difference of pixels on both sides of a line of the cut, and of all other neighbours."""
    at, elsewhere = list[Picture](), list[Picture]()
    for turned in (picture, picture.swapaxes(0, 1)):
        change = np.abs(np.diff(turned, axis=0)).mean(axis=(1, 2))
        line = np.arange(1, len(turned)) % part == 0
        at.append(change[line])
        elsewhere.append(change[~line])
    return float(np.mean(np.concatenate(at))), float(np.mean(np.concatenate(elsewhere)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=750)
    parser.add_argument("--part", type=int, default=600)
    parser.add_argument("--prior", choices=["global", "tile"], default="global")
    parser.add_argument("--save", type=Path, help="where PNGs go")
    options = parser.parse_args()
    engine = Colorizer.from_weights("lite", device="cpu", prior=options.prior)
    grey = mosaic(options.folder, "nir", options.side)[..., 0].astype(np.uint16) * 257
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "nir.tif"), Path(folder, "rgb.tif")

        def colours(part: NDArray[np.uint16]) -> Picture:
            tifffile.imwrite(source, part, photometric="minisblack", tile=(256, 256), compression="zlib")
            colorize_file(source, target, engine=engine, overwrite=True)
            return np.asarray(tifffile.imread(target), np.float32) / 65535

        whole, parts = colours(grey), np.empty((*grey.shape, 3), np.float32)
        for top, left in product(range(0, grey.shape[0], options.part), repeat=2):
            window = np.s_[top : top + options.part, left : left + options.part]
            parts[window] = colours(grey[window])
    truth = mosaic(options.folder, "rgb", options.side) / np.float32(255)
    for name, picture in (("whole", whole), ("parts", parts)):
        across, elsewhere = steps(picture * 255, options.part)
        print(f"{name}: {across:.1f} across the lines of the cut, {elsewhere:.1f} elsewhere; ", end="")
        print(f"{psnr(picture, truth):.2f} dB, {angular_error(picture, truth):.2f} degrees")
        if options.save:
            cv2.imwrite(str(options.save / f"{name}.png"), (picture[..., ::-1] * 255).round().astype(np.uint8))
    print(f"apart by {np.abs(whole - parts).mean() * 255:.1f}")


if __name__ == "__main__":
    main()
