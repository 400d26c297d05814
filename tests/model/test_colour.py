from __future__ import annotations

import colorsys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nircolor.model.colour import cone_to_hsv, hsv_to_cone, hsv_to_rgb, rgb_to_cone, rgb_to_hsv

unit = st.floats(0, 1, width=32)


def pixel(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).view(1, 3, 1, 1)


@given(unit, unit, unit)
def test_hsv_agrees_with_the_standard_library(r: float, g: float, b: float) -> None:
    hsv = rgb_to_hsv(pixel(r, g, b)).flatten()
    expected = torch.tensor(colorsys.rgb_to_hsv(r, g, b), dtype=torch.float64)
    turn = (hsv[0] - expected[0] + 0.5) % 1 - 0.5  # hue 0 and 1 are the same
    assert abs(turn) < 1e-9
    torch.testing.assert_close(hsv[1:], expected[1:])


@given(unit, unit, unit)
def test_round_trips(r: float, g: float, b: float) -> None:
    rgb = pixel(r, g, b)
    torch.testing.assert_close(hsv_to_rgb(rgb_to_hsv(rgb)), rgb, atol=1e-9, rtol=0)
    torch.testing.assert_close(hsv_to_rgb(cone_to_hsv(rgb_to_cone(rgb))), rgb, atol=2e-5, rtol=0)


def test_hues_on_both_sides_of_red_are_neighbours_in_the_cone() -> None:
    below, above = (hsv_to_cone(pixel(h, 0.8, 0.5)) for h in (0.999, 0.001))
    assert (below - above).abs().max() < 0.02
    assert abs(rgb_to_hsv(hsv_to_rgb(pixel(0.999, 0.8, 0.5)))[0, 0].item() - 0.999) < 1e-9


def test_hue_may_be_any_number_of_turns() -> None:
    torch.testing.assert_close(hsv_to_rgb(pixel(2.25, 0.5, 0.5)), hsv_to_rgb(pixel(0.25, 0.5, 0.5)))
    torch.testing.assert_close(hsv_to_rgb(pixel(-0.75, 0.5, 0.5)), hsv_to_rgb(pixel(0.25, 0.5, 0.5)))


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_greys_have_no_chroma_and_finite_gradients(grey: float) -> None:
    rgb = pixel(grey, grey, grey).requires_grad_()
    cone = rgb_to_cone(rgb)
    assert cone[0, :2].abs().max() == 0
    (gradient,) = torch.autograd.grad(cone.sum() + cone_to_hsv(cone).sum(), rgb)
    assert torch.isfinite(gradient).all()
