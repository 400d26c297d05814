from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
from pictures import save

from nircolor.datasets import Pair
from nircolor.errors import InputError
from nircolor.evaluation.baselines import GreyCopy, LookupTable
from nircolor.evaluation.methods import View
from nircolor.image import read_nir, read_rgb


def view_of(pair: Pair) -> View:
    assert pair.nir is not None
    return View(pair, read_nir(pair.nir).pixels, read_rgb(pair.rgb).pixels, "uint8")


def ignore(done: int, total: int) -> None:
    pass


def test_grey_copy_is_the_nir_picture_three_times(pairs: list[Pair]) -> None:
    view = view_of(pairs[0])
    prediction = GreyCopy().predict(view)
    assert all(np.array_equal(prediction[..., c], view.nir) for c in range(3))


def test_the_lookup_table_is_the_mean_colour_of_each_value(pairs: list[Pair]) -> None:
    table = LookupTable.from_pairs(pairs[:2], ignore)
    nir = np.concatenate([cv2.imread(str(p.nir), cv2.IMREAD_GRAYSCALE).ravel() for p in pairs[:2]])
    rgb = np.concatenate([cv2.imread(str(p.rgb))[..., ::-1].reshape(-1, 3) for p in pairs[:2]]) / 255
    for level in np.unique(nir)[::17]:
        np.testing.assert_allclose(table.table[level], rgb[nir == level].mean(0), atol=1e-6)


def test_no_function_of_one_pixel_is_closer_on_the_training_pairs(pairs: list[Pair]) -> None:
    view, table = view_of(pairs[0]), LookupTable.from_pairs(pairs[:1], ignore)
    error = np.mean((table.predict(view) - view.truth) ** 2)
    shifted = dataclasses.replace(table, table=table.table + 0.01)
    assert error < np.mean((GreyCopy().predict(view) - view.truth) ** 2)
    assert error < np.mean((shifted.predict(view) - view.truth) ** 2)


def test_values_that_training_never_saw_are_interpolated(tmp_path: Path) -> None:
    nir = np.repeat(np.array([[0, 200]], np.uint8), 4, 0)
    rgb = np.stack([nir, nir, nir // 2], -1)
    pair = Pair("a", save(tmp_path / "a_nir.png", nir), save(tmp_path / "a_rgb.png", rgb), "a")
    table = LookupTable.from_pairs([pair], ignore)
    np.testing.assert_allclose(table.table[100] * 255, [100, 100, 50], atol=1e-3)
    np.testing.assert_allclose(table.table[255] * 255, [200, 200, 100], atol=1e-3)


def test_training_pairs_that_cannot_be_used_are_named(pairs: list[Pair], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="check `train`"):
        LookupTable.from_pairs([], ignore)
    with pytest.raises(InputError, match=r"0_rgb\.png.*no near-infrared"):
        LookupTable.from_pairs([dataclasses.replace(pairs[0], nir=None)], ignore)
    small = dataclasses.replace(pairs[0], rgb=save(tmp_path / "small_rgb.png", np.zeros((5, 5, 3), np.uint8)))
    with pytest.raises(InputError, match=r"0_nir\.png.*another size"):
        LookupTable.from_pairs([small], ignore)
