from __future__ import annotations

import numpy as np
import pytest
from pictures import plain

from nircolor.errors import UsageError
from nircolor.evaluation.metric import Borders
from nircolor.evaluation.seams import seam_energy, tile_borders
from nircolor.tiling import Tiling


def textured(size: tuple[int, int] = (64, 96)) -> np.ndarray:
    return np.random.default_rng(0).random((*size, 3), np.float32) * np.float32(0.5) + np.float32(0.25)


def test_borders_are_where_tiles_begin_and_end() -> None:
    assert tile_borders((100, 100, 3), Tiling(100, 10)) == Borders()
    assert tile_borders((100, 190), Tiling(100, 10)) == Borders((), (90, 100))
    assert tile_borders((200, 100), Tiling(100, 0)) == Borders((100,), ())


def test_without_a_seam_the_energy_is_1() -> None:
    truth = textured()
    borders = tile_borders(truth.shape, Tiling(48, 0))
    assert seam_energy(truth, truth, borders) == pytest.approx(1)
    assert seam_energy(truth * np.float32(0.7), truth, borders) == pytest.approx(1, rel=1e-5)


def test_a_step_at_the_border_raises_it_and_one_nearby_lowers_it() -> None:
    truth = textured()
    borders = Borders((), (48,))
    for column, expected in ((48, "above"), (44, "below")):
        stepped = truth.copy()
        stepped[:, column:] += np.float32(0.2)
        energy = seam_energy(stepped, truth, borders)
        assert energy is not None
        assert energy > 1.2 if expected == "above" else energy < 1


def test_seam_energy_by_hand() -> None:
    """Steps of 0.01, but 0.03 across the border; the truth steps by 0.01 everywhere: (9 / 1) / (1 / 1). Columns alone:
    one row has no neighbours above."""
    steps = np.array([0, 1, 1, 1, 3, 1, 1, 1]) * 0.01
    prediction = np.broadcast_to(np.cumsum(steps)[None, :, None], (1, 8, 3)).astype(np.float32)
    truth = np.broadcast_to((np.arange(8) * 0.01)[None, :, None], (1, 8, 3)).astype(np.float32)
    assert seam_energy(prediction, truth, Borders((), (4,))) == pytest.approx(9, rel=1e-4)


def test_what_is_not_defined() -> None:
    truth = textured()
    assert seam_energy(truth, truth, Borders()) is None
    flat = plain(0.5, 0.5, 0.5, size=(64, 96))
    assert seam_energy(flat, truth, Borders((), (48,))) is None
    assert seam_energy(truth, flat, Borders((), (48,))) is None
    assert seam_energy(plain(0.1, 0.2, 0.3, size=(1, 1)), plain(0.1, 0.2, 0.3, size=(1, 1)), Borders()) is None
    with pytest.raises(UsageError, match="96 x 64"):
        seam_energy(truth, truth[:10], Borders((), (48,)))
