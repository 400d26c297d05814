"""Local features of a picture: SIFT (Lowe, "Distinctive image features from scale-invariant keypoints", IJCV 2004)."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

MOST = 1024  # features of one picture; 512 lose crops of a larger photograph
SIDE = 800  # longer side of the picture that is searched, at most, in pixels
_CONTRAST = 0.015  # Lowe's threshold is 0.04; haze and shade need a lower one, and MOST keeps the strongest anyway
_STEPS = np.float32(1024)
_DARKEST_RANGE = 0.02  # of full scale: a picture with less contrast is not stretched further, or noise would be matched


@dataclass(frozen=True)
class Features:
    """At most ``MOST`` features, strongest first. ``places``: (n, 2) float32, x and y in pixels of the reduced picture;
    ``descriptors``: (n, 128) uint8; ``reduction``: reduced over full size, at most 1; ``diagonal``: of the reduced
    picture, in pixels."""

    places: FloatArray
    descriptors: NDArray[np.uint8]
    reduction: float
    diagonal: float


def features(grey: FloatArray) -> Features:
    """The features of a grey picture, (H, W) float32 in [0, 1]. A flat picture has none."""
    reduction = min(SIDE / max(grey.shape), 1.0)
    small = grey
    if reduction < 1:
        size = (max(round(grey.shape[1] * reduction), 1), max(round(grey.shape[0] * reduction), 1))
        small = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    keypoints, found = cv2.SIFT.create(MOST, contrastThreshold=_CONTRAST).detectAndCompute(_stretched(small), None)
    places = np.array([keypoint.pt for keypoint in keypoints], np.float32).reshape(-1, 2)
    # sorted by all that tells features apart: the detector's own order depends on its threads
    strength = np.array([keypoint.response for keypoint in keypoints])
    turn = np.array([keypoint.angle for keypoint in keypoints])
    order = np.lexsort((turn, places[:, 1], places[:, 0], -strength))[:MOST]
    descriptors = np.zeros((0, 128), np.uint8) if found is None else np.asarray(found)[order].astype(np.uint8)
    return Features(places[order], descriptors, reduction, float(np.hypot(*small.shape)))


def root(descriptors: NDArray[np.uint8]) -> FloatArray:
    """RootSIFT, (n, 128) float32 of norm 1: products are the Hellinger kernel, which tells features apart better than
    Euclid does (Arandjelovic and Zisserman, CVPR 2012)."""
    wide = descriptors.astype(np.float32)
    wide /= np.maximum(wide.sum(axis=1, keepdims=True), np.float32(1))
    # In steps of 2^-10 float32 adds up products exactly: no number of threads, and no order, changes a result.
    steps: FloatArray = np.rint(np.sqrt(wide) * _STEPS)
    return np.divide(steps, _STEPS, out=steps)


def _stretched(grey: FloatArray) -> NDArray[np.uint8]:
    """To 8 bit, the range of the data to full scale: a dark picture, or 12 bits in a file of 16, has features too."""
    low, high = np.percentile(grey, (1, 99))
    gain = 1 / max(float(high - low), _DARKEST_RANGE)
    steps: FloatArray = np.rint((grey - np.float32(low)) * np.float32(gain * 255))
    return np.clip(steps, 0, 255).astype(np.uint8)
