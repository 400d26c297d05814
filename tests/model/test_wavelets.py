from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.model.wavelets import maps_of, roughness


def reference(nir: torch.Tensor, octaves: int) -> torch.Tensor:
    """By the definition, block by block."""
    low, rough = nir, []
    for octave in range(octaves):
        a, b, c, d = low[..., ::2, ::2], low[..., ::2, 1::2], low[..., 1::2, ::2], low[..., 1::2, 1::2]
        details = [a + b - c - d, a - b + c - d, a - b - c + d]
        rough += [torch.nn.functional.avg_pool2d(x.abs() / 4, 2 ** (octaves - 1 - octave)) for x in details]
        low = (a + b + c + d) / 4
    return torch.cat([x / (low + 0.03) for x in rough], 1).sqrt()


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_is_what_it_says(octaves: int, rows: int, columns: int, seed: int) -> None:
    torch.manual_seed(seed)
    nir = torch.rand(2, 1, rows << octaves, columns << octaves)
    low, rough = roughness(nir, octaves)
    torch.testing.assert_close(low, torch.nn.functional.avg_pool2d(nir, 1 << octaves))
    assert rough.shape == (2, maps_of(octaves), rows, columns)
    torch.testing.assert_close(rough, reference(nir, octaves), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("octaves", [-1, 4, 60])
def test_more_octaves_than_memory_can_hold_are_refused(octaves: int) -> None:
    with pytest.raises(ValueError, match="must be 0 to 3"):
        maps_of(octaves)


def test_without_octaves_the_picture_stays() -> None:
    nir = torch.rand(1, 1, 3, 5)
    low, rough = roughness(nir, 0)
    assert torch.equal(low, nir)
    assert rough.shape == (1, maps_of(0), 3, 5) == (1, 0, 3, 5)


@pytest.mark.parametrize(("axis", "loud"), [(0, 0), (1, 1)])
def test_stripes_are_rough_in_one_direction_and_flat_grey_in_none(axis: int, loud: int) -> None:
    stripes = torch.zeros(8, 8)
    stripes.movedim(axis, 0)[::2] = 1
    rough = roughness(stripes[None, None], 1)[1].mean((0, 2, 3))
    assert rough[loud] > 0.9
    assert rough.sum() == rough[loud]
    assert roughness(torch.full((1, 1, 8, 8), 0.7), 2)[1].abs().max() < 1e-3


def test_half_the_light_is_as_rough() -> None:
    nir = 0.4 + 0.6 * torch.rand(1, 1, 32, 32)
    bright, dim = (roughness(factor * nir, 2)[1] for factor in (1.0, 0.5))
    torch.testing.assert_close(bright, dim, rtol=0.05, atol=0)


def test_smooth_pictures_stay_smooth_in_bf16() -> None:
    ramp = torch.linspace(0.5, 0.6, 256).expand(1, 1, 256, 256)
    with torch.autocast("cpu", torch.bfloat16):
        low, rough = roughness(ramp, 2)
    assert low.dtype == rough.dtype == torch.float32
    torch.testing.assert_close(rough, roughness(ramp, 2)[1])
