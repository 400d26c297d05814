"""Do two pictures show the same place? Their features must agree on one similarity transform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.leaks.features import Features, FloatArray, root

# Among the 7,700 likeliest pairs of ../shared/data, those that would be turned by more than 25 degrees, so agree by
# chance, agree on 4 (22 pairs), 5 (one) or 6 (one).
LEAST_INLIERS = 12
_RATIO = 0.8  # Lowe 2004, section 7.1: nearest over second nearest distance
_TOLERANCE = 4.0  # pixels of the reduced picture: what parallax and lens leave of a shared view
_LARGEST_SCALE = 8.0
_THINNEST = 0.003  # of the diagonal, standard deviation across the inliers: less is one edge, which fits anything
_SHORTEST = 0.02  # the same along them: less is one small object


@dataclass(frozen=True)
class Agreement:
    """``scale`` (in pixels of the full pictures) and ``rotation`` (degrees, clockwise) lead from the first picture to
    the second."""

    matches: int
    inliers: int
    scale: float
    rotation: float

    def inverse(self) -> Agreement:
        """From the second picture to the first."""
        return replace(self, scale=1 / self.scale, rotation=-self.rotation)


def similarities(one: Features, others: Sequence[Features]) -> list[FloatArray]:
    """Of the features of a picture with those of each other one: (n, m) float32 in [0, 1]."""
    everything = np.concatenate([other.descriptors for other in others])  # one large product is faster than many
    borders = np.cumsum([len(other.descriptors) for other in others])[:-1]
    return np.split(root(one.descriptors) @ root(everything).T, borders, axis=1)


def agreement(a: Features, b: Features, similar: FloatArray) -> Agreement | None:
    """None where the features do not show the same place. ``similar``: of ``a`` and ``b``, (n, m)."""
    first, second = _matches(a, b, similar)
    if len(first) < LEAST_INLIERS:
        return None
    # RANSAC (Fischler and Bolles 1981); OpenCV seeds it anew in every call
    matrix, mask = cv2.estimateAffinePartial2D(first, second, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE)
    inlier = mask.ravel() > 0
    if inlier.sum() < LEAST_INLIERS:  # none where there is no matrix
        return None
    scale, turn = float(np.hypot(matrix[0, 0], matrix[1, 0])), float(np.arctan2(matrix[1, 0], matrix[0, 0]))
    if not 1 / _LARGEST_SCALE <= scale <= _LARGEST_SCALE:
        return None
    if not (_spread(first[inlier], a.diagonal) and _spread(second[inlier], b.diagonal)):
        return None
    return Agreement(len(first), int(inlier.sum()), scale * a.reduction / b.reduction, float(np.degrees(turn)))


def _matches(a: Features, b: Features, similar: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Places (n, 2) of the features that are each other's nearest and pass the ratio test, in the order of ``a``."""
    if min(len(a.places), len(b.places)) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    rows, nearest = np.arange(len(similar)), similar.argmax(axis=1)
    best, others = similar[rows, nearest], similar.copy()
    others[rows, nearest] = -1
    # distance of unit vectors, squared: 2 - 2 a . b
    clear = np.flatnonzero(1 - best < _RATIO**2 * (1 - others.max(axis=1)))
    kept = clear[similar[:, nearest[clear]].max(axis=0) == best[clear]]
    places = np.concatenate((a.places[kept], b.places[nearest[kept]]), axis=1)
    # a corner with two orientations is two features but one witness
    once = np.sort(np.unique(np.rint(places), axis=0, return_index=True)[1])
    return places[once, :2], places[once, 2:]


def _spread(places: FloatArray, diagonal: float) -> bool:
    """Whether places cover an area: neither one spot nor one line."""
    across, along = np.sqrt(np.maximum(_variances(places), 0)) / diagonal
    return bool(across >= _THINNEST and along >= _SHORTEST)


def _variances(places: FloatArray) -> NDArray[np.float64]:
    """Along the principal axes, smaller first."""
    return np.asarray(np.linalg.eigvalsh(np.cov(places.T)), np.float64)
