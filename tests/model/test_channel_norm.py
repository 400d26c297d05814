"""The norm kernels equal plain torch, forward and backward."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.model.channel_norm import channel_norm, channel_norm_reference
from nircolor.model.layers import ChannelNorm, norm_silu

SHAPES = [(1, 1, 1, 1), (2, 12, 33, 31), (1, 24, 7, 200), (3, 5, 40, 30), (1, 320, 9, 8)]
HALF, FULL = torch.bfloat16, torch.float32


def make(shape: tuple[int, int, int, int], pixelwise: bool) -> tuple[Tensor, Tensor]:
    """A map with an offset, since variances are to be taken about the mean, and its scales and shifts."""
    generator = torch.Generator().manual_seed(sum(shape))
    b, channels, height, width = shape
    size = (b, 2 * channels, height, width) if pixelwise else (1, 2 * channels, 1, 1)
    return 3 + 2 * torch.randn(shape, generator=generator), torch.randn(size, generator=generator)


def errors(x: Tensor, modulation: Tensor, base: float, silu: bool) -> list[float]:
    """Errors of the output and both gradients, relative to the float64 reference of the same numbers."""
    fast = [x.requires_grad_(), modulation.requires_grad_()]
    exact = [each.detach().double().requires_grad_() for each in fast]
    y, truth = channel_norm(*fast, base, silu, "numba"), channel_norm_reference(*exact, base, silu)
    weight = torch.randn(y.shape, generator=torch.Generator().manual_seed(1)).to(y.dtype)
    found = [y, *torch.autograd.grad(y, fast, weight)]
    expected = [truth, *torch.autograd.grad(truth, exact, weight.double())]
    assert [each.dtype for each in found] == [x.dtype, x.dtype, modulation.dtype]
    return [((a - b).norm() / b.norm().clamp_min(1e-6)).item() for a, b in zip(found, expected, strict=True)]


@pytest.mark.parametrize("silu", [False, True])
@pytest.mark.parametrize("pixelwise", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_kernels_equal_float64_reference(shape: tuple[int, int, int, int], pixelwise: bool, silu: bool) -> None:
    x, modulation = make(shape, pixelwise)
    assert max(errors(x, modulation, float(pixelwise), silu)) < 2e-6
    assert max(errors(x.to(HALF), modulation.to(HALF), float(pixelwise), silu)) < 4e-3  # half a unit in the last place
    assert max(errors(x.to(HALF), modulation.to(FULL), float(pixelwise), silu)) < 4e-3


@pytest.mark.parametrize("pixelwise", [False, True])
def test_reference_passes_gradcheck_and_is_its_formula(pixelwise: bool) -> None:
    x, modulation = (each.double().requires_grad_() for each in make((2, 3, 2, 2), pixelwise))
    assert torch.autograd.gradcheck(lambda *inputs: channel_norm_reference(*inputs, 1.0, True), (x, modulation))
    scale, shift = modulation.chunk(2, 1)
    normal = (x - x.mean(1, keepdim=True)) / (x.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    expected = F.silu(normal * (1 + scale) + shift)
    torch.testing.assert_close(channel_norm_reference(x, modulation, 1.0, True), expected)


@pytest.mark.parametrize("threads", [1, 3])
def test_results_do_not_depend_on_threads_or_memory_layout(threads: int) -> None:
    x, modulation = make((2, 12, 50, 60), False)
    inputs, before = [x.requires_grad_(), modulation.requires_grad_()], torch.get_num_threads()
    expected = torch.autograd.grad(channel_norm(x, modulation, silu=True).square().sum(), inputs)
    last = x.detach().contiguous(memory_format=torch.channels_last).requires_grad_()
    try:
        torch.set_num_threads(threads)
        y = channel_norm(last, modulation, silu=True)
        found = torch.autograd.grad(y.square().sum(), [last, modulation])
    finally:
        torch.set_num_threads(before)
    assert y.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert torch.equal(y, channel_norm(x, modulation, silu=True))


def test_a_number_that_is_none_stays_in_its_pixel_and_is_seen() -> None:
    x, modulation = make((1, 12, 20, 20), True)
    clean = channel_norm(x, modulation, silu=True)
    x[0, 4, 5, 6], x[0, 3, 9, 9] = float("nan"), float("inf")
    y = channel_norm(x, modulation, silu=True)
    spoilt = y.isnan().all(1)[0].nonzero().tolist()
    assert spoilt == [[5, 6], [9, 9]]
    assert torch.equal(y[..., :5, :], clean[..., :5, :])
    assert channel_norm(x.to(HALF), modulation, silu=True).isnan().all(1).sum() == 2


def test_works_in_inference_mode_and_other_types_take_the_reference() -> None:
    x, modulation = make((1, 12, 5, 4), False)
    expected = channel_norm_reference(x, modulation)
    with torch.inference_mode():
        torch.testing.assert_close(channel_norm(x + 0, modulation + 0), expected)
    for kind in (torch.float64, torch.float16):
        found = channel_norm(x.to(kind), modulation.to(kind), silu=True)
        assert torch.equal(found, channel_norm_reference(x.to(kind), modulation.to(kind), silu=True))


@pytest.mark.parametrize("channels", [12, 96])  # narrow, for the kernel, and wide, for torch
@pytest.mark.parametrize("layer", [ChannelNorm, lambda channels: nn.GroupNorm(channels, channels)])
def test_silu_behind_a_norm_is_silu_of_the_norm(channels: int, layer: type[nn.Module]) -> None:
    torch.manual_seed(0)
    norm, x = layer(channels), torch.randn(2, channels, 6, 5)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    torch.testing.assert_close(norm_silu(norm, x), F.silu(norm(x)))


def test_without_parameters_a_pixel_is_only_normalised() -> None:
    x, _ = make((1, 12, 5, 4), False)
    expected = F.layer_norm(x.permute(0, 2, 3, 1), (12,)).permute(0, 3, 1, 2)
    torch.testing.assert_close(ChannelNorm(12, affine=False)(x), expected)
