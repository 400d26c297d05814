"""What a reference picture is worth: of each picture a mate (the same scene) and a stranger (another scene), in `auto`.

python benchmarks/reference.py ../shared/data [--split val] [--mode auto] [--every 1] [--save FOLDER]

Scenes are those of ``vcip2020/split.csv`` and ``epfl/split.csv``. Prints one line a picture, then means: gain of PSNR
in dB, angle over that without the reference, how many lose more than 0.2 dB, seconds with and without.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor import Colorizer, EngineConfig, read_nir, read_rgb
from nircolor.evaluation.colour import angular_error
from nircolor.evaluation.fidelity import psnr
from nircolor.reference import Led, Reference


@dataclass(frozen=True)
class Shot:
    """A pair of the data set."""

    name: str
    nir: Path
    rgb: Path


@dataclass(frozen=True)
class Score:
    """``kind``: mate or stranger, and the sets of picture and reference. ``gain``: dB. ``angle``: with over without."""

    kind: str
    used: str
    gain: float
    angle: float
    seconds: float
    alone: float


def scenes(data: Path, split: str) -> list[list[Shot]]:
    """Shots by scene, where there are several of one."""
    found = defaultdict(list)
    for row in csv.DictReader((data / "vcip2020/split.csv").open()):
        if row["split"] == split:
            name, base = row["id"], data / "vcip2020"
            shot = Shot(f"vcip {name}", base / f"NIR/{name}_nir.png", base / f"RGB-Registered/{name}_rgb_reg.png")
            found[row["scene"]].append(shot)
    for row in csv.DictReader((data / "epfl/split.csv").open()):
        if row["split"] == split:
            name, base = row["id"], data / "epfl" / split
            found[row["scene"]].append(Shot(f"epfl {name}", base / f"{name}_nir.jpg", base / f"{name}_rgb.jpg"))
    return [group for group in found.values() if len(group) > 1]


def couples(groups: list[list[Shot]], seed: int = 0) -> Iterator[tuple[str, Shot, Shot]]:
    """Each shot with a mate, and with a stranger."""
    draw = random.Random(seed)
    for group in groups:
        strangers = [shot for other in groups if other is not group for shot in other]
        for shot in group:
            yield "mate", shot, draw.choice([other for other in group if other is not shot])
            yield "stranger", shot, draw.choice(strangers)


def measure(engine: Colorizer, kind: str, shot: Shot, other: Shot, mode: str, save: Path | None) -> Score:
    nir, truth, reference = read_nir(shot.nir).pixels, read_rgb(shot.rgb).pixels, read_rgb(other.rgb).pixels
    start = time.process_time()
    plain = engine.colorize(nir)
    between = time.process_time()
    led = Led(engine, Reference.of(reference), mode)  # type: ignore[arg-type]
    made = led.colorize(nir)
    end = time.process_time()
    assert led.used is not None
    if save:
        show(save / f"{kind} {shot.name} by {other.name}.png", nir, reference, plain, made, truth)
    angle = angular_error(made, truth) / angular_error(plain, truth)
    kinds = f"{kind} {shot.name[:4]} by {other.name[:4]}"
    return Score(
        kinds, str(led.used.to_json()), psnr(made, truth) - psnr(plain, truth), angle, end - between, between - start
    )


def show(path: Path, nir: NDArray[np.float32], *colours: NDArray[np.float32]) -> None:
    """Side by side: near-infrared, reference, without, with, truth."""
    shown = [np.repeat(nir[..., None], 3, 2), *colours]
    height = min(picture.shape[0] for picture in shown)
    sized = [cv2.resize(p, (round(p.shape[1] * height / p.shape[0]), height)) for p in shown]
    cv2.imwrite(str(path), np.concatenate(sized, 1)[..., ::-1] * 255)


def told(kind: str, scores: list[Score]) -> str:
    gains = np.array([score.gain for score in scores])
    seconds, alone = (sum(getattr(score, name) for score in scores) for name in ("seconds", "alone"))
    used = np.mean(["none" not in score.used for score in scores])
    return (
        f"{kind}: {len(scores)} pictures, gain {gains.mean():.2f} dB, angle {np.mean([s.angle for s in scores]):.3f}, "
        f"used in {used:.2f}, worse by 0.2 dB: {np.mean(gains < -0.2):.3f},"
        f" worst {gains.min():.2f} dB, time {seconds / alone:.2f} of that without"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--split", choices=("train", "val"), default="val")
    parser.add_argument("--mode", choices=("auto", "place", "palette"), default="auto")
    parser.add_argument("--every", type=int, default=1, help="take one couple of so many")
    parser.add_argument("--save", type=Path)
    asked = parser.parse_args()
    if asked.save:
        asked.save.mkdir(parents=True, exist_ok=True)
    engine, scores = EngineConfig(precision="fp32").load(), []
    engine.colorize(np.zeros((256, 256), np.float32))
    todo = [job for n, job in enumerate(couples(scenes(asked.data, asked.split))) if (n // 2) % asked.every == 0]
    for kind, shot, other in todo:
        score = measure(engine, kind, shot, other, asked.mode, asked.save)
        scores.append(score)
        print(f"{kind} {shot.name} by {other.name}: {score.gain:+.2f} dB, {score.angle:.2f}, {score.used}", flush=True)
    for start in ("mate", "stranger", *sorted({score.kind for score in scores})):
        some = [score for score in scores if score.kind.startswith(start)]
        if some:
            print(told(start, some))


if __name__ == "__main__":
    main()
