"""Frames a second of ``nircolor video`` beside those of another version of it, and where the time goes.

    git worktree add --detach ../landed b247383
    python benchmarks/video_speed.py --other ../landed [--frames 24] [--size 512 640] [--rounds 2] [--still]

Both commands colorize the same rendered clip, one after the other, ``--rounds`` times, each with the package of its own
folder; the rates are the commands' own, without the loading of weights, and the best of all rounds counts. In the clip
something passes by in front of a fixed camera, with noise and a drift of exposure; with ``--still`` nothing but noise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import cv2
import video

HERE = Path(__file__).resolve().parents[1]


def film(path: Path, frames: int, size: tuple[int, int], still: bool) -> None:
    """A rendered clip, without loss."""
    height, width = size
    passing = slice(round(height * 0.58), round(height * 0.83))
    with patch.multiple(video, HEIGHT=height, WIDTH=width, OBJECT=passing):
        clip = video.passing(1, frames)
        seen = video.noisy(clip.clean[:1] * frames, 1) if still else clip.seen
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"FFV1"), 25, (width, height))
    for frame in seen:
        writer.write(cv2.cvtColor((frame * 255).round().astype("uint8"), cv2.COLOR_GRAY2BGR))
    writer.release()


def rate(package: Path, source: Path, target: Path) -> float:
    """Frames a second of the command of ``package``."""
    command = [sys.executable, "-m", "nircolor", "video", str(source), "-o", str(target), "--overwrite", "--json"]
    environment = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(command, cwd=package, env=environment, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["frames_per_second"])


@contextmanager
def timed(spent: dict[str, float], *parts: tuple[str, Any, str]) -> Iterator[None]:
    """While entered, ``spent`` gets the seconds in each (name, owner, attribute)."""

    def wrap(name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
        def outer(*args: Any, **options: Any) -> Any:
            start = time.perf_counter()
            try:
                return inner(*args, **options)
            finally:
                spent[name] += time.perf_counter() - start

        return outer

    with ExitStack() as stack:
        for name, owner, attribute in parts:
            stack.enter_context(patch.object(owner, attribute, wrap(name, getattr(owner, attribute))))
        yield


def tell_stages(source: Path, target: Path, frames: int) -> None:
    """ms a frame of each stage, of today's version. Reading and writing have threads of their own."""
    from nircolor import Colorizer, colorize_video
    from nircolor.model import generator
    from nircolor.model.prior import PretrainedPrior
    from nircolor.model.rgb import RGBBranch
    from nircolor.video import flow
    from nircolor.video.colours import steady

    engine, spent = Colorizer.from_weights("lite", engine="torch"), defaultdict[str, float](float)
    colorize_video(source, target, engine=engine, overwrite=True)  # compile and warm up
    parts = (
        ("G_B", PretrainedPrior, "forward"),
        ("G_A", RGBBranch, "forward"),
        ("guided enlargement, neutral ends", generator, "enlarge_affine"),
        ("looks at frames, calm pictures", steady.Steady, "_view"),
        ("all of colorizing", steady.Steady, "paint"),
        ("quantize, encode, write", flow, "_write"),
    )
    with timed(spent, *parts):
        done = colorize_video(source, target, engine=engine, overwrite=True)
    for name, seconds in {**spent, "from file to file": done.seconds}.items():
        print(f"| {name} | {seconds / frames * 1000:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--other", type=Path, help="folder of the other version; none: stages alone")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int, nargs=2, default=(512, 640))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--still", action="store_true")
    options = parser.parse_args()
    with TemporaryDirectory() as place:
        source, target = Path(place) / "x.avi", Path(place) / "y.mp4"
        film(source, options.frames, options.size, options.still)
        rates = defaultdict[Path, list[float]](list)
        for _ in range(options.rounds if options.other else 0):
            for package in (options.other.resolve(), HERE):
                rates[package].append(rate(package, source, target))
                print(f"{package.name}: {rates[package][-1]:.2f} frames/s", flush=True)
        if options.other:
            then, now = (max(found) for found in rates.values())
            print(f"{then:.2f} -> {now:.2f} frames/s: {now / then:.1f} times")
        tell_stages(source, target, options.frames)


if __name__ == "__main__":
    main()
