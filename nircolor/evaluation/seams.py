"""Seam energy: whether a tiled prediction shows where its tiles begin and end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nircolor.evaluation.metric import Borders, Image, check_sizes
from nircolor.tiles import Tiling, plan_axis

NEARBY = 8  # lines on each side: of 2 to 16 and the whole picture, what tells hard borders from none most surely


def tile_borders(shape: tuple[int, ...], tiling: Tiling) -> Borders:
    """The borders inside a picture of (H, W, ...): where a tile begins or ends, blended or not."""
    return Borders(*(_inner_edges(length, tiling) for length in shape[:2]))


def _inner_edges(length: int, tiling: Tiling) -> tuple[int, ...]:
    spans = plan_axis(length, tiling.tile, tiling.overlap)
    edges = {span.start for span in spans} | {span.stop for span in spans}
    return tuple(sorted(edges - {0, length}))


def seam_energy(prediction: Image, truth: Image, borders: Borders) -> float | None:
    """Gradient variance across tile borders over that nearby (after HAQAGen, section 3.3), relative to the truth's:

        V = sum over borders of the mean square, over pixels and channels, of the step across a line
        (V(prediction, at borders) / V(prediction, nearby)) / (V(truth, at borders) / V(truth, nearby))

    Arrays (H, W, 3). Nearby are the lines up to ``NEARBY`` beside a border. 1 means no more there than elsewhere, more
    that tiles can be seen. HAQAGen gives the idea but no formula. Steps are measured against 0, so that one of constant
    height counts; neighbours and truth cancel what the scene itself has there. A single picture still scatters by a
    tenth: judge means over many. None without borders, and where any of the four is 0.
    """
    check_sizes(prediction, truth)
    ours, theirs = (_energies(image, borders) for image in (prediction, truth))
    if not all((*ours, *theirs)):
        return None
    return (ours[0] / ours[1]) / (theirs[0] / theirs[1])


def _energies(image: Image, borders: Borders) -> tuple[float, float]:
    """Mean square steps at the borders and nearby, summed over borders; longer borders count for more."""
    at, nearby = 0.0, 0.0
    for axis, lines in ((0, borders.rows), (1, borders.columns)):
        numbers = [line - 1 for line in lines if 0 < line < image.shape[axis]]  # step k is between k and k + 1
        for number in numbers:
            first = max(0, number - NEARBY)
            steps = _mean_square_steps(image, axis, first, number + NEARBY + 1)
            others = [k for k in range(first, first + len(steps)) if k not in numbers]
            if others:
                at += steps[number - first] * image.shape[1 - axis]
                nearby += np.mean([steps[k - first] for k in others]) * image.shape[1 - axis]
    return float(at), float(nearby)


def _mean_square_steps(image: Image, axis: int, first: int, last: int) -> NDArray[np.float64]:
    """Of the lines ``first`` to ``last`` - 1 that there are."""
    band = image[first : last + 1] if axis == 0 else image[:, first : last + 1]
    steps = np.diff(band, axis=axis)
    return np.asarray(np.square(steps, out=steps).mean((1 - axis, 2), dtype=np.float64))
