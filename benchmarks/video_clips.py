"""Three rendered clips from file to file, and sheets of their frames, to be looked at.

    python benchmarks/video_clips.py FOLDER [--weights lite] [--frames 24] [--size 240 320] [--columns 8]

``pan``: the camera turns. ``passing``: a part of another scene moves across a still one. ``dusk``: day, chroma that
fades over four frames, night, and day again at a cut, with a clock and a logo in colour; colour frames are passed on.
All have noise, and are motion JPEG. FOLDER gets the clips, their outputs, and a sheet each: frames of the input above
those of the output.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor import EngineConfig, Reading, colorize_video
from nircolor.scenes import Scene, quantise, render

Picture = NDArray[np.uint8]
RATE, NOISE = 12, 0.012


def pan(frames: int, height: int, width: int) -> list[Picture]:
    step = max(1, width // 60)
    wide = render(3, height, width + step * frames).nir
    return [_seen(wide[:, step * t : step * t + width], t) for t in range(frames)]


def passing(frames: int, height: int, width: int) -> list[Picture]:
    still, thing = render(1, height, width).nir, render(101, height, width).nir
    rows, across = slice(height // 2, 4 * height // 5), width // 4
    made = []
    for t in range(frames):
        frame, left = still.copy(), t * (width - across) // frames
        frame[rows, left : left + across] = thing[rows, :across]
        made.append(_seen(frame, t))
    return made


def dusk(frames: int, height: int, width: int) -> list[Picture]:
    """A third is day, a third night, a third day; the night begins by four frames of fading colours."""
    scene, third, fade = render(7, height, width), frames // 3, 4
    made = []
    for t in range(frames):
        night = third <= t < 2 * third
        share = max(0.0, 1 - (t - third + 1) / fade) if night else 1.0
        made.append(_overlaid(_seen(_between(scene, share), t), t))
    return made


def _between(scene: Scene, colour: float) -> NDArray[np.float32]:
    """(H, W, 3): near-infrared with a share of the chroma of the day, or the day itself."""
    if colour == 1:
        return scene.rgb
    luma = scene.rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(scene.nir[..., None] + colour * (scene.rgb - luma[..., None]), np.float32)


def _seen(light: NDArray[np.float32], number: int) -> Picture:
    """(H, W) or (H, W, 3) -> (H, W, 3) with noise that is grey where ``light`` is."""
    noise = np.random.default_rng(number).normal(0, NOISE, light.shape)
    samples = quantise(np.clip(light + noise, 0, 1).astype(np.float32), 8)
    return np.dstack([samples] * 3) if samples.ndim == 2 else samples  # type: ignore[return-value]


def _overlaid(rgb: Picture, number: int) -> Picture:
    frame = np.ascontiguousarray(rgb)
    cv2.putText(frame, f"06:12:{number:02d}", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1)
    frame[-20:-4, -44:-4] = (220, 20, 20)
    return frame


CLIPS: dict[str, Callable[[int, int, int], list[Picture]]] = {"pan": pan, "passing": passing, "dusk": dusk}


def write(path: Path, frames: list[Picture]) -> None:
    height, width = frames[0].shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), RATE, (width, height))
    for frame in frames:
        writer.write(frame[..., ::-1])
    writer.release()


def read(path: Path) -> list[NDArray[Any]]:
    """All frames, BGR."""
    capture, frames = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while (found := capture.read())[0]:
        frames.append(found[1])
    return frames


def sheet(before: list[NDArray[Any]], after: list[NDArray[Any]], columns: int) -> NDArray[Any]:
    """Rows of ``columns`` frames, those of the output below those of the input."""
    rows = []
    for start in range(0, len(before) - columns + 1, columns):
        rows += [np.hstack(frames[start : start + columns]) for frames in (before, after)]
    return np.vstack(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", default="lite")
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", type=int, nargs=2, default=(240, 320))
    parser.add_argument("--columns", type=int, default=8)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    engine = EngineConfig(args.weights).load()
    for name, make in CLIPS.items():
        source, target = (args.folder / f"{name}{end}.avi" for end in ("", "_rgb"))
        write(source, make(args.frames, *args.size))
        result = colorize_video(source, target, engine=engine, reading=Reading(colours="copy"), overwrite=True)
        print(f"{result}, {result.copied} copied, {result.switches} switches, {result.scene_changes} cuts", flush=True)
        print(*result.warnings, sep="\n")
        made = sheet(read(source), read(target), min(args.columns, result.frames))
        cv2.imwrite(str(args.folder / f"{name}.png"), made)


if __name__ == "__main__":
    main()
