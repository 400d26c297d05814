"""Forty fixed validation pictures side by side, to be looked at: near-infrared, each method, the truth.

    python benchmarks/gallery.py OUT [--weights NAME ...] [--pictures FOLDER ...] [--data ../shared/data]

FOLDER holds <set>/<id>.png of another program, or of another version: <set> is vcip2020, epfl_val or naip_val. Writes
OUT/gallery-1.png to gallery-4.png, ten rows each, outside the repository: no picture of a data set is committed.

What to ask of each row: is snow white? Water not brown? Clouds no trees? Plants indoors green? Walls no sky? Crowns at
the border not fogged? Skin not green? Counts go into docs/results.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from results import GROUPS

from nircolor.colorizer import Colorizer
from nircolor.datasets import Pair
from nircolor.training.pairs import find_pairs, load_pair
from nircolor.training.recipe import SourceConfig

COUNTS = (12, 10, 12, 6)  # pictures of each group, evenly spread over it
ROWS, SIDE = 10, 256
Image = np.ndarray[Any, np.dtype[np.uint8]]


@dataclass(frozen=True)
class Example:
    folder: str
    pair: Pair


def chosen(data: Path) -> Iterator[Example]:
    for group, count in zip(GROUPS, COUNTS, strict=True):
        table = f"{group.folder.split('/')[0]}/split.csv" if group.split != "all" else ""
        source = SourceConfig(group.folder, split_file=table, split=group.split if table else "")
        pairs = [pair for pair in find_pairs(source, data) if group.chosen(pair.kind)]
        for i in range(count):
            yield Example(group.folder.replace("/", "_"), pairs[(2 * i + 1) * len(pairs) // (2 * count)])


def row(example: Example, engines: list[Colorizer], folders: list[Path]) -> Image:
    nir, rgb = (np.asarray(image, np.uint8) for image in load_pair(example.pair))
    cells = [nir]
    for folder in folders:
        found = cv2.imread(str(folder / example.folder / f"{example.pair.id}.png"))
        cells.append(np.zeros_like(rgb) if found is None else found[..., ::-1])
    cells += [engine.colorize(nir) for engine in engines]
    strip = np.hstack([_cell(cell) for cell in (*cells, rgb)])
    cv2.putText(strip, example.pair.id, (4, SIDE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255, 255, 0), 1)
    return strip


def _cell(image: Image) -> Image:
    """At most ``SIDE`` pixels a side, on black."""
    image = image if image.ndim == 3 else np.repeat(image[..., None], 3, -1)
    scale = SIDE / max(image.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)
    cell = np.zeros((SIDE, SIDE, 3), np.uint8)
    cell[: small.shape[0], : small.shape[1]] = small
    return cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--weights", nargs="*", default=["lite"])
    parser.add_argument("--pictures", nargs="*", type=Path, default=[])
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    engines = [Colorizer.from_weights(name, device="cpu") for name in options.weights]
    rows = [row(example, engines, options.pictures) for example in chosen(options.data)]
    for page in range(0, len(rows), ROWS):
        path = options.out / f"gallery-{page // ROWS + 1}.png"
        cv2.imwrite(str(path), np.vstack(rows[page : page + ROWS])[..., ::-1])
        print(path)


if __name__ == "__main__":
    main()
