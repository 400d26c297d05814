from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from nircolor.errors import UsageError, WeightsError
from nircolor.features.backbones import BACKBONES
from nircolor.features.lpips import Lpips


@pytest.fixture(scope="module")
def lpips(shared: Path) -> Lpips:
    return Lpips(shared / "perceptual" / "lpips_squeeze_v0.1.safetensors")


def test_published_example_to_four_digits(lpips: Lpips) -> None:
    """torchmetrics' example: two random pictures, seed 42, in [-1, 1]."""
    torch.manual_seed(42)
    a, b = torch.rand(2, 3, 100, 100), torch.rand(2, 3, 100, 100)
    assert [round(v, 4) for v in lpips(a, b).tolist()] == [0.1024, 0.0938]
    assert lpips.name == "lpips-squeeze"


def test_equal_pictures_are_at_distance_zero(lpips: Lpips) -> None:
    a = torch.rand(1, 3, 64, 48)
    assert lpips(a, a).item() == 0


def test_gradient_points_towards_the_target(lpips: Lpips) -> None:
    torch.manual_seed(0)
    a, b = torch.rand(1, 3, 48, 48, requires_grad=True), torch.rand(1, 3, 48, 48)
    (gradient,) = torch.autograd.grad(lpips(a, b).sum(), a)
    step = 0.02 * gradient / gradient.abs().max()
    assert lpips(a - step, b) < lpips(a, b)


class _Fire(nn.Module):
    """SqueezeNet 1.1's, as its paper draws it."""

    def __init__(self, into: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(into, squeeze, 1)
        self.expand1x1, self.expand3x3 = nn.Conv2d(squeeze, expand, 1), nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], 1))


def _vgg() -> Iterator[nn.Module]:
    channels = 3
    for item in (64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512):
        if item == "M":
            yield nn.MaxPool2d(2, 2)
        else:
            yield nn.Conv2d(channels, item, 3, padding=1)
            yield nn.ReLU()
            channels = item


def _pool() -> nn.Module:
    return nn.MaxPool2d(3, 2, ceil_mode=True)


NETWORKS = {
    "squeeze": lambda: [
        nn.Conv2d(3, 64, 3, 2), nn.ReLU(), _pool(), _Fire(64, 16, 64), _Fire(128, 16, 64), _pool(),
        _Fire(128, 32, 128), _Fire(256, 32, 128), _pool(), _Fire(256, 48, 192), _Fire(384, 48, 192),
        _Fire(384, 64, 256), _Fire(512, 64, 256),
    ],
    "alex": lambda: [
        nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    ],
    "vgg": lambda: list(_vgg()),
}  # fmt: skip


@pytest.mark.parametrize("name", BACKBONES)
def test_each_backbone_is_the_network_it_is_named_after(name: str, tmp_path: Path) -> None:
    """The same weights in a network built of torch's modules, and LPIPS written out: features, unit vectors, heads."""
    torch.manual_seed(3)
    layers, side = NETWORKS[name](), BACKBONES[name].smallest + 8
    a, b = torch.rand(2, 3, side, side + 5), torch.rand(2, 3, side, side + 5)
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    x = (torch.cat([a, b]) * 2 - 1 - shift.view(3, 1, 1)) / scale.view(3, 1, 1)
    weights = {f"features.{i}.{k}": v for i, layer in enumerate(layers) for k, v in layer.state_dict().items()}
    expected = torch.zeros(2)
    with torch.no_grad():
        for i, layer in enumerate(layers):
            x = layer(x)
            if i in BACKBONES[name].taps:
                head = torch.rand(1, x.shape[1], 1, 1)
                weights[f"lin{BACKBONES[name].taps.index(i)}.weight"] = head
                unit = x / x.norm(dim=1, keepdim=True)
                unit = torch.nan_to_num(unit)  # where no feature answers there is no direction
                expected += ((unit[:2] - unit[2:]).square() * head).sum(1).mean((1, 2))
        save_file({key: value.contiguous() for key, value in weights.items()}, tmp_path / "weights.safetensors")
        found = Lpips(tmp_path / "weights.safetensors", name)(a, b)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", BACKBONES)
def test_the_smallest_picture_is_the_smallest(name: str) -> None:
    smallest = BACKBONES[name].smallest
    weights = {f"features.{i}.{k}": v for i, m in enumerate(NETWORKS[name]()) for k, v in m.state_dict().items()}
    with torch.no_grad():
        assert all(x.numel() for x in BACKBONES[name].features(torch.rand(1, 3, smallest, smallest), weights))
        with pytest.raises(RuntimeError):
            BACKBONES[name].features(torch.rand(1, 3, smallest - 1, smallest - 1), weights)


def test_heads_alone_or_another_backbone_are_refused(shared: Path, tmp_path: Path) -> None:
    folder = shared / "perceptual"
    with pytest.raises(WeightsError, match=r"alex_heads.*not the lpips-alex weights"):
        Lpips(folder / "lpips_alex_heads_v0.1.safetensors", "alex")
    with pytest.raises(WeightsError, match=r"not the lpips-vgg weights"):
        Lpips(folder / "lpips_squeeze_v0.1.safetensors", "vgg")
    with pytest.raises(UsageError, match="squeeze, alex, vgg"):
        Lpips(folder / "lpips_squeeze_v0.1.safetensors", "resnet")
    state = load_file(folder / "lpips_squeeze_v0.1.safetensors")
    state["lin6.weight"] = state["lin6.weight"][:, :5].contiguous()
    save_file(state, tmp_path / "cut.safetensors")
    with pytest.raises(WeightsError, match=r"cut\.safetensors"):
        Lpips(tmp_path / "cut.safetensors")


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.safetensors"
    if content is None:
        save_file({"features.0.weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"x\.safetensors"):
        Lpips(path)
    with pytest.raises(WeightsError, match="missing"):
        Lpips(tmp_path / "missing")
