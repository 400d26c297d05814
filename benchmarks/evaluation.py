"""Time and memory of ``nircolor evaluate``: 100 and 400 rendered pairs of 256 x 256, and pairs of 3 megapixels.

    python benchmarks/evaluation.py [--lpips FILE]

Predictions are the truth, darkened and blurred. Every run is the whole command in a process of its own; memory is its
peak. Targets (docs/evaluation.md): 400 pairs in under 20 s without LPIPS and under 120 s with LPIPS-squeeze on two
cores; memory does not grow with the number of pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from nircolor import scenes

SIDE, SCENE = 256, 1024


def views(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Squares cut from a few large scenes, turned where there are not enough."""
    squares: list[tuple[np.ndarray, np.ndarray]] = []
    seed = 0
    while len(squares) < count:
        scene = scenes.render(seed, SCENE, SCENE)
        for y in range(0, SCENE, SIDE):
            for x in range(0, SCENE, SIDE):
                part = (slice(y, y + SIDE), slice(x, x + SIDE))
                squares += [(np.rot90(scene.nir[part], k), np.rot90(scene.rgb[part], k)) for k in range(4)]
        seed += 1
    return squares[:count]


def write(folder: Path, name: str, nir: np.ndarray, rgb: np.ndarray) -> None:
    bgr = np.ascontiguousarray(scenes.quantise(rgb, 8)[..., ::-1])
    for part, pixels in (
        ("data", scenes.quantise(np.ascontiguousarray(nir), 8)),
        ("data", bgr),
        ("ours", cv2.GaussianBlur(bgr // 5 * 4, (5, 5), 1)),
    ):
        kind = "nir" if pixels.ndim == 2 else "rgb"
        (folder / part).mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / part / f"{name}_{kind}.png"), pixels)


def run(folder: Path, options: Sequence[str]) -> tuple[float, float, int]:
    """Seconds, peak megabytes, pictures measured."""
    line = [sys.executable, "-m", "nircolor", "evaluate", str(folder / "ours"), str(folder / "data"), "-q", "--json"]
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = os.posix_spawn(
            sys.executable, [*line, *options], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        )
        _, status, usage = os.wait4(process, 0)
        out.seek(0)
        values = json.load(out)
    assert os.waitstatus_to_exitcode(status) == 0, values
    return time.perf_counter() - start, usage.ru_maxrss / 1e3, len(values["rows"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lpips", help="safetensors file of the LPIPS-squeeze weights")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for index, (nir, rgb) in enumerate(views(400)):
            for count in (100, 400):
                if index < count:
                    write(root / str(count), f"{index:03}", nir, rgb)
        nir, rgb = views(1)[0]
        for index in range(4):
            large = [
                cv2.resize(np.ascontiguousarray(x), (2048, 1536), interpolation=cv2.INTER_CUBIC) for x in (nir, rgb)
            ]
            write(root / "large", str(index), *(np.clip(x, 0, 1) for x in large))
        print("pairs                 options                      seconds   peak MB")
        for folder, what in (("100", "256 x 256"), ("400", "256 x 256"), ("large", "2048 x 1536")):
            report = str(root / f"{folder}.html")
            for label, extra in (
                ("no LPIPS", []),
                ("LPIPS-squeeze", ["--lpips-weights", options.lpips]),
                ("no LPIPS, --report", ["--report", report]),
            ):
                if None in extra:
                    continue
                seconds, megabytes, rows = run(root / folder, extra)
                print(f"{rows:4} of {what:12}  {label:26} {seconds:9.1f} {megabytes:9.0f}", flush=True)


if __name__ == "__main__":
    main()
