"""Flicker with and without --smooth, what it costs in fidelity, and what tells a cut from a moving camera.

    python benchmarks/video.py flicker [--strengths 0 0.5 0.7 0.8 0.9] [--scenes 6] [--frames 30] [--seed 1]
        [--motions 0.02] [--noise 0.015] [--drift 0.15]
    python benchmarks/video.py parts [--scenes 3] [--frames 24]
    python benchmarks/video.py cuts [--scenes 14]
    python benchmarks/video.py speed [--frames 40] [--size 720 1280]

``flicker`` renders a fixed camera with an object that passes by, and a panning camera, both with sensor noise and an
exposure that drifts by 15 %. *Flicker* is the mean change of a* and b* (CIELAB) from frame to frame where nothing
moves, of single pixels and of means over 8 x 8 pixels (what the eye sees as flicker rather than grain). *Error* is the
mean distance in a* and b* to the same frame without noise and drift, colorized alone: where the object is or has been,
and over all of a pan. Smearing would show there.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nircolor import Colorizer, colorize_video
from nircolor.scenes import quantise, render
from nircolor.video.colours.damping import Damping
from nircolor.video.colours.look import change
from nircolor.video.colours.steady import Steady
from nircolor.video.flow import TOGETHER

Field = NDArray[np.float32]
HEIGHT, WIDTH, OBJECT = 240, 320, slice(140, 200)
PARTS = ("prior", "gains and offsets")


@dataclass(frozen=True)
class Clip:
    """``clean`` (H, W) frames, the same as a camera sees them, and where (H, W) nothing ever moves."""

    clean: list[Field]
    seen: list[Field]
    static: NDArray[np.bool_]


def passing(seed: int, frames: int, noise: float = 0.015, drift: float = 0.15) -> Clip:
    """A fixed camera; a piece of another scene moves across."""
    scene = render(seed, HEIGHT, WIDTH).nir
    thing = render(seed + 100, HEIGHT, WIDTH).nir[OBJECT, 120:190]
    clean = []
    for t in range(frames):
        frame, left = scene.copy(), round(t * (WIDTH - 70) / frames)
        frame[OBJECT, left : left + 70] = thing
        clean.append(frame)
    static = np.ones(scene.shape, bool)
    static[OBJECT.start - 4 : OBJECT.stop + 4] = False
    return Clip(clean, _camera(clean, seed, noise, drift), static)


def panning(seed: int, frames: int, noise: float = 0.015, drift: float = 0.15, step: int = 3) -> Clip:
    """A camera that turns by ``step`` pixels a frame."""
    scene = render(seed, HEIGHT, WIDTH + step * frames).nir
    clean = [scene[:, t * step : t * step + WIDTH] for t in range(frames)]
    return Clip(clean, _camera(clean, seed, noise, drift), np.zeros((HEIGHT, WIDTH), bool))


def noisy(clean: list[Field], seed: int, noise: float = 0.015) -> list[Field]:
    """Frames as a camera with a steady exposure sees them."""
    rng = np.random.default_rng(seed)
    return [np.clip(frame + rng.normal(0, noise, frame.shape), 0, 1).astype(np.float32) for frame in clean]


def _camera(clean: list[Field], seed: int, noise: float, drift: float) -> list[Field]:
    rng = np.random.default_rng(seed)
    gains = 1 + drift * np.sin(np.arange(len(clean)) * 2 * np.pi / 25)
    noisy = (frame * gain + rng.normal(0, noise, frame.shape) for frame, gain in zip(clean, gains, strict=True))
    return [quantise(frame.astype(np.float32), 8) / np.float32(255) for frame in noisy]


def colours(frames: Iterator[Field]) -> list[Field]:
    """(H, W, 2) a* and b* of each frame."""
    return [cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 1:] for rgb in frames]


def flicker(ab: list[Field], static: NDArray[np.bool_], side: int = 1) -> float:
    """Mean change from frame to frame of means over ``side`` x ``side`` pixels, where all of them are static."""
    size = (static.shape[1] // side, static.shape[0] // side)
    still = cv2.resize(static.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.99
    small = [cv2.resize(frame, size, interpolation=cv2.INTER_AREA) for frame in ab]
    return float(np.mean([np.abs(b - a)[still].mean() for a, b in pairwise(small)]))


def error(ab: list[Field], reference: list[Field], where: NDArray[np.bool_]) -> float:
    pairs = zip(ab[2:], reference[2:], strict=True)
    return float(np.mean([np.linalg.norm(a - b, axis=-1)[where].mean() for a, b in pairs]))


def measure(engine: Colorizer, damping: Damping, clips: list[tuple[Clip, list[Field]]]) -> NDArray[np.float64]:
    """Flicker (pixels, 8 x 8) and error of each pair of a clip and its reference colours: (clips, 3)."""
    rows = []
    for clip, reference in clips:
        steady = Steady(engine, damping)
        rows_of = (clip.seen[i : i + TOGETHER] for i in range(0, len(clip.seen), TOGETHER))  # as a file is read
        ab = colours(rgb for frames in rows_of for rgb in steady.colorize_all(frames))
        flickers = [flicker(ab, clip.static, side) if clip.static.any() else np.nan for side in (1, 8)]
        rows.append([*flickers, error(ab, reference, ~clip.static)])
    return np.array(rows)


def tell_flicker(options: argparse.Namespace) -> None:
    engine, scenes, frames = Colorizer.from_weights("lite"), options.scenes or 6, options.frames or 30
    seeds, camera = range(options.seed, options.seed + scenes), (options.noise, options.drift)
    clips = [make(seed, frames, *camera) for make in (passing, panning) for seed in seeds]
    pairs = [(clip, colours(engine.colorize(frame) for frame in clip.clean)) for clip in clips]
    print("| --smooth | motion | flicker, pixels | flicker, 8 x 8 | error, moving object | error, pan |")
    print("|---|---|---|---|---|---|")
    for motion in options.motions:
        for strength in options.strengths:
            rows = measure(engine, replace(Damping(strength), motion=motion), pairs)
            values = (*rows[:scenes].mean(0), rows[scenes:, 2].mean())
            print(f"| {strength:g} | {motion:g} | " + " | ".join(f"{value:.3f}" for value in values) + " |", flush=True)


def tell_parts(scenes: int, frames: int, weight: float = 0.8) -> None:
    """Flicker of pixels where only one of the two branches is smoothed, or frozen, without regard to motion."""
    engine = Colorizer.from_weights("lite")
    clips = [passing(seed, frames) for seed in range(1, scenes + 1)]
    for what, parts, share in (
        ("nothing", (), 0),
        ("the prior", ("prior",), weight),
        ("gains and offsets", ("gains and offsets",), weight),
        ("both", PARTS, weight),
        ("both, frozen at the first frame", PARTS, 1),
    ):
        values = []
        for clip in clips:
            prior, gains = (_mixing(share if name in parts else 0) for name in PARTS)
            with engine.filtered(prior, gains):
                values.append(flicker(colours(engine.colorize(frame) for frame in clip.seen), clip.static))
        print(f"| {what} | " + " | ".join(f"{value:.3f}" for value in values) + " |", flush=True)


def _mixing(share: float) -> Callable[[Tensor, Tensor], Tensor]:
    past: list[Tensor] = []

    def mix(make: Callable[[Any], Tensor], seen: Tensor) -> Tensor:
        maps = make(...).float()
        past[:] = [torch.lerp(maps, past[0], share) if past else maps]
        return past[0]

    return mix


def tell_cuts(scenes: int) -> None:
    """What ``steady.change`` says of pairs of frames."""
    grid, rng = Damping().grid, np.random.default_rng(0)
    wide = [render(seed, HEIGHT, WIDTH + 32).nir for seed in range(scenes)]

    def look(frame: Field, gain: float = 1) -> torch.Tensor:
        noisy = np.clip(frame * gain + rng.normal(0, 0.02, frame.shape), 0, 1)
        return torch.from_numpy(noisy.astype(np.float32))[None, None]

    def moved(by: int) -> list[float]:
        return [change(look(f[:, :WIDTH]), look(f[:, by : by + WIDTH]), grid) for f in wide]

    found = {f"camera turns by {by} of {WIDTH} pixels": moved(by) for by in (0, 4, 16, 32)}
    found["exposure changes by a quarter"] = [
        change(look(f), look(f, gain), grid) for f in wide for gain in (0.8, 1.25)
    ]
    found["another scene"] = [change(look(a), look(b), grid) for a in wide for b in wide if a is not b]
    for what, values in found.items():
        print(f"| {what} | {min(values):.3f} | {np.median(values):.3f} | {max(values):.3f} |")


def speed(frames: int, size: tuple[int, int]) -> None:
    """Frames a second of the bare engine, of the engine with smoothing, and from file to file; peak memory too."""
    engine, pixels = Colorizer.from_weights("lite"), quantise(render(1, *size).nir, 8)
    engine.colorize(pixels)  # compile and warm up
    print(f"device {engine.info.device}, {frames} frames of {size[1]} x {size[0]}")
    for name, steady in (("engine", Steady(engine, Damping(0))), ("with smoothing", Steady(engine, Damping()))):
        start = time.perf_counter()
        for _ in range(frames):
            steady.colorize(pixels)
        print(f"{name}: {frames / (time.perf_counter() - start):.2f} frames/s")
    with TemporaryDirectory() as place:
        _film(Path(place) / "x.mp4", pixels, frames)
        for name in ("y.mp4", "y.avi", "y.webm", "y.mkv", "frames"):
            codec = "FFV1" if name == "y.mkv" else None
            done = colorize_video(Path(place) / "x.mp4", Path(place) / name, codec=codec)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            rate = done.frames_per_second
            print(f"to {name} {codec or ''}: {rate} frames/s, highest memory so far {peak:.0f} MB")


def _film(path: Path, pixels: NDArray[np.uint8], frames: int) -> None:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, pixels.shape[::-1])
    for _ in range(frames):
        writer.write(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR))
    writer.release()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("flicker", "parts", "cuts", "speed"))
    parser.add_argument("--strengths", type=float, nargs="+", default=[0, 0.5, 0.7, 0.8, 0.9])
    parser.add_argument("--motions", type=float, nargs="+", default=[Damping().motion])
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--seed", type=int, default=1, help="of the first scene")
    parser.add_argument("--noise", type=float, default=0.015, help="of a sensor: standard deviation")
    parser.add_argument("--drift", type=float, default=0.15, help="of exposure")
    parser.add_argument("--frames", type=int)
    parser.add_argument("--size", type=int, nargs=2, default=(720, 1280))
    options = parser.parse_args()
    if options.what == "flicker":
        tell_flicker(options)
    elif options.what == "parts":
        tell_parts(options.scenes or 3, options.frames or 24)
    elif options.what == "cuts":
        tell_cuts(options.scenes or 14)
    else:
        speed(options.frames or 40, options.size)
