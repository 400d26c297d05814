"""Brightness, chroma and sizes of finished weights: see test_export_run.py for what they do to a picture."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from nircolor.errors import UsageError
from nircolor.model import PRESETS
from nircolor.training.calibration import Calibration, calibrated_model, calibrated_state

LITE = PRESETS["lite"]


def test_no_calibration_is_no_change() -> None:
    head = {"rgb_branch.head.weight": torch.rand(6, 4, 3, 3), "rgb_branch.head.bias": torch.rand(6)}
    scaled = calibrated_state(head, Calibration())
    assert all(torch.equal(scaled[name], head[name]) for name in head)
    assert calibrated_model(LITE, Calibration()) == LITE


def test_sizes_are_the_models() -> None:
    sized = Calibration(prior_size=99, paint_size=0)
    assert calibrated_model(LITE, sized) == replace(LITE, prior_size=99, paint_size=0)


@pytest.mark.parametrize("name", ["brightness", "chroma"])
@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_a_factor_must_be_a_number_above_0(name: str, factor: float) -> None:
    with pytest.raises(UsageError, match=f"`{name}={factor}`: must be a number above 0"):
        calibrated_model(LITE, Calibration(**{name: factor}))
