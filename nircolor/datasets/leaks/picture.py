"""What is remembered of a picture once it is read: a digest, an impression, features. The pixels are not kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.leaks.features import Features, features
from nircolor.datasets.leaks.hashing import Impression, impression, mirrored
from nircolor.datasets.pair import Pair, Problem
from nircolor.errors import InputError, display_name
from nircolor.image.read_rgb import read_rgb


@dataclass(frozen=True)
class LeakPicture:
    """``digest`` is equal for equal decoded pixels, whatever the format and depth of the file."""

    digest: bytes
    impression: Impression
    mirrored: Impression
    features: Features


@dataclass(frozen=True)
class Album:
    """Pictures by their path, and the files that could not be read."""

    pictures: dict[Path, LeakPicture]
    problems: tuple[Problem, ...]


def read_album(pairs: Iterable[Pair], on_read: Callable[[], None]) -> Album:
    """Read every colour picture once, in the order of the paths; ``on_read`` is called after each file.

    A file that cannot be read becomes a problem of the pair whose id comes first.
    """
    owners = {pair.rgb: pair.id for pair in sorted(pairs, key=lambda pair: pair.id, reverse=True)}
    pictures: dict[Path, LeakPicture] = {}
    problems = []
    for path in sorted(owners):
        try:
            pictures[path] = read_picture(path)
        except InputError as error:
            problems.append(Problem(display_name(path), error.fault, "unreadable", owners[path]))
        on_read()
    return Album(pictures, tuple(problems))


def read_picture(path: Path) -> LeakPicture:
    """Raises InputError, which names the file."""
    pixels = read_rgb(path).pixels
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    return LeakPicture(_digest(pixels), impression(grey), mirrored(grey), features(grey))


def _digest(pixels: NDArray[np.float32]) -> bytes:
    # in steps of 16 bits: v / 255 and 257 v / 65535 are one value, and rounded to one step
    steps = np.rint(pixels * np.float32(65535)).astype(np.uint16)
    return hashlib.blake2b(repr(steps.shape).encode() + steps.tobytes(), digest_size=16).digest()
