"""A map colorized whole, and cut into parts: how much colours change across the lines of the cut.

    python benchmarks/whole.py ../shared/data/naip/val [--side 750] [--part 600] [--save FOLDER]

Sixteen near-infrared pictures of the folder, enlarged to ``--side`` pixels, make one GeoTIFF of 16 bits, in rows of
four. ``nircolor`` colorizes it, and each part of it as a file of its own. Prints the mean difference of neighbouring
pixels, of 255: across the lines of the cut, in the whole and in the parts, and everywhere else in the whole.
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

ACROSS = 4
Picture = NDArray[np.floating]


def mosaic(folder: Path, side: int) -> NDArray[np.uint16]:
    """(4 side, 4 side), the first sixteen pictures of ``folder`` by name."""
    files = sorted(folder.glob("*_nir.*"))[: ACROSS**2]
    shown = [cv2.resize(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE), (side, side)) for file in files]
    rows = [np.hstack(shown[start : start + ACROSS]) for start in range(0, ACROSS**2, ACROSS)]
    return np.vstack(rows).astype(np.uint16) * 257


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
    parser.add_argument("--save", type=Path, help="where PNGs of both go")
    options = parser.parse_args()
    engine = Colorizer.from_weights("lite", device="cpu")
    grey = mosaic(options.folder, options.side)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "nir.tif"), Path(folder, "rgb.tif")

        def colours(part: NDArray[np.uint16]) -> Picture:
            tifffile.imwrite(source, part, photometric="minisblack", tile=(256, 256), compression="zlib")
            colorize_file(source, target, engine=engine, overwrite=True)
            return np.asarray(tifffile.imread(target), np.float32) / 257

        whole, parts = colours(grey), np.empty((*grey.shape, 3), np.float32)
        for top, left in product(range(0, grey.shape[0], options.part), repeat=2):
            window = np.s_[top : top + options.part, left : left + options.part]
            parts[window] = colours(grey[window])
    across, elsewhere = steps(whole, options.part)
    print(f"whole: {across:.1f} across the lines of the cut, {elsewhere:.1f} elsewhere")
    print(f"{-((-len(grey) // options.part) ** 2)} parts: {steps(parts, options.part)[0]:.1f} across the same lines")
    for name, picture in (("whole", whole), ("parts", parts)) if options.save else ():
        cv2.imwrite(str(options.save / f"{name}.png"), picture[::4, ::4, ::-1].round().astype(np.uint8))


if __name__ == "__main__":
    main()
