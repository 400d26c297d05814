"""What `weights calibrate` is worth: calibrated on a few pairs of a source, measured on other scenes of it.

python benchmarks/camera.py [--data ../shared/data] [--weights lite] [--pictures 30] [--side 256] [--draws 3]

For each draw of 5 and of 10 pairs: the gain in PSNR dB and in degrees of angle over the weights as they are, means over
all pictures of scenes that are not among the pairs; 0 where the calibration was refused. Last, what the correction of
all pictures is worth on the same pictures. The scores are those of 4096
pixels of each picture, reduced to a long side of --side, not 8-bit. The packaged weights were trained on
naip/train, and on no picture of the other sources.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

import numpy as np

from nircolor.calibrating.fit import STRENGTHS, Sample, best_fit, fitted
from nircolor.calibrating.samples import UsablePair, sample_of
from nircolor.colorizer import Colorizer
from nircolor.datasets import Pair
from nircolor.training.pairs import find_pairs, load_pair
from nircolor.training.recipe import SourceConfig

SOURCES = {
    "naip train, Long Beach": (SourceConfig("naip/train"), "long_beach"),
    "naip val, Chico": (SourceConfig("naip/val"), ""),
    "epfl val": (SourceConfig("epfl/val", split_file="epfl/split.csv", split="val"), ""),
    "vcip2020 val": (SourceConfig("vcip2020", split_file="vcip2020/split.csv", split="val"), ""),
}
COUNTS = (5, 10)


def samples(source: SourceConfig, prefix: str, engine: Colorizer, options: argparse.Namespace) -> Iterator[Sample]:
    pairs = [pair for pair in find_pairs(source, options.data) if pair.id.startswith(prefix)]
    order = np.random.default_rng(0).permutation(len(pairs))[: options.pictures]
    for pair in [pairs[index] for index in sorted(order)]:
        yield sample_of(UsablePair(scene_of(pair), *load_pair(pair, long_side=options.side)), engine)


def scene_of(pair: Pair) -> str:
    """The last number of a naip id is a place, seen again in other years."""
    return f"{pair.id.rsplit('_', 2)[0]}_{pair.id.rsplit('_', 1)[-1]}" if pair.scene == pair.id else pair.scene


def drawn(all_of: Sequence[Sample], count: int, seed: int) -> tuple[list[Sample], list[Sample]]:
    """``count`` pairs of scenes in random order, and all pictures of the other scenes."""
    scenes = list(dict.fromkeys(sample.scene for sample in all_of))
    chosen: list[Sample] = []
    used = set()
    for index in np.random.default_rng(seed).permutation(len(scenes)):
        if len(chosen) < count:
            used.add(scenes[index])
            chosen += [sample for sample in all_of if sample.scene == scenes[index]][: count - len(chosen)]
    return chosen, [sample for sample in all_of if sample.scene not in used]


def gain(few: Sequence[Sample], others: Sequence[Sample]) -> tuple[float, float]:
    """PSNR and angle; both 0 where the calibration was refused."""
    fit = best_fit(few)
    if not fit.sure:
        return 0.0, 0.0
    pairs = [(sample.scores(), sample.scores(fit.camera)) for sample in others]
    return fmean(new.psnr - old.psnr for old, new in pairs), fmean(new.angle - old.angle for old, new in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--pictures", type=int, default=30)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    engine = Colorizer.from_weights(options.weights, device="cpu")
    print("| source | pictures, scenes | PSNR | pairs | gain dB, each draw | mean dB | mean degrees | all, seen: dB |")
    print("|---" * 8 + "|")
    for title, (source, prefix) in SOURCES.items():
        all_of = list(samples(source, prefix, engine, options))
        size = f"{len(all_of)}, {len({sample.scene for sample in all_of})}"
        before = fmean(sample.scores().psnr for sample in all_of)
        camera = fitted(all_of, min(STRENGTHS))
        seen = fmean(sample.scores(camera).psnr for sample in all_of) - before
        for count in COUNTS:
            gains = [gain(*drawn(all_of, count, seed)) for seed in range(options.draws)]
            psnr, angle = ([pair[column] for pair in gains] for column in (0, 1))
            each = ", ".join(f"{value:+.2f}" if value else "refused" for value in psnr)
            means = f"{fmean(psnr):+.2f} | {fmean(angle):+.2f} | {seen:+.2f}"
            print(f"| {title} | {size} | {before:.2f} | {count} | {each} | {means} |", flush=True)


if __name__ == "__main__":
    main()
