"""What is drawn of a run: pictures pixel for pixel, curves that show what was told."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from run_log_example import SIZES, events, losses, pictures, scores

from nircolor.training.events import Losses
from nircolor.training.run_log import RunLog
from nircolor.training.run_log.contact import contact_sheet
from nircolor.training.run_log.curves import smooth, thin, wants_log

INK = np.array((0x00, 0x72, 0xB2))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with RunLog(folder, 0, {}) as log:
        for event in events(0, 200):
            log(event)
    return folder


def find(sheet: NDArray[np.uint8], cell: NDArray[np.uint8]) -> list[tuple[int, int]]:
    """Where ``cell`` lies in ``sheet``, pixel for pixel: (top, left) of every place."""
    height, width, _ = cell.shape
    starts = np.argwhere((sheet[: -height + 1, : -width + 1] == cell[0, 0]).all(-1))
    return [(int(y), int(x)) for y, x in starts if np.array_equal(sheet[y : y + height, x : x + width], cell)]


def test_the_sheet_holds_the_pixels_row_by_row(run: Path) -> None:
    sheet = np.asarray(Image.open(run / "pictures" / "step-000200.png"))
    tops, lefts = [], set()
    for picture in pictures(200):
        cells = (np.repeat(picture.nir[..., None], 3, -1), picture.prediction, picture.truth)
        places = [find(sheet, cell) for cell in cells]
        assert all(len(place) == 1 for place in places), places
        assert len({top for ((top, _),) in places}) == 1
        tops.append(places[0][0][0])
        lefts.add(tuple(left for ((_, left),) in places))
    assert len(lefts) == 1  # columns are straight
    assert next(iter(lefts)) == tuple(sorted(next(iter(lefts))))
    assert tops[1] > tops[0] + SIZES[0][0]
    assert (sheet[: tops[0]] < 100).any()  # headings
    assert sheet.shape[0] < tops[1] + SIZES[1][0] + 20


def test_a_long_name_stays_within_the_sheet() -> None:
    first = pictures(0)[0]
    named = type(first)("a/very/long/folder/" * 20 + "\n漢字\udcff.png", first.nir, first.prediction, first.truth)
    assert contact_sheet([named]).shape == contact_sheet([first]).shape


def drawn(path: Path) -> NDArray[np.bool_]:
    """Where the picture has exactly the colour of the first line."""
    return np.asarray((np.asarray(Image.open(path).convert("RGB")) == INK).all(-1))


def test_curves_are_drawn_in_a_panel_each(run: Path) -> None:
    """pixel, critic, learning rate, speed and waiting: five panels, three in a row; two metrics side by side."""
    ink = drawn(run / "losses.png")
    height, width = ink.shape
    filled = [
        [bool(ink[y : y + height // 2, x : x + width // 3].any()) for x in range(0, width - 2, width // 3)]
        for y in (0, height // 2)
    ]
    assert filled == [[True, True, True], [True, True, False]]
    two = drawn(run / "scores.png")
    assert two[:, : two.shape[1] // 2].any()
    assert two[:, two.shape[1] // 2 :].any()


def test_a_falling_loss_falls_and_a_rising_score_rises(run: Path) -> None:
    ink = drawn(run / "losses.png")
    panel = ink[: ink.shape[0] // 2, : ink.shape[1] // 3]
    rows = [int(np.flatnonzero(column).mean()) for column in panel.T if column.any()]
    assert rows[0] < rows[-1]  # rows count from the top
    ink = drawn(run / "scores.png")
    ys, xs = np.nonzero(ink[:, : ink.shape[1] // 2])
    lowest = [ys[xs < np.percentile(xs, 10)].max(), ys[xs > np.percentile(xs, 90)].max()]
    assert lowest[0] > lowest[1] + 30


def test_losses_since_the_last_validation_are_drawn_at_the_end(tmp_path: Path) -> None:
    with RunLog(tmp_path, 0, {}) as log:
        log(losses(20))
        log(losses(40))
        assert not (tmp_path / "losses.png").exists()
    assert Image.open(tmp_path / "losses.png").size[0] > 400
    assert not (tmp_path / "scores.png").exists()


def test_odd_names_are_drawn(tmp_path: Path) -> None:
    told = scores(100)
    odd = {f"$\\frac{{{name}": value for name, value in told.values.items()}
    with RunLog(tmp_path, 0, {}) as log:
        log(Losses("training", 20, 400, {"$\\frac{1": 1.0}))
        log(type(told)(100, 400, odd, True))
    assert drawn(tmp_path / "scores.png").any()


def test_smoothing_keeps_constants_and_steps_and_takes_noise() -> None:
    constant = [(step, 3.0) for step in range(0, 200, 20)]
    assert smooth(constant) == [(step, pytest.approx(3.0)) for step, _ in constant]
    noise = np.random.default_rng(0).normal(size=600)
    noisy = [(i, math.exp(-i / 200) + 0.1 * float(n)) for i, n in enumerate(noise)]
    errors = [abs(value - math.exp(-i / 200)) for i, value in smooth(noisy)]
    assert max(errors) < 0.1
    assert np.mean(errors) < 0.03


def test_thinning_keeps_the_last_point_and_bounds_the_number() -> None:
    points = [(step, float(step)) for step in range(5003)]
    thinned = thin(points)
    assert 200 < len(thinned) <= 400
    assert thinned[-1] == points[-1]
    assert thin(points[:300]) == points[:300]


def test_a_logarithmic_axis_is_for_positive_values_over_decades() -> None:
    assert wants_log([1.0, 0.05])
    assert not wants_log([1.0, 0.5])
    assert not wants_log([1.0, 0.0])
    assert not wants_log([-1.0, -0.01])
