"""What brightness, chroma and sizes do to weights that were exported without any: the choices of `weights export`.

python benchmarks/calibrate.py WEIGHTS [--sizes 144x208 ...] [--chroma 1 1.1 ...] [--brightness 1 1.02 ...]
    [--lpips ../shared/perceptual/lpips_squeeze_v0.1.safetensors] [--data ../shared/data] [--plot FILE.svg]

Sizes are those of G_B and G_A. Validation pictures, reduced to a long side of 512, not 8-bit. PSNR dB / angle deg /
LPIPS-squeeze (nan without --lpips) / colour ratio / PSNR dB at the best exposure, means over pictures. The plot shows
colour ratio against angle while chroma rises, at the first sizes and the first brightness.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from results import GROUPS, plotter

from nircolor.colorizer import Colorizer
from nircolor.correction import LUMA
from nircolor.evaluation.colour import angular_error, colourfulness_ratio
from nircolor.evaluation.fidelity import psnr, psnr_ev
from nircolor.features.lpips import Lpips
from nircolor.training.pairs import find_pairs, load_pair
from nircolor.training.recipe import SourceConfig

LONG_SIDE = 512
Floats = np.ndarray[Any, np.dtype[np.float32]]
Key = tuple[str, float, float, str]
"""Sizes, chroma, brightness, set."""


@dataclass(frozen=True)
class Example:
    group: str
    nir: Floats  # (H, W) in [0, 1]
    rgb: Floats  # (H, W, 3) in [0, 1]


def examples(data: Path) -> Iterator[Example]:
    for folder, split in dict.fromkeys((group.folder, group.split) for group in GROUPS):
        table = f"{folder.split('/')[0]}/split.csv" if split != "all" else ""
        for pair in find_pairs(SourceConfig(folder, split_file=table, split=split if table else ""), data):
            nir, rgb = (
                image.astype(np.float32) / np.iinfo(image.dtype).max for image in load_pair(pair, long_side=LONG_SIDE)
            )
            title = next(g.title for g in GROUPS if g.folder == folder and g.chosen(pair.kind))
            yield Example(title, nir, rgb)


def adjusted(rgb: Floats, chroma: float, brightness: float) -> Floats:
    """As ``training/calibration.py`` folds them into the weights, but for what was clipped already."""
    grey = (rgb @ np.asarray(LUMA, np.float32))[..., None]
    return np.clip(brightness * (grey + chroma * (rgb - grey)), 0, 1)


def measure(options: argparse.Namespace) -> dict[Key, list[tuple[float, ...]]]:
    colorizer = Colorizer.from_weights(options.weights, engine="torch", device="cpu")
    lpips = Lpips(options.lpips) if options.lpips else None
    trained, found = colorizer.networks.network.config, dict[Key, list[tuple[float, ...]]]()
    for example, sizes in product(list(examples(options.data)), options.sizes):
        prior_size, paint_size = map(int, sizes.split("x"))
        colorizer.networks.network.config = replace(trained, prior_size=prior_size, paint_size=paint_size)
        plain = colorizer.colorize(example.nir)
        for chroma, brightness in product(options.chroma, options.brightness):
            rgb = adjusted(plain, chroma, brightness)
            ratio = colourfulness_ratio(rgb, example.rgb)
            scores = [psnr(rgb, example.rgb), angular_error(rgb, example.rgb), _distance(lpips, rgb, example.rgb)]
            scores += [math.nan if ratio is None else ratio, psnr_ev(rgb, example.rgb)]
            found.setdefault((sizes, chroma, brightness, example.group), []).append(tuple(scores))
    return found


def mean(scores: list[tuple[float, ...]]) -> tuple[float, ...]:
    """Over the pictures for which a score is defined."""
    defined = ([value for value in column if not math.isnan(value)] for column in zip(*scores, strict=True))
    return tuple(fmean(column) if column else math.nan for column in defined)


def _distance(lpips: Lpips | None, a: Floats, b: Floats) -> float:
    if lpips is None:
        return math.nan
    with torch.no_grad():
        return float(lpips(*(torch.from_numpy(image).permute(2, 0, 1)[None] for image in (a, b))))


def table(found: dict[Key, tuple[float, ...]]) -> Iterator[str]:
    yield "| sizes, chroma, brightness | " + " | ".join(group.title for group in GROUPS) + " |"
    yield "|---" * (len(GROUPS) + 1) + "|"
    for how in dict.fromkeys(key[:3] for key in found):
        cells = (found[(*how, group.title)] for group in GROUPS)
        shown = ("{:.2f} / {:.2f} / {:.3f} / {:.2f} / {:.2f}".format(*cell) for cell in cells)
        yield f"| {how[0]}, {how[1]:g}, {how[2]:g} | " + " | ".join(shown) + " |"


def plot(found: dict[Key, tuple[float, ...]], options: argparse.Namespace) -> None:
    figure, axis = plotter().subplots(figsize=(7, 4.4), layout="constrained")
    for group in GROUPS:
        curve = [found[options.sizes[0], c, options.brightness[0], group.title] for c in options.chroma]
        axis.plot([scores[3] for scores in curve], [scores[1] for scores in curve], "o-", ms=3, label=group.title)
        for chroma, scores in zip(options.chroma, curve, strict=True):
            axis.annotate(f"{chroma:g}", (scores[3], scores[1]), xytext=(0, 4), textcoords="offset points", fontsize=7)
    axis.set(xlabel="colourfulness over the truth's (1 is right)", ylabel="angle deg (down is better)")
    axis.grid(alpha=0.3)
    axis.legend()
    figure.savefig(options.plot, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights")
    parser.add_argument("--sizes", nargs="+", default=["144x208"])
    parser.add_argument("--chroma", nargs="+", type=float, default=[1.0])
    parser.add_argument("--brightness", nargs="+", type=float, default=[1.0])
    parser.add_argument("--lpips", type=Path)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    found = {key: mean(scores) for key, scores in measure(options).items()}
    print("\n".join(table(found)))
    if options.plot:
        plot(found, options)


if __name__ == "__main__":
    main()
