"""Seam energy: whether a tiled prediction shows where its tiles begin and end."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nircolor.evaluation.metric import Borders, Image, check_sizes
from nircolor.tiling import Tiling, plan_axis


def tile_borders(shape: tuple[int, ...], tiling: Tiling) -> Borders:
    """The borders inside a picture of (H, W, ...): where a tile begins or ends, blended or not."""
    return Borders(*(_inner_edges(length, tiling) for length in shape[:2]))


def _inner_edges(length: int, tiling: Tiling) -> tuple[int, ...]:
    spans = plan_axis(length, tiling.tile, tiling.overlap)
    edges = {span.start for span in spans} | {span.stop for span in spans}
    return tuple(sorted(edges - {0, length}))


def seam_energy(prediction: Image, truth: Image, borders: Borders) -> float | None:
    """Gradient variance across tile borders over that elsewhere (after HAQAGen, section 3.3), relative to the truth's:

        V = mean over channels and lines of the variance of the difference of neighbours across a line
        (V(prediction at borders) / V(prediction elsewhere)) / (V(truth at borders) / V(truth elsewhere))

    Arrays (H, W, 3). 1 means no more at the borders than elsewhere; HAQAGen gives the idea but no formula, and the
    truth cancels what the scene itself has there. Variances are about 0, so that a step of constant height counts.
    None without borders, and where any of the four is 0.
    """
    check_sizes(prediction, truth)
    at, elsewhere = (_energies(image, borders) for image in (prediction, truth))
    if at is None or elsewhere is None or not all((*at, *elsewhere)):
        return None
    return (at[0] / at[1]) / (elsewhere[0] / elsewhere[1])


def _energies(image: Image, borders: Borders) -> tuple[float, float] | None:
    """Mean squared step at the borders and elsewhere; None where one of them has no line."""
    sums, counts = np.zeros(2), np.zeros(2)
    for axis, lines in ((0, borders.rows), (1, borders.columns)):
        steps = _mean_square_steps(image, axis)  # (length - 1,): entry k is the line between k and k + 1
        chosen = np.zeros(len(steps), bool)
        chosen[[line - 1 for line in lines if 0 < line <= len(steps)]] = True
        for index, mask in enumerate((chosen, ~chosen)):
            sums[index] += steps[mask].sum() * image.shape[1 - axis]
            counts[index] += mask.sum() * image.shape[1 - axis]
    return (float(sums[0] / counts[0]), float(sums[1] / counts[1])) if counts.all() else None


def _mean_square_steps(image: Image, axis: int) -> NDArray[np.float64]:
    steps = np.diff(image, axis=axis)
    return np.asarray(np.square(steps, out=steps).mean((1 - axis, 2), dtype=np.float64))
