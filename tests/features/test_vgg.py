from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from descent import descend, pictures
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from nircolor.errors import WeightsError
from nircolor.features.vgg import Vgg

DISTILLED = "vgg19_distilled16x_relu5_1.safetensors"


@pytest.fixture(scope="module")
def distilled(shared: Path) -> Vgg:
    return Vgg(shared / "perceptual" / DISTILLED)


def vgg19() -> Iterator[nn.Module]:
    """``features`` of torchvision's vgg19, to relu4_2 and one layer more, numbered as there."""
    channels = 3
    for item in (64, 64, "M", 128, 128, "M", 256, 256, 256, 256, "M", 512, 512, 512):
        if isinstance(item, str):
            yield nn.MaxPool2d(2, 2)
        else:
            yield nn.Conv2d(channels, item, 3, padding=1)
            yield nn.ReLU()
            channels = item


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, nn.Sequential]:
    torch.manual_seed(0)
    network = nn.Sequential(*vgg19()).requires_grad_(False)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.safetensors"
    classifier = {"classifier.0.weight": torch.zeros(4, 4)}
    save_file({f"features.{key}": value for key, value in network.state_dict().items()} | classifier, path)
    return path, network


def test_full_vgg_is_torchvisions_network_on_normalised_pictures(full: tuple[Path, nn.Sequential]) -> None:
    path, network = full
    vgg, (a, b) = Vgg(path), pictures(side=40)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    expected = [network[:23]((x - mean.view(3, 1, 1)) / std.view(3, 1, 1)) for x in (a, b)]
    assert vgg.name == "VGG-19 relu4_2"
    assert vgg.features(a).shape == (2, 512, 5, 5)
    torch.testing.assert_close(vgg.features(a), expected[0], rtol=1e-3, atol=1e-5)
    difference = (expected[0] - expected[1]).square().flatten(1).mean(1)
    torch.testing.assert_close(vgg(a, b), difference, rtol=1e-3, atol=1e-9)


def plain_distilled(x: Tensor, state: dict[str, Tensor]) -> Tensor:
    """As ../shared/perceptual/README.md describes it."""
    x = nn.functional.conv2d(x, state["conv0.weight"], state["conv0.bias"])
    for step in ("11", "12", "pool", "21", "22", "pool", "31", "32", "33", "34", "pool", "41", "42"):
        if step == "pool":
            x = nn.functional.max_pool2d(x, 2)
        else:
            padded = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
            x = nn.functional.conv2d(padded, state[f"conv{step}.weight"], state[f"conv{step}.bias"]).relu()
    return x


def test_distilled_vgg_is_the_network_of_its_description(distilled: Vgg, shared: Path) -> None:
    state, (a, b) = load_file(shared / "perceptual" / DISTILLED), pictures(side=44)
    assert distilled.name == "distilled VGG-19 relu4_2"
    x, y = plain_distilled(a, state), plain_distilled(b, state)
    assert distilled.features(a).shape == (2, 128, 5, 5)
    torch.testing.assert_close(distilled.features(a), x, rtol=1e-3, atol=1e-3 * x.abs().max().item())
    torch.testing.assert_close(distilled(a, b), (x - y).square().mean((1, 2, 3)), rtol=1e-3, atol=0)


def test_equal_pictures_are_at_distance_zero_and_small_ones_are_seen(distilled: Vgg) -> None:
    a = torch.rand(2, 3, distilled.smallest, 3 * distilled.smallest)
    assert distilled(a, a).tolist() == [0, 0]
    with pytest.raises(RuntimeError):
        distilled.features(a[..., :15, :])


def test_it_is_frozen_and_of_float32_under_autocast(distilled: Vgg) -> None:
    assert not any(parameter.requires_grad for parameter in distilled.parameters())
    a, b = pictures()
    with torch.autocast("cpu", torch.bfloat16):
        found = distilled(a, b)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, distilled(a, b), rtol=0.05, atol=0)


def test_it_leads_a_picture_to_the_features_of_another(distilled: Vgg) -> None:
    a, b = pictures()
    first, last = descend(lambda x: distilled(x, b).mean(), a)
    assert last < 0.8 * first


def test_full_smallest_is_the_smallest(full: tuple[Path, nn.Sequential]) -> None:
    vgg = Vgg(full[0])
    assert vgg.features(torch.rand(1, 3, vgg.smallest, vgg.smallest)).numel()
    with pytest.raises(RuntimeError):
        vgg.features(torch.rand(1, 3, vgg.smallest - 1, vgg.smallest - 1))


def test_other_networks_are_refused_by_name(full: tuple[Path, nn.Sequential], tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    state = load_file(full[0])
    vgg16 = {key: value for key, value in state.items() if not key.startswith("features.16.")}
    batch_norm = {key: value for key, value in state.items() if not key.startswith("features.2.")}
    narrow = state | {"features.21.weight": torch.zeros(512, 256, 3, 3)}
    no_bias = {key: value for key, value in state.items() if key != "features.7.bias"}
    for tensors in (vgg16, batch_norm, narrow, no_bias, {"a": torch.zeros(1)}):
        save_file(tensors, path)
        with pytest.raises(WeightsError, match=r"x\.safetensors"):
            Vgg(path)


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04pickle"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"x\.safetensors"):
        Vgg(path)
    with pytest.raises(WeightsError, match="missing"):
        Vgg(tmp_path / "missing")


def test_a_distilled_file_with_a_wide_layer_is_refused(shared: Path, tmp_path: Path) -> None:
    state = load_file(shared / "perceptual" / DISTILLED)
    save_file(state | {"conv42.weight": torch.zeros(512, 128, 3, 3)}, tmp_path / "x.safetensors")
    with pytest.raises(WeightsError, match=r"x\.safetensors: not the distilled VGG-19"):
        Vgg(tmp_path / "x.safetensors")


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is installed")
def test_without_torchvision_its_name_is_refused_in_one_line() -> None:
    with pytest.raises(WeightsError, match=r"^vgg_weights = torchvision: .*; name a safetensors file instead$"):
        Vgg("torchvision")
