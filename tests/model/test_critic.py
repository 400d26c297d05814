from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from nircolor.errors import UsageError
from nircolor.model.critic import Critic


def critic(width: int = 4) -> Critic:
    torch.manual_seed(0)
    return Critic(width=width)


@pytest.mark.parametrize("space", ["rgb", "hsv"])
@pytest.mark.parametrize(("row", "column"), [(4, 9), (10, 10)])
def test_a_logit_sees_exactly_70_by_70_pixels(space: str, row: int, column: int) -> None:
    x = torch.rand(1, 3, 150, 160, dtype=torch.float64, requires_grad=True)
    logits = critic().double().eval()(x, space)
    (gradient,) = torch.autograd.grad(logits[0, 0, row, column], x)
    seen = gradient[0].abs().sum(0) > 0
    expected = torch.zeros_like(seen)
    top, left = 8 * row - 23, 8 * column - 23
    expected[top : top + 70, left : left + 70] = True
    assert torch.equal(seen, expected)


def test_the_spaces_share_all_but_the_first_convolution() -> None:
    net = critic()
    net(torch.rand(1, 3, 32, 32), "hsv").sum().backward()
    touched = {name for name, parameter in net.named_parameters() if parameter.grad is not None}
    rest = {name for name, _ in net.named_parameters()} - touched
    assert {name.split(".")[0] for name in touched} == {"first", "shared"}
    assert rest == {name for name, _ in net.named_parameters() if name.startswith("first.rgb.")}
    assert len(rest) == 2
    x = torch.rand(1, 3, 32, 32)
    assert not torch.allclose(net(x, "rgb"), net(x, "hsv"))


def test_shapes_and_sizes_are_pix2pixs() -> None:
    net = Critic(width=64)
    kernels = [tuple(p.shape) for name, p in net.named_parameters() if p.ndim == 4]
    assert kernels[:2] == [(64, 3, 4, 4)] * 2
    assert kernels[2:] == [(128, 64, 4, 4), (256, 128, 4, 4), (512, 256, 4, 4), (1, 512, 4, 4)]
    assert net(torch.rand(2, 3, 64, 80), "rgb").shape == (2, 1, 6, 8)


@pytest.mark.parametrize("size", [(1, 1), (2, 30), (5, 3), (23, 24), (31, 70)])
def test_any_size(size: tuple[int, int]) -> None:
    logits = critic()(torch.rand(2, 3, *size), "rgb")
    assert logits.shape == (2, 1, *(max(side, 24) // 8 - 2 for side in size))
    assert logits.isfinite().all()


def test_every_kernel_is_spectrally_normalised() -> None:
    net = critic(8)
    for _ in range(20):  # power iterations
        net(torch.rand(1, 3, 32, 32), "rgb")
        net(torch.rand(1, 3, 32, 32), "hsv")
    net.eval()
    kernels = [m.weight for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert len(kernels) == 6
    for kernel in kernels:
        assert torch.linalg.matrix_norm(kernel.flatten(1), 2).item() == pytest.approx(1, abs=0.02)


def test_one_backward_pass_through_all_four_judgements() -> None:
    net, x = critic(), torch.rand(2, 3, 32, 32)
    sum(net(x * scale, space).sum() for scale in (1, 0.5) for space in ("rgb", "hsv")).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


def test_gradient_by_finite_differences() -> None:
    net = critic(2).double().eval()
    x = torch.rand(1, 3, 25, 24, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: net(x, "hsv"), x, fast_mode=True)


def test_state_survives_saving() -> None:
    one, other = critic(), Critic(width=4)
    other.load_state_dict(one.state_dict())
    x = torch.rand(1, 3, 40, 40)
    assert torch.equal(one.eval()(x, "rgb"), other.eval()(x, "rgb"))


def test_spaces_and_channels_are_free_and_others_refused() -> None:
    net = Critic(spaces=("lab",), channels=5, width=4)
    assert net(torch.rand(1, 5, 30, 30), "lab").shape == (1, 1, 1, 1)
    with pytest.raises(UsageError, match="no colour space 'rgb'; there are lab"):
        net(torch.rand(1, 5, 30, 30), "rgb")
