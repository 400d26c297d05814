"""What `train adapt` is worth: adapted to a few pairs of a source, measured on other scenes of it, and elsewhere.

python benchmarks/adapt.py [--data ../shared/data] [--weights lite] [--source naip/val] [--city NAME]
    [--pairs 10] [--draws 3] [--pictures 20] [--elsewhere 16] [--side 256] [--set steps=80 ...]

For each draw the verbs `calibrate_weights` and `adapt_weights` get so many pairs, each of a place of its own. Then: the
weights as they are, and what each of the two gains in PSNR dB and degrees of angle, on pictures of other places of
the source, and of vcip2020 val and epfl val. The scores are those of 4096 pixels of each picture, reduced to a long
side of --side, not 8-bit. "-": nothing was written.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from camera import SOURCES, scene_of

import nircolor
from nircolor import AdaptConfig
from nircolor.calibrating.fit import Scores, mean_scores
from nircolor.calibrating.samples import UsablePair, sample_of
from nircolor.colorizer import Colorizer
from nircolor.datasets import Pair
from nircolor.events import Note
from nircolor.training.pairs import find_pairs, load_pair
from nircolor.training.recipe import SourceConfig

ELSEWHERE = ("vcip2020 val", "epfl val")


@dataclass(frozen=True)
class Drawn:
    """Pairs to adapt to, of as many places, and pairs of other places."""

    few: list[Pair]
    others: list[Pair]


def drawn(pairs: Sequence[Pair], options: argparse.Namespace, seed: int) -> Drawn:
    rng = np.random.default_rng(seed)
    order = [pairs[index] for index in rng.permutation(len(pairs))]
    places = {scene_of(pair): pair for pair in order}
    few = list(places.values())[: options.pairs]
    used = {scene_of(pair) for pair in few}
    return Drawn(few, [pair for pair in order if scene_of(pair) not in used][: options.pictures])


def laid_out(pairs: Sequence[Pair], folder: Path) -> Path:
    """As a user has them, with the places in a split file."""
    folder.mkdir()
    rows = [("id", "split", "scene")]
    for pair in pairs:
        assert pair.nir is not None
        shutil.copyfile(pair.nir, folder / f"{pair.id}_nir{pair.nir.suffix}")
        shutil.copyfile(pair.rgb, folder / f"{pair.id}_rgb{pair.rgb.suffix}")
        rows.append((pair.id, "train", scene_of(pair)))
    with (folder / "split.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return folder


def scores(weights: str, pairs: Sequence[Pair], side: int) -> Scores:
    engine = Colorizer.from_weights(weights, device="cpu")
    return mean_scores(
        [sample_of(UsablePair(pair.id, *load_pair(pair, long_side=side)), engine).scores() for pair in pairs]
    )


def told(weights: str | None, before: Sequence[Scores], sets: Sequence[Sequence[Pair]], side: int) -> str:
    if weights is None:
        return " | ".join("-" for _ in sets)
    after = [scores(weights, pairs, side) for pairs in sets]
    return " | ".join(f"{n.psnr - o.psnr:+.2f} / {n.angle - o.angle:+.2f}" for o, n in zip(before, after, strict=True))


def measure(sets: Sequence[Sequence[Pair]], few: Sequence[Pair], options: argparse.Namespace, folder: Path) -> None:
    """One draw: three rows."""
    pairs, side = laid_out(few, folder / "pairs"), options.side
    before = [scores(options.weights, some, side) for some in sets]
    print("| as they are | " + " | ".join(f"{s.psnr:.2f} / {s.angle:.2f}" for s in before) + " |", flush=True)
    calibrated = nircolor.calibrate_weights(options.weights, pairs, folder / "c.safetensors", device="cpu")
    print(f"| calibrated | {told(calibrated.output, before, sets, side)} |", flush=True)
    config = AdaptConfig.changed(options.set)
    adapted = nircolor.adapt_weights(
        options.weights, pairs, folder / "a.safetensors", config=config, device="cpu", on_event=show
    )
    print(f"| adapted | {told(adapted.output, before, sets, side)} |\n\n{adapted}\n", flush=True)


def show(event: object) -> None:
    if isinstance(event, Note):
        print(event.text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--source", nargs="+", default=["naip/val"])
    parser.add_argument("--city", default="")
    for name, value in (("pairs", 10), ("draws", 3), ("pictures", 20), ("elsewhere", 16), ("side", 256)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--set", nargs="*", default=[])
    options = parser.parse_args()
    found = [pair for folder in options.source for pair in find_pairs(SourceConfig(folder), options.data)]
    found = [pair for pair in found if pair.id.startswith(options.city)]
    sets = [find_pairs(SOURCES[name][0], options.data)[::3][: options.elsewhere] for name in ELSEWHERE]
    for seed in range(options.draws):
        draw = drawn(found, options, seed)
        print(f"\ndraw {seed}\n\n| | {len(draw.others)} others | " + " | ".join(ELSEWHERE) + " |\n" + "|---" * 4 + "|")
        with tempfile.TemporaryDirectory() as folder:
            measure([draw.others, *sets], draw.few, options, Path(folder))


if __name__ == "__main__":
    main()
