"""Pictures for the model card: scenes that the project renders itself, as weights paint them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nircolor import scenes
from nircolor.errors import OutputError
from nircolor.events import Reporter

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

SHOWN = (("meadow", 1_000_003), ("lake", 1_000_005))  # kinds, and seeds that no recipe reaches: it counts from 0
HEIGHT, WIDTH = 216, 288
FOLDER = "pictures"


def example_names() -> list[str]:
    """The names of the pictures in the repository."""
    return [f"{FOLDER}/{kind}.png" for kind, _ in SHOWN]


def render_examples(colorizer: Colorizer, reporter: Reporter) -> dict[str, bytes]:
    """PNG files by ``example_names``: near-infrared, what the weights make of it, the true colours, side by side.

    Raises StoppedError.
    """
    found = {}
    for done, (name, (kind, seed)) in enumerate(zip(example_names(), SHOWN, strict=True)):
        reporter.progress("rendering pictures", done, len(SHOWN))
        scene = scenes.render(seed, HEIGHT, WIDTH, kind)
        nir, truth = scenes.quantise(scene.nir, 8), scenes.quantise(scene.rgb, 8)
        found[name] = _png(np.hstack([np.dstack([nir] * 3), colorizer.colorize(nir), truth]))
    return found


def _png(rgb: np.ndarray) -> bytes:
    import cv2

    done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
    if not done:
        raise OutputError("a picture for the card cannot be made", remedy="reinstall opencv-python-headless")
    return bytes(data.tobytes())
