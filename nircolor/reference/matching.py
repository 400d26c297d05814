"""Where one view lies in another: corners that agree on a homography, whatever became of dark and bright.

Brightness differs between near-infrared and colour, and often its sign (leaves are bright in near-infrared), but not
where edges are. So corners are those of Harris and Stephens (1988) at several scales, and descriptors tell how steep it
is in which direction around them, with opposite directions folded into one (Firmenich, Brown and Suesstrunk,
"Multispectral interest points for RGB-NIR image registration", ICIP 2011), looked up in maps that are made once for a
picture (Tola, Lepetit and Fua, "DAISY", PAMI 2010): in a quarter of the time of SIFT, and they turn with the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
Matrix = NDArray[np.float64]

SIDE = 400  # longer side, in pixels, at which views are compared
_SCALES = ((1.0, 600), (2**0.5, 400), (2.0, 300), (8**0.5, 200), (4.0, 100))  # how far reduced, and how many corners
_SMALLEST = 24  # pixels a side, under which there is nothing to describe
_QUALITY, _APART = 1e-4, 3  # least response of a corner to the strongest one; pixels between corners
_CELL = 4  # pixels between the 4 x 4 places where a descriptor looks, from 6 left of and above its corner
_POOL, _WINDOW = 1.6, 8.0  # sigma, in pixels, of what each place sums up, and of how much it counts
_RATIO = 0.9
_LEAST = 6  # matches, under which any homography would do
_TOLERANCE = 3.0  # pixels at ``SIDE``
_LARGEST_SCALE = 5.0


@dataclass(frozen=True)
class View:
    """A grey picture as it is compared: ``edges`` (h, w), its size over that of the picture, ``scale``, and corners,
    those of the coarsest scale first: ``places`` (n, 2), x and y in its pixels, ``descriptors`` (n, 64) of norm 1."""

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
        return cls(edges_of(fine), scale, *_corners(fine))

    def turned(self, quarters: int, most: int) -> View:
        """The view of the picture turned left; of the ``most`` first corners alone."""
        x, y = self.places[:most].T
        height, width = self.edges.shape
        places = ((x, y), (y, width - 1 - x), (width - 1 - x, height - 1 - y), (height - 1 - y, x))[quarters]
        grids = np.rot90(self.descriptors[:most].reshape(-1, 4, 4, 4), quarters, (1, 2))
        descriptors = np.roll(grids, 2 * quarters, 3).reshape(-1, 64)  # a quarter is two of four directions
        return View(np.rot90(self.edges, quarters), self.scale, np.stack(places, 1), descriptors)

    def mirrored(self) -> View:
        """The view of the picture in a mirror: left is right, and one diagonal the other."""
        x, y = self.places.T
        places = np.stack([self.edges.shape[1] - 1 - x, y], 1)
        grids = self.descriptors.reshape(-1, 4, 4, 4)[:, :, ::-1]
        return View(self.edges[:, ::-1], self.scale, places, grids[..., [0, 3, 2, 1]].reshape(-1, 64))


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


def _corners(fine: Plane) -> tuple[Plane, Plane]:
    """Places (n, 2) and descriptors (n, 64)."""
    found = [_described(fine, *scale) for scale in reversed(_SCALES)]
    places, descriptors = zip(*found, strict=True)
    return np.concatenate(places), np.concatenate(descriptors)


def _described(fine: Plane, factor: float, most: int) -> tuple[Plane, Plane]:
    """Of one scale; places in pixels of ``fine``."""
    size = np.maximum(1, np.rint(np.array(fine.shape[::-1]) / factor)).astype(int)
    reduced = fine if factor == 1 else cv2.resize(fine, size.tolist(), interpolation=cv2.INTER_AREA)
    smooth = _blurred(np.asarray(reduced, np.float32), 1.0)
    found = None
    if size.min() >= _SMALLEST:
        found = cv2.goodFeaturesToTrack(smooth, most, _QUALITY, _APART, useHarrisDetector=True)
    if found is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 64), np.float32)
    corners = np.asarray(found, np.float32)[:, 0]
    times = np.array(fine.shape[::-1], np.float32) / size.astype(np.float32)
    return np.asarray((corners + 0.5) * times - 0.5, np.float32), _descriptors(_directions(smooth), corners)


def _directions(grey: Plane) -> Plane:
    """(h, w, 4): how steep it is across, along both diagonals and down, either way, around each pixel."""
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    half = np.float32(0.5**0.5)
    least = cv2.magnitude(across, down) * half  # what is 45 degrees away or more does not count
    steep = [np.abs(across), np.abs(across + down) * half, np.abs(down), np.abs(across - down) * half]
    return _blurred(cv2.merge([np.maximum(one - least, 0) for one in steep]), _POOL)


def _descriptors(maps: Plane, corners: Plane) -> Plane:
    """(n, 64) of norm 1: the maps (h, w, 4) at 4 x 4 places around each corner (n, 2)."""
    edge = 2 * _CELL
    padded = cv2.copyMakeBorder(maps, edge, edge, edge, edge, cv2.BORDER_CONSTANT)
    steps = (np.arange(4) - 1.5) * _CELL
    x, y = (np.rint(one[:, None] + steps + edge).astype(int) for one in corners.T)
    weights = np.exp(-np.add.outer(steps**2, steps**2) / (2 * _WINDOW**2)).astype(np.float32)
    seen = padded[y[:, :, None], x[:, None, :]] * weights[..., None]
    roots = np.sqrt(seen.reshape(-1, 64))  # as RootSIFT (Arandjelovic and Zisserman 2012)
    return np.asarray(roots / (np.linalg.norm(roots, axis=1, keepdims=True) + np.float32(1e-6)), np.float32)


def _matches(here: View, there: View) -> tuple[Plane, Plane]:
    """Places (n, 2) of features that are each other's nearest and pass the ratio test."""
    if min(len(here.places), len(there.places)) < 2:
        return np.empty((0, 2), np.float32), np.empty((0, 2), np.float32)
    similar = here.descriptors @ there.descriptors.T
    rows, nearest = np.arange(len(similar)), similar.argmax(1)
    best = similar[rows, nearest]
    mutual = similar.max(0)[nearest] == best
    similar[rows, nearest] = -1
    clear = mutual & (1 - best < _RATIO**2 * (1 - similar.max(1)))  # distance of unit vectors, squared: 2 - 2 a . b
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
