"""Each part of the papers' networks on its own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from nircolor.model.agent import AgentAttention, attention, attention_to_learn
from nircolor.model.crisscross import CrissCrossAttention
from nircolor.model.spade import Spade, SpadeResBlock
from nircolor.model.ssm import SelectiveScan2D
from nircolor.model.vss import VSSBlock, VSSConfig


def scanned(padding: bool, token: float = 0.0) -> tuple[SelectiveScan2D, Tensor]:
    torch.manual_seed(0)
    module = SelectiveScan2D(8, 4, padding)
    if module.token is not None:
        torch.nn.init.constant_(module.token, token)
    return module, torch.randn(1, 5, 6, 8, generator=torch.Generator().manual_seed(3))


def test_padding_tokens_speak_where_a_scan_jumps() -> None:
    module, x = scanned(True)
    assert module.token is not None
    with torch.no_grad():
        module.step_bias.fill_(6.0)  # long steps forget within a pixel, so that only direct neighbours count
        zero = module(x)
        module.token.fill_(1.0)
        difference = (zero - module(x)).abs().sum(-1)[0]
    inside = torch.zeros_like(difference, dtype=torch.bool)
    inside[1:-1, 1:-1] = True
    assert difference[~inside].mean() > 100 * difference[inside].mean()


def test_padding_tokens_are_learnable() -> None:
    module, x = scanned(True)
    module(x).sum().backward()
    assert module.token is not None
    assert module.token.grad is not None
    assert module.token.grad.abs().min() > 0


def test_without_padding_there_is_no_token_and_the_result_differs() -> None:
    (padded, x), (plain, _) = scanned(True), scanned(False)
    plain.load_state_dict({k: v for k, v in padded.state_dict().items() if k != "token"})
    assert plain.token is None
    assert not torch.allclose(padded(x), plain(x))


def test_scan_reaches_every_pixel_from_every_pixel() -> None:
    module, x = scanned(True)
    with torch.no_grad():
        module.step_bias.fill_(-3)  # short steps: long memory
    x = x.double().requires_grad_()
    (gradient,) = torch.autograd.grad(module.double()(x)[0, 4, 5].sum(), x)
    assert (gradient.abs().sum(-1) > 0).all()


def full_attention(module: CrissCrossAttention, x: Tensor) -> Tensor:
    """Row and column attention pixel by pixel: the definition."""
    q, k, v = module.query(x)[0], module.key(x)[0], module.value(x)[0]
    out = x.clone()
    for i, j in itertools.product(range(x.shape[2]), range(x.shape[3])):
        places = [(i, c) for c in range(x.shape[3])] + [(r, j) for r in range(x.shape[2]) if r != i]
        weights = torch.stack([q[:, i, j] @ k[:, r, c] for r, c in places]).softmax(0)
        gathered = sum(w * v[:, r, c] for w, (r, c) in zip(weights, places, strict=True))
        out[0, :, i, j] = x[0, :, i, j] + module.gate * gathered
    return out


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (4, 3), (5, 7)])
def test_criss_cross_equals_row_and_column_attention(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    module, x = CrissCrossAttention(16), torch.randn(1, 16, *size)
    assert torch.equal(module(x), x), "the gate starts closed"
    with torch.no_grad():
        module.gate.fill_(0.7)
        torch.testing.assert_close(module(x), full_attention(module, x))


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (3, 2), (7, 7), (13, 22)])
def test_agent_attention_takes_any_size(size: tuple[int, int]) -> None:
    module, x = AgentAttention(16, 2), torch.randn(2, *size, 16)
    y = module(x)
    assert y.shape == x.shape
    assert torch.isfinite(y).all()
    (module(x).square().sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in module.parameters())


def test_agent_attention_sees_the_whole_picture() -> None:
    module = AgentAttention(8, 1)
    x = torch.randn(1, 20, 20, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x)[0, 0, 0].sum(), x)
    assert (gradient.abs().sum(-1) > 0).all()


@pytest.mark.parametrize("sharpness", [1.0, 60.0])
def test_attention_to_learn_is_attention_and_has_its_gradients(sharpness: float) -> None:
    torch.manual_seed(0)
    q, k, v, bias = (
        torch.randn(s, requires_grad=True) for s in ((2, 3, 49, 8), (2, 3, 70, 8), (2, 3, 70, 8), (1, 3, 49, 70))
    )
    found, expected = attention_to_learn(q * sharpness, k, v, bias), attention(q * sharpness, k, v, bias)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    weight = torch.randn_like(found)
    gradients = [torch.autograd.grad(y, (q, k, v, bias), weight) for y in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-3)


def test_attention_to_learn_leaves_no_numbers_that_slow_a_cpu_down() -> None:
    torch.manual_seed(0)
    q, k, v, bias = (
        torch.randn(1, 1, 49, 8),
        torch.randn(1, 1, 90, 8),
        torch.rand(1, 1, 90, 8),
        torch.randn(1, 1, 49, 90),
    )
    bias.mul_(40).requires_grad_()
    for attend, slow in ((attention, True), (attention_to_learn, False)):
        (gradient,) = torch.autograd.grad(attend(q, k, v, bias).sum() * 1e-6, bias)
        tiny = (gradient != 0) & (gradient.abs() < torch.finfo(torch.float32).tiny)
        assert tiny.any() == slow


def test_spade_is_neutral_where_the_prior_says_nothing_and_local_where_it_speaks() -> None:
    torch.manual_seed(0)
    module = Spade(6, 3, 8, "channel")
    x, prior = torch.randn(1, 6, 9, 9), torch.zeros(1, 3, 9, 9)
    quiet = module(x, prior)
    prior[..., 4, 4] = 1.0
    changed = (module(x, prior) - quiet).abs().sum(1)[0] > 0
    assert changed[3:6, 3:6].any()
    changed[3:6, 3:6] = False
    assert not changed.any(), "a 3 x 3 convolution reaches one pixel around"


def test_spade_block_follows_the_prior() -> None:
    module = SpadeResBlock(6, 4, 3, 8, "instance")
    x = torch.randn(1, 6, 8, 8)
    first, second = (module(x, torch.rand(1, 3, 8, 8)) for _ in range(2))
    assert first.shape == (1, 4, 8, 8)
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("mamba", [True, False])
@pytest.mark.parametrize("attention", [True, False])
@pytest.mark.parametrize("padding", [True, False])
def test_vss_block_in_every_ablation(mamba: bool, attention: bool, padding: bool) -> None:
    config = VSSConfig(state=4, mamba=mamba, attention=attention, padding=padding)
    block, x = VSSBlock(16, config), torch.randn(1, 16, 5, 3)
    y = block(x)
    assert y.shape == x.shape
    y.sum().backward()
    assert block.scale2.grad is not None
    names = [name for name, _ in block.named_parameters()]
    assert any("token" in name for name in names) == (mamba and padding)
    assert any("agent" in name for name in names) == attention
