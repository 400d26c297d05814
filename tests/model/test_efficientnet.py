"""nircolor/model/efficientnet.py: the encoder is the published one, to the digits of its reference values."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from nircolor.errors import WeightsError
from nircolor.model.efficientnet import EPSILON, LAYOUTS, EfficientNetLite, SameConv

LITE0 = "efficientnet-lite0"


def pattern() -> torch.Tensor:
    """The picture of the reference values: sines, cosines and a ramp, (1, 3, 96, 128)."""
    y, x = torch.arange(96.0)[:, None], torch.arange(128.0)[None]
    red, green = torch.sin(x / 7) / 2 + 0.5, torch.cos(y / 5) / 2 + 0.5
    return torch.stack([red.expand(96, 128), green.expand(96, 128), ((x + y) % 32) / 31])[None]


def test_reference_values(shared: Path) -> None:
    network = EfficientNetLite(LAYOUTS[LITE0])
    network.load_pretrained(shared / "backbones" / "efficientnet_lite0_imagenet.safetensors")
    with torch.no_grad():
        stem = F.relu6(network.stem((pattern() * 255 - 127) / 128))
        maps = network(pattern())
    assert stem.mean().item() == pytest.approx(2.14506, abs=1e-4)
    expected = [(0.58856, 12.47125), (0.31269, 11.21004), (0.40336, 6.78528), (-0.09765, 2.57064)]
    assert [(m.mean().item(), m.std().item()) for m in maps] == [pytest.approx(pair, abs=2e-4) for pair in expected]


def test_maps_halve_from_a_quarter_on_and_have_the_published_channels() -> None:
    with torch.no_grad():
        maps = EfficientNetLite(LAYOUTS[LITE0])(torch.rand(2, 3, 64, 96))
    assert [tuple(m.shape) for m in maps] == [(2, 24, 16, 24), (2, 40, 8, 12), (2, 112, 4, 6), (2, 320, 2, 3)]
    assert LAYOUTS[LITE0].widths == (24, 40, 112, 320)


@pytest.mark.parametrize("kernel", [3, 5])
def test_strided_convolutions_are_padded_as_tensorflow_does(kernel: int) -> None:
    """SAME at an even size: one pixel less before than after."""
    conv, x = SameConv(2, 2, kernel, 2, groups=2), torch.rand(1, 2, 8, 10)
    before, after = (kernel - 2) // 2, (kernel - 1) // 2
    padded = F.pad(x, (before, after, before, after))
    torch.testing.assert_close(conv(x), F.conv2d(padded, conv.weight, conv.bias, 2, groups=2))


def stored(network: EfficientNetLite) -> dict[str, torch.Tensor]:
    """Random tensors in the layout of the public ports: convolutions and batch norms apart."""
    tensors = {}
    for name, parameter in network.named_parameters():
        part, _, kind = name.rpartition(".")
        if kind != "weight":
            continue
        conv, norm = names(part)
        channels = len(parameter)
        tensors[f"{conv}.weight"] = torch.randn_like(parameter)
        for key, value in (("weight", 1), ("bias", 0), ("running_mean", 0), ("running_var", 1)):
            tensors[f"{norm}.{key}"] = value + 0.3 * torch.rand(channels)
    return tensors


def names(part: str) -> tuple[str, str]:
    if part == "stem":
        return "_conv_stem", "_bn0"
    _, index, kind = part.split(".")
    norm = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}[kind]
    return f"_blocks.{index}._{kind}_conv", f"_blocks.{index}.{norm}"


def test_a_folded_batch_norm_is_the_batch_norm(tmp_path: Path) -> None:
    network = EfficientNetLite(LAYOUTS[LITE0])
    tensors = stored(network)
    save_file(tensors, tmp_path / "x.safetensors")
    network.load_pretrained(tmp_path / "x.safetensors")
    block, x = network.blocks[4], torch.rand(2, 40, 6, 6)
    y = F.conv2d(x, tensors["_blocks.4._expand_conv.weight"])
    norm = [tensors[f"_blocks.4._bn0.{key}"] for key in ("running_mean", "running_var", "weight", "bias")]
    expected = F.batch_norm(y, *norm, eps=EPSILON)
    torch.testing.assert_close(block.expand(x), expected, atol=1e-4, rtol=1e-4)  # type: ignore[operator]


@pytest.mark.parametrize("what", ["missing", "a pipe", "no safetensors", "another network", "no number"])
def test_other_files_are_refused_by_name(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x.safetensors"
    if what == "no safetensors":
        path.write_bytes(b"hello")
    if what == "a pipe":
        os.mkfifo(path)
    if what == "another network":
        save_file({"a": torch.zeros(3)}, path)
    if what == "no number":
        save_file({"_conv_stem.weight": torch.full((3,), float("nan"))}, path)
    with pytest.raises(WeightsError, match=r"x\.safetensors"):
        EfficientNetLite(LAYOUTS[LITE0]).load_pretrained(path)
