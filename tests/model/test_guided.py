"""Maps enlarged along the edges of their picture."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from nircolor.ends import neutral_ends
from nircolor.model.guided import enlarge, enlarge_affine, enlarge_affine_reference, local_mean


def halves(height: int, width: int, left: float = 0.2, right: float = 0.8) -> torch.Tensor:
    picture = torch.full((1, 1, height, width), left)
    picture[..., width // 2 :] = right
    return picture


def test_a_map_that_follows_the_picture_keeps_its_edge() -> None:
    nir = halves(32, 64)
    small = F.interpolate(nir, (8, 16), mode="area")
    maps = torch.cat([small * 2 - 1, 3 - small], 1)
    sharp = torch.cat([nir * 2 - 1, 3 - nir], 1)
    guided = enlarge(maps, small, nir)
    smeared = F.interpolate(maps, nir.shape[-2:], mode="bilinear", align_corners=False)
    assert (guided - sharp).abs().max() < 0.12
    assert (smeared - sharp).abs().max() > 0.3


def test_in_a_flat_picture_it_is_a_smooth_enlargement() -> None:
    torch.manual_seed(0)
    maps = F.interpolate(torch.rand(1, 6, 3, 3), (16, 16), mode="bicubic")
    flat, large = torch.full((1, 1, 16, 16), 0.5), torch.full((1, 1, 40, 48), 0.5)
    found = enlarge(maps, flat, large)
    assert found.shape == (1, 6, 40, 48)
    assert found.min() >= maps.min()
    assert found.max() <= maps.max()
    assert float(found.mean()) == pytest.approx(float(maps.mean()), abs=0.02)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (3, 2)])
def test_pictures_smaller_than_the_neighbourhood(size: tuple[int, int]) -> None:
    maps = torch.full((2, 3, *size), 0.25)
    found = enlarge(maps, torch.rand(2, 1, *size), torch.rand(2, 1, 3 * size[0], 2 * size[1]))
    torch.testing.assert_close(found, torch.full_like(found, 0.25))


@pytest.mark.parametrize("size", [(1, 1), (8, 12), (31, 17)])
def test_the_parabola_is_the_affine_head_of_enlarged_maps(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    maps, nir = torch.randn(2, 6, *size), torch.rand(2, 1, 3 * size[0] + 1, 2 * size[1])
    small = F.interpolate(nir, size, mode="area")
    gain, offset = enlarge(maps, small, nir).chunk(2, 1)
    mean = F.interpolate(local_mean(small), nir.shape[-2:], mode="bilinear", align_corners=False)
    expected = neutral_ends(nir * (1 + gain) + offset, nir, mean)
    torch.testing.assert_close(enlarge_affine(maps, small, nir), expected, atol=1e-4, rtol=1e-4)


def test_half_precision_maps_are_worked_on_in_single() -> None:
    maps = torch.rand(1, 2, 4, 4).bfloat16()
    small, nir = torch.rand(1, 1, 4, 4), torch.rand(1, 1, 8, 8)
    found = enlarge(maps, small.bfloat16(), nir)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, enlarge(maps.float(), small.bfloat16().float(), nir))


@pytest.mark.parametrize("lit", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 9), (31, 17)])
def test_on_a_cpu_without_gradients_it_is_the_reference_within_the_range(size: tuple[int, int], lit: bool) -> None:
    torch.manual_seed(0)
    maps, nir = torch.randn(2, 6, *size), torch.rand(2, 1, 3 * size[0] + 70, 2 * size[1])
    light = (nir + 0.05 * torch.randn_like(nir)) if lit else None
    nir[..., :30, :] *= 0.05  # dark, and black
    nir[..., 30:40, :] = 1 - nir[..., 30:40, :] * 0.01  # blown
    small = F.interpolate(nir, size, mode="area")
    with torch.inference_mode():
        found = enlarge_affine(maps, small, nir, light)
    expected = enlarge_affine_reference(maps, small, nir, light)
    assert expected.min() < 0
    assert expected.max() > 1
    torch.testing.assert_close(
        found, expected.clamp(0, 1), atol=3e-4, rtol=1e-4
    )  # what rounding leaves is divided by SMOOTH
