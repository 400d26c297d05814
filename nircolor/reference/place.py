"""The same place: a colour picture is laid over a near-infrared one, and colours come from it where structure agrees.

What is taken is how the reference differs from the network's colours, as a function of near-infrared around each pixel
(a guided filter, He, Sun and Tang, PAMI 2013, weighted by trust). So edges are those of the near-infrared picture: what
the reference alone shows, such as a car, leaves no outline. What it does not show, or shows otherwise, is told by wider
and wider surroundings, and at last by what holds for the whole picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.reference.matching import Matrix, Plane, View, homography

Colours = NDArray[np.float32]
Planes = NDArray[np.float32]
"""(3, h, w), for what is computed plane by plane: that is faster."""

LEAST_INLIERS = 12, 20  # of what covers next to nothing, and all: other places agree on 7, alike facades on 18
LEAST_AGREEMENT = 0.2  # of edges, where pictures of other places have 0.1 at most
LEAST_OVERLAP = 0.15
_TURNED_INLIERS, _TURNED_CORNERS = 24, 600  # for a picture that would lie on its side or on its head, which is rare
_SURE_INLIERS = 300  # below, a mirrored picture is thought of: facades and lakes are like themselves in a mirror
_WINDOWS = ((3.0, 2), (10.0, 5))  # sigma, in pixels, in which structure is compared, and how far it is reduced for it
_CHANCE = 0.12  # agreement of what has changed, such as clouds
_FLAT = 0.15  # share of the usual contrast that counts as none
_RADII = (32, 8, 2)  # of surroundings, in pixels
_FINE = 4  # radius, from which on surroundings are looked at reduced: they are smooth
_EDGE = 3e-4  # variance of near-infrared that counts as an edge
_DOUBT = 0.05  # share of trusted surroundings that is believed half
_FAMILIAR = 4.0  # squared distance, in deviations, up to which what holds for the whole picture is believed
_ENOUGH = 0.15  # share of the picture that is trusted, from which on that is believed wholly


@dataclass(frozen=True)
class Placement:
    """Where the reference lies. ``matrix``: 3 x 3, from pixels of the reference to those of the near-infrared picture
    (x right, y down, centres of pixels at whole numbers). ``inliers``: features that agree; ``overlap``: share of the
    near-infrared picture that the reference covers; ``agreement``: of edges there, correlation, -1 to 1."""

    matrix: Matrix
    inliers: int
    overlap: float
    agreement: float

    @property
    def evidence(self) -> dict[str, float | int | str]:
        """What speaks for it, by name."""
        return {"inliers": self.inliers, "overlap": self.overlap, "agreement": self.agreement}


def register(nir: Plane, rgb: Colours, view: View | None = None) -> Placement | None:
    """None where the reference does not show the place, or only mirrored.

    nir: (H, W); rgb: (h, w, 3), both float32 in [0, 1]. view: ``view_of`` rgb, if it is there already.
    """
    here, there = View.of(nir), view or view_of(rgb)
    found = _placed(here, there, np.eye(3), LEAST_INLIERS[0]) or _placed_turned(here, there, rgb.shape)
    if found and found.inliers < _SURE_INLIERS:
        mirrored = homography(here, there.mirrored())
        found = None if mirrored and mirrored[1] > found.inliers else found
    return found


def view_of(rgb: Colours) -> View:
    """Of a colour picture (h, w, 3), in [0, 1]."""
    return View.of(_mix(rgb, np.full((1, 3), 1 / 3)))


def _placed_turned(here: View, there: View, shape: tuple[int, ...]) -> Placement | None:
    few = here.turned(0, _TURNED_CORNERS)
    turns = (_placed(few, there.turned(n, _TURNED_CORNERS), _turned(shape, n), _TURNED_INLIERS) for n in (1, 2, 3))
    return next((found for found in turns if found), None)


def _placed(here: View, there: View, turn: Matrix, least: int) -> Placement | None:
    """``turn``: from pixels of the reference to those of what ``there`` is a view of. ``least``: inliers."""
    found = homography(here, there)
    if found is None or found[1] < least:
        return None
    matrix, inliers = found
    overlap, agreement = _evidence(here, there, matrix)
    few = inliers < LEAST_INLIERS[0] + overlap * (LEAST_INLIERS[1] - LEAST_INLIERS[0])
    if few or overlap < LEAST_OVERLAP or agreement < LEAST_AGREEMENT:
        return None
    full = _scaled(1 / here.scale) @ matrix @ _scaled(there.scale) @ turn
    return Placement(full / full[2, 2], inliers, round(overlap, 3), round(agreement, 3))


def _scaled(factor: float) -> Matrix:
    """Pixels to those of a picture so many times larger: centres are at whole numbers, so corners at halves."""
    shift = (factor - 1) / 2
    return np.array([[factor, 0, shift], [0, factor, shift], [0, 0, 1]])


def _turned(shape: tuple[int, ...], turns: int) -> Matrix:
    """Pixels of a picture to those of it turned left by so many quarters."""
    height, width = shape[:2]
    matrix = np.eye(3)
    for _ in range(turns):
        matrix = np.array([[0.0, 1, 0], [-1, 0, width - 1], [0, 0, 1]]) @ matrix
        height, width = width, height
    return matrix


def _evidence(here: View, there: View, matrix: Matrix) -> tuple[float, float]:
    """Share of ``here`` that is covered, and the correlation of edges there."""
    size = here.edges.shape[1], here.edges.shape[0]
    warped = np.asarray(cv2.warpPerspective(there.edges, matrix, size), np.float32)
    inside = cv2.warpPerspective(np.ones_like(there.edges), matrix, size) > 0.99
    ours, theirs = here.edges[inside], warped[inside]
    if ours.size < 2 or not ours.std() or not theirs.std():
        return 0.0, 0.0
    return float(inside.mean()), float(np.corrcoef(ours, theirs)[0, 1])


def by_place(colours: Colours, nir: Plane, reference: Colours, placement: Placement) -> Colours:
    """The colours of a picture, as those of the reference where it shows the same.

    colours: (H, W, 3) sRGB, painted from nir, (H, W); reference: (h, w, 3); all float32 in [0, 1]. Returns (H, W, 3).
    """
    size = nir.shape[1], nir.shape[0]
    laid = np.asarray(cv2.warpPerspective(reference, placement.matrix, size), np.float32)
    inside = cv2.warpPerspective(np.ones(reference.shape[:2], np.float32), placement.matrix, size) > 0.99
    trust = _trust(nir, _mix(laid, np.full((1, 3), 1 / 3)), inside)
    wanted = laid - colours
    seen = np.asarray(cv2.merge([nir, *cv2.split(colours)]), np.float32)
    change, planes = _planes(_everywhere(wanted, seen, trust)), _planes(wanted)
    for radius in _RADII:
        near, share = _nearby(planes, nir, trust, radius)
        change += (share / (share + np.float32(_DOUBT))) * (near - change)
    return np.asarray(np.clip(colours + cv2.merge(list(change)), 0, 1), np.float32)


def _planes(picture: Colours) -> Planes:
    return np.asarray(np.stack(cv2.split(picture)), np.float32)


def _mix(picture: NDArray[np.float32], matrix: Matrix) -> NDArray[np.float32]:
    """Linear functions of the channels of each pixel: one a row of ``matrix``, constants in a last column, if any."""
    return np.asarray(cv2.transform(picture, np.asarray(matrix, np.float32)))


def _trust(nir: Plane, grey: Plane, inside: NDArray[np.bool_]) -> Plane:
    """(H, W) in [0, 1]: how far both show the same structure, near each pixel and around; sign and strength of
    contrast may differ. Where both are flat they agree; where one is, they do not.
    """
    weight, size = inside.astype(np.float32), (nir.shape[1], nir.shape[0])
    products = [weight, nir * weight, grey * weight, nir * nir * weight, grey * grey * weight, nir * grey * weight]
    trust = weight
    for sigma, step in _WINDOWS:
        small = max(1, round(size[0] / step)), max(1, round(size[1] / step))
        trust = trust * _resized(_agreement([_smooth(_resized(x, small), sigma / step) for x in products]), size)
    return np.asarray(np.maximum(trust - _CHANCE, 0) / (1 - _CHANCE), np.float32)


def _agreement(sums: list[Plane]) -> Plane:
    """(h, w) in [0, 1]. ``sums`` around each pixel: of weights, and weighed, of both, their squares, and product."""
    share = sums[0] + np.float32(1e-6)
    one, two, *products = (x / share for x in sums[1:])
    ours, theirs = np.maximum(products[0] - one * one, 0), np.maximum(products[1] - two * two, 0)
    usual = [float((variance * share).sum() / share.sum()) + 1e-6 for variance in (ours, theirs)]
    ours, theirs = ours / usual[0], theirs / usual[1]
    both, together = np.sqrt(ours * theirs), np.abs(products[2] - one * two) / np.sqrt(usual[0] * usual[1])
    shape = (together + _FLAT**2) / (both + _FLAT**2)
    strength = (2 * both + _FLAT) / (ours + theirs + _FLAT)
    return np.asarray(np.clip(shape * strength, 0, 1), np.float32)


def _everywhere(wanted: Colours, seen: Colours, trust: Plane) -> Colours:
    """What holds for the whole picture: a linear function of what is ``seen``, (H, W, 4), believed where that is like
    what the reference has shown. Ridge regression, weighted by trust."""
    step = max(1, min(trust.shape) // 96)
    some = slice(None, None, step), slice(None, None, step)
    x, y, w = seen[some].reshape(-1, 4), wanted[some].reshape(-1, 3), trust[some].reshape(-1, 1)
    total = w.sum() + 1e-6
    mean, base = (x * w).sum(0) / total, (y * w).sum(0) / total
    spread = ((x - mean) * w).T @ (x - mean) / total
    slopes = np.linalg.solve(spread + 0.01 * np.eye(4), ((x - mean) * w).T @ (y - base) / total)
    white = np.linalg.cholesky(np.linalg.inv(spread + 1e-3 * np.eye(4))).T
    away = _mix(seen, np.column_stack([white, -white @ mean]))
    distance = _mix(away * away, np.ones((1, 4)))
    belief = np.minimum(1, _FAMILIAR / np.maximum(distance, 1e-6)) * min(1, trust.mean() / _ENOUGH)
    found = _mix(seen, np.column_stack([slopes.T, base - mean @ slopes]))
    return np.asarray(found * belief[..., None], np.float32)


def _nearby(wanted: Planes, nir: Plane, trust: Plane, radius: int) -> tuple[Planes, Plane]:
    """What is wanted as a linear function of near-infrared in squares around each pixel; the share trusted there."""
    step, seen = max(1, radius // _FINE), nir * trust
    size = max(1, round(nir.shape[1] / step)), max(1, round(nir.shape[0] / step))
    planes = [trust, seen, nir * seen, *(wanted * trust), *(wanted * seen)]
    small = [_resized(one, size) for one in planes]
    found = _lines(small, radius // step)
    gain, offset, (share,) = (np.stack([_resized(one, (nir.shape[1], nir.shape[0])) for one in maps]) for maps in found)
    return gain * nir + offset, share


def _lines(planes: list[Plane], radius: int) -> tuple[Planes, Planes, Planes]:
    """Gain and offset, (3, h, w), and the share trusted, (1, h, w). ``planes``: trust, near-infrared, its square, what
    is wanted, (3, h, w), and its product with near-infrared, (3, h, w), all of them times trust."""
    means = np.stack([_mean(one, radius) for one in planes])
    share = means[0] + np.float32(1e-6)
    middle, square, base, product = (x / share for x in (means[1], means[2], means[3:6], means[6:]))
    gain = (product - base * middle) / (np.maximum(square - middle**2, 0) + np.float32(_EDGE))
    lines = (np.stack([_mean(one, radius) for one in x * planes[0]]) / share for x in (gain, base - gain * middle))
    return (*lines, share[None])


def _mean(x: Plane, radius: int) -> Plane:
    side = 2 * radius + 1
    return np.asarray(cv2.blur(x, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def _resized(x: Plane, size: tuple[int, int]) -> Plane:
    """To width and height: area averages where it becomes smaller, else bilinear."""
    if size == (x.shape[1], x.shape[0]):
        return x
    how = cv2.INTER_AREA if size[0] < x.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(x, size, interpolation=how), np.float32)


def _smooth(x: Plane, sigma: float) -> Plane:
    return np.asarray(cv2.GaussianBlur(x, (0, 0), sigma, borderType=cv2.BORDER_REFLECT), np.float32)
