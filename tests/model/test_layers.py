from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nircolor.model.layers import ChannelNorm, PixelLinear, ResBlock, SeparableBlock, laplacian, pad_to_multiple


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 2, 8, 32]))
def test_padding_reaches_the_multiple_and_keeps_the_picture(height: int, width: int, multiple: int) -> None:
    x = torch.rand(1, 1, height, width)
    padded = pad_to_multiple(x, multiple)
    assert padded.shape[-2] % multiple == 0 == padded.shape[-1] % multiple
    assert padded.shape[-2] - height < multiple
    assert torch.equal(padded[..., :height, :width], x)


def test_padding_reflects_then_replicates() -> None:
    x = torch.tensor([[[[1.0, 2.0, 3.0]]]])
    assert pad_to_multiple(x, 8)[0, 0, 0].tolist() == [1, 2, 3, 2, 1, 1, 1, 1]
    assert pad_to_multiple(x, 8)[0, 0, 7].tolist() == [1, 2, 3, 2, 1, 1, 1, 1]


def test_laplacian_is_zero_on_flat_and_eight_on_a_point() -> None:
    assert laplacian(torch.full((1, 1, 5, 5), 0.7)).abs().max() < 1e-6
    point = torch.zeros(1, 1, 5, 5)
    point[0, 0, 2, 2] = 1
    expected = -np.ones((3, 3))
    expected[1, 1] = 8
    np.testing.assert_allclose(laplacian(point)[0, 0, 1:4, 1:4].numpy(), expected)


def test_channel_norm_sees_one_pixel_at_a_time() -> None:
    x = torch.randn(1, 8, 4, 5)
    whole, part = ChannelNorm(8)(x), ChannelNorm(8)(x[..., 1:3, 2:4])
    torch.testing.assert_close(whole[..., 1:3, 2:4], part)
    torch.testing.assert_close(whole.mean(1), torch.zeros(1, 4, 5), atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", ["instance", "channel"])
@pytest.mark.parametrize("block", [ResBlock, SeparableBlock])
def test_blocks_change_width_and_keep_size(kind: str, block: type[torch.nn.Module]) -> None:
    assert block(4, 6, kind)(torch.randn(2, 4, 7, 9)).shape == (2, 6, 7, 9)


@pytest.mark.parametrize("bias", [True, False])
def test_pixel_linear_is_linear(bias: bool) -> None:
    torch.manual_seed(0)
    layer, x = PixelLinear(7, 5, bias), torch.randn(2, 3, 4, 7)
    torch.testing.assert_close(layer(x), torch.nn.functional.linear(x, layer.weight, layer.bias), atol=1e-6, rtol=1e-5)
