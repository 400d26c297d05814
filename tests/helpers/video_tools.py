"""Small real videos, written by OpenCV from rendered scenes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from nircolor.scenes import quantise, render
from nircolor.video.read.opencv import open_writer

HEIGHT, WIDTH = 48, 64


def shots(count: int, height: int = HEIGHT, width: int = WIDTH) -> list[NDArray[np.uint8]]:
    """A camera that turns: ``count`` frames (height, width)."""
    wide = quantise(render(3, height, width + 2 * count).nir, 8)
    return [np.ascontiguousarray(wide[:, 2 * i : 2 * i + width]) for i in range(count)]  # type: ignore[misc]


def film(path: Path, frames: Iterable[NDArray[Any]], codec: str = "MJPG", fps: float = 25) -> Path:
    """A video of grey or BGR ``frames``. Skips the test where OpenCV has no such codec."""
    frames = list(frames)
    writer = open_writer(path, codec, fps, frames[0].shape[:2])
    if not writer.isOpened():
        pytest.skip(f"this OpenCV cannot write {codec} into {path.suffix}")
    for frame in frames:
        writer.write(frame if frame.ndim == 3 else cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def play(path: Path) -> list[NDArray[np.uint8]]:
    """All frames, (H, W, 3) BGR."""
    capture, frames = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), []
    while (found := capture.read())[0]:
        frames.append(found[1])
    return frames


def patch(path: Path, old: bytes, new: bytes) -> Path:
    """``path`` with its last ``old`` replaced."""
    before, found, after = path.read_bytes().rpartition(old)
    assert found
    path.write_bytes(before + new + after)
    return path
