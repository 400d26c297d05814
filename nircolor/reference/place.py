"""The same place: a colour picture is laid over a near-infrared one.

Brightness differs between the two, and often its sign (leaves are bright in near-infrared), but not where edges are. So
features are SIFT's (Lowe 2004) with opposite directions folded into one (after Firmenich, Brown and Suesstrunk,
"Multispectral interest points for RGB-NIR image registration", ICIP 2011), and they must agree on one homography.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 640  # longer side, in pixels, at which pictures are registered
LEAST_INLIERS = 12
_MOST = 1500  # features of a picture
_CONTRAST = 0.01  # Lowe's threshold is 0.04; haze and shade need a lower one
_RATIO = 0.9
_TOLERANCE = 3.0  # pixels at ``SIDE``
_LARGEST_SCALE = 5.0
_LEAST_OVERLAP = 0.1  # of the near-infrared picture


@dataclass(frozen=True)
class Placement:
    """Where the reference lies. ``matrix``: 3 x 3, from pixels of the reference to those of the near-infrared picture
    (x right, y down, centres of pixels at whole numbers). ``inliers``: features that agree; ``overlap``: share of the
    near-infrared picture that the reference covers; ``agreement``: of edges there, correlation, -1 to 1."""

    matrix: Matrix
    inliers: int
    overlap: float
    agreement: float


@dataclass(frozen=True)
class _View:
    """A grey picture as it is compared. ``scale``: its size over that of the picture."""

    grey: NDArray[np.uint8]
    edges: Plane
    scale: float
    places: Plane
    descriptors: Plane


def register(nir: Plane, rgb: NDArray[np.float32]) -> Placement | None:
    """None where the reference does not show the place.

    nir: (H, W); rgb: (h, w, 3), both float32 in [0, 1].
    """
    here, there = _view(nir), _view(np.asarray(rgb.mean(2), np.float32))
    found = _by_features(here, there)
    if found is None:
        return None
    matrix, inliers = found
    overlap, agreement = _evidence(here, there, matrix)
    full = np.diag([1 / here.scale, 1 / here.scale, 1]) @ matrix @ np.diag([there.scale, there.scale, 1])
    return Placement(full / full[2, 2], inliers, overlap, agreement)


def _view(grey: Plane) -> _View:
    scale = min(1.0, SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if scale < 1 else grey, np.float32)
    fine = small - cv2.GaussianBlur(small, (0, 0), max(size) / 30)
    fine /= np.sqrt(cv2.GaussianBlur(fine * fine, (0, 0), max(size) / 15)) + np.float32(0.01)
    stretched = np.clip(fine * 40 + 128, 0, 255).astype(np.uint8)
    smooth = cv2.GaussianBlur(fine, (0, 0), 1.0)
    edges = cv2.magnitude(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1))
    return _View(stretched, np.asarray(edges, np.float32), scale, *_features(stretched))


def _features(grey: NDArray[np.uint8]) -> tuple[Plane, Plane]:
    """Places (n, 2), and descriptors (n, 64) of norm 1 that do not change where dark and bright are exchanged."""
    detector = cv2.SIFT.create(_MOST, contrastThreshold=_CONTRAST)
    points = detector.detect(grey, None)
    for point in points:
        point.angle = 0  # cameras stand upright; a direction of its own has a sign that may be the other one
    once = {(p.pt, p.octave): p for p in points}
    points, found = detector.compute(grey, list(once.values()))
    if found is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 64), np.float32)
    bins = np.asarray(found, np.float32).reshape(-1, 16, 8)
    folded = np.sqrt(bins[..., :4] + bins[..., 4:]).reshape(-1, 64)
    folded /= np.linalg.norm(folded, axis=1, keepdims=True) + np.float32(1e-6)
    return np.array([p.pt for p in points], np.float32), folded


def _by_features(here: _View, there: _View) -> tuple[Matrix, int] | None:
    """The homography from ``there`` to ``here`` that most features agree on, and how many."""
    ours, theirs = _matches(here, there)
    if len(ours) < LEAST_INLIERS:
        return None
    matrix, mask = cv2.findHomography(theirs, ours, cv2.USAC_MAGSAC, _TOLERANCE, maxIters=5000, confidence=0.9999)
    if matrix is None or not _is_sane(matrix, there.grey.shape[:2]):
        return None
    return np.asarray(matrix, np.float64), int(mask.sum())


def _matches(here: _View, there: _View) -> tuple[Plane, Plane]:
    """Places (n, 2) of features that are each other's nearest and pass the ratio test."""
    if min(len(here.places), len(there.places)) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    similar = here.descriptors @ there.descriptors.T
    rows, nearest = np.arange(len(similar)), similar.argmax(1)
    two = np.partition(similar, -2, axis=1)[:, -2]
    clear = (1 - similar[rows, nearest] < _RATIO**2 * (1 - two)) & (similar.argmax(0)[nearest] == rows)
    return here.places[clear], there.places[nearest[clear]]


def _is_sane(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Whether a picture of ``shape`` stays a convex figure that is not mirrored, and of a size that can be."""
    height, width = shape[:2]
    corners = np.array([[[0, 0]], [[width, 0]], [[width, height]], [[0, height]]], np.float64)
    w = corners[:, 0] @ matrix[2, :2] + matrix[2, 2]
    if (w / matrix[2, 2] <= 0.2).any():
        return False
    moved = cv2.perspectiveTransform(corners, matrix)[:, 0]
    sides = np.roll(moved, -1, 0) - moved
    after = np.roll(sides, -1, 0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    scale = float(np.sqrt(max(turns.mean(), 0) / (height * width)))
    return bool((turns > 0).all()) and 1 / _LARGEST_SCALE <= scale <= _LARGEST_SCALE


def _evidence(here: _View, there: _View, matrix: Matrix) -> tuple[float, float]:
    """Share of ``here`` that is covered, and the correlation of edges there."""
    size = here.grey.shape[1], here.grey.shape[0]
    warped = cv2.warpPerspective(there.edges, matrix, size)
    inside = cv2.warpPerspective(np.ones_like(there.edges), matrix, size) > 0.99
    overlap = float(inside.mean())
    if overlap < 0.01:
        return overlap, 0.0
    a, b = here.edges[inside], np.asarray(warped, np.float32)[inside]
    return overlap, float(np.corrcoef(a, b)[0, 1]) if a.std() and b.std() else 0.0
