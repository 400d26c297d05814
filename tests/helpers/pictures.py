"""Pictures for the tests of metrics."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np


def plain(*colour: float, size: tuple[int, int] = (8, 8)) -> np.ndarray:
    """One colour, (h, w, 3) float32."""
    return np.broadcast_to(np.asarray(colour, np.float32), (*size, 3)).copy()


def noisy_pair(darkest: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A prediction and a truth, 192 x 176, from a fixed seed: what the recorded values of other libraries belong to."""
    rng = np.random.default_rng(0)
    truth = rng.random((192, 176, 3), np.float32)
    noise = np.float32(0.2) * rng.standard_normal(truth.shape).astype(np.float32)
    return np.clip(truth + noise, darkest, 1), truth


def save(path: Path, pixels: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded, data = cv2.imencode(path.suffix, pixels[..., ::-1] if pixels.ndim == 3 else pixels)
    assert encoded
    path.write_bytes(data.tobytes())
    return path
