"""Where one view lies in another: features that agree on a homography, whatever became of dark and bright.

Brightness differs between near-infrared and colour, and often its sign (leaves are bright in near-infrared), but not
where edges are. So descriptors are SIFT's (Lowe 2004) with opposite directions folded into one, after Firmenich, Brown
and Suesstrunk, "Multispectral interest points for RGB-NIR image registration", ICIP 2011.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 400  # longer side, in pixels, at which views are compared
_MOST = 1500  # features of a view
_CONTRAST = 0.01  # Lowe's threshold is 0.04; haze and shade need a lower one
_RATIO = 0.9
_LEAST = 6  # matches, under which any homography would do
_TOLERANCE = 3.0  # pixels at ``SIDE``
_LARGEST_SCALE = 5.0


@dataclass(frozen=True)
class View:
    """A grey picture as it is compared: ``edges`` (h, w), its size over that of the picture, ``scale``, and features:
    ``places`` (n, 2), x and y in its pixels, ``descriptors`` (n, 64) of norm 1."""

    edges: Plane
    scale: float
    places: Plane
    descriptors: Plane

    @classmethod
    def of(cls, grey: Plane) -> View:
        """From (H, W) in [0, 1]; local mean and contrast are taken away."""
        scale = min(1.0, SIDE / max(grey.shape))
        size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey, np.float32)
        fine = small - _blurred(small, max(size) / 30)
        fine /= np.sqrt(_blurred(fine * fine, max(size) / 15)) + np.float32(0.01)
        return cls(edges_of(fine), scale, *_features(np.clip(fine * 40 + 128, 0, 255).astype(np.uint8)))


class Turned:
    """A colour picture, (h, w, 3), as it is compared, turned left by quarters: each view is made once, when it is first
    asked for, since one reference may serve many pictures."""

    def __init__(self, rgb: Plane) -> None:
        self._grey = np.asarray(rgb.mean(2), np.float32)
        self._views: dict[int, View] = {}

    def view(self, turns: int) -> View:
        """After 0 to 3 quarters."""
        if turns not in self._views:
            self._views[turns] = View.of(np.ascontiguousarray(np.rot90(self._grey, turns)))
        return self._views[turns]


def edges_of(grey: Plane) -> Plane:
    """(H, W) -> how steep it is."""
    smooth = _blurred(grey, 1.0)  # noise of single pixels is no edge
    return np.asarray(cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)))


def homography(here: View, there: View) -> tuple[Matrix, int] | None:
    """From pixels of ``there`` to pixels of ``here``, and how many features agree on it. None where there is none that
    a camera could have made: what is mirrored, folded, or out of proportion."""
    ours, theirs = _matches(here, there)
    if len(ours) < _LEAST:
        return None
    # RANSAC with graded votes (Barath et al., "MAGSAC++", CVPR 2020), seeded alike in every call
    found = cv2.findHomography(theirs, ours, cv2.USAC_MAGSAC, _TOLERANCE, maxIters=5000, confidence=0.9999)
    matrix, mask = np.asarray(found[0], np.float64), found[1]
    if found[0] is None or not _is_view(matrix, there.edges.shape):
        return None
    return matrix, int(np.asarray(mask).sum())


def _features(grey: NDArray[np.uint8]) -> tuple[Plane, Plane]:
    detector = cv2.SIFT.create(_MOST, contrastThreshold=_CONTRAST)
    points = list(detector.detect(grey, None))
    for point in points:
        point.angle = 0  # cameras stand upright, and the sign of a direction may be the other one
    once = {(point.pt, point.octave): point for point in points}
    kept, found = detector.compute(grey, list(once.values()))
    if not kept:
        return np.zeros((0, 2), np.float32), np.zeros((0, 64), np.float32)
    bins = np.asarray(found, np.float32).reshape(-1, 16, 8)
    folded = np.sqrt(bins[..., :4] + bins[..., 4:]).reshape(-1, 64)  # as RootSIFT (Arandjelovic and Zisserman 2012)
    folded /= np.linalg.norm(folded, axis=1, keepdims=True) + np.float32(1e-6)
    return np.array([point.pt for point in kept], np.float32), folded


def _matches(here: View, there: View) -> tuple[Plane, Plane]:
    """Places (n, 2) of features that are each other's nearest and pass the ratio test."""
    if min(len(here.places), len(there.places)) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    similar = here.descriptors @ there.descriptors.T
    rows, nearest = np.arange(len(similar)), similar.argmax(1)
    second = np.partition(similar, -2, axis=1)[:, -2]
    # distance of unit vectors, squared: 2 - 2 a . b
    clear = (1 - similar[rows, nearest] < _RATIO**2 * (1 - second)) & (similar.argmax(0)[nearest] == rows)
    return here.places[clear], there.places[nearest[clear]]


def _is_view(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Whether a picture of ``shape`` stays a convex figure, not mirrored, in front of the camera, of a likely size."""
    height, width = shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
    depth = (corners @ matrix[2, :2] + matrix[2, 2]) / matrix[2, 2]
    if not np.isfinite(matrix).all() or (depth <= 0.2).any():
        return False
    moved = (corners @ matrix[:2, :2].T + matrix[:2, 2]) / matrix[2, 2] / depth[:, None]
    sides = np.roll(moved, -1, 0) - moved
    after = np.roll(sides, -1, 0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]  # twice the area at each corner
    scale = float(np.sqrt(max(turns.mean(), 0) / (height * width)))
    return bool((turns > 0).all()) and 1 / _LARGEST_SCALE <= scale <= _LARGEST_SCALE


def _blurred(plane: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)
