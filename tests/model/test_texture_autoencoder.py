from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.model.texture import AutoencoderConfig, TextureAutoencoder, load_texture, save_texture


def autoencoder() -> TextureAutoencoder:
    torch.manual_seed(0)
    return TextureAutoencoder(AutoencoderConfig(width=8, features=6))


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (3, 1), (16, 20), (33, 18)])
def test_any_size(size: tuple[int, int]) -> None:
    net, x = autoencoder(), torch.rand(2, 3, *size)
    assert net.encode(x).shape == (2, 6, -(-size[0] // 4), -(-size[1] // 4))
    assert net(x).shape == x.shape


def test_four_layers_without_skips() -> None:
    net, x = autoencoder(), torch.rand(1, 3, 16, 24)
    assert sum(isinstance(module, nn.Conv2d) for module in net.modules()) == 4
    assert torch.equal(net(x), net.decode(net.encode(x))), "nothing but the features reaches the decoder"


def test_features_are_local_and_flat_where_the_picture_is() -> None:
    net = autoencoder().double()
    x = torch.rand(1, 3, 40, 40, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net.encode(x)[0, :, 5, 5].sum(), x)
    rows = gradient.abs().sum((0, 1, 3)).nonzero()
    assert (rows.max() - rows.min()).item() + 1 == 10
    flat = net.encode(torch.full((1, 3, 20, 20), 0.6, dtype=torch.float64))
    assert flat.var((2, 3)).max() < 1e-20


def test_gradient_by_finite_differences() -> None:
    net = autoencoder().double()
    x = torch.rand(1, 3, 5, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(net, x, fast_mode=True)


def test_it_learns_to_reconstruct() -> None:
    net, x = autoencoder(), torch.rand(4, 3, 8, 8).repeat_interleave(4, -1).repeat_interleave(4, -2)
    optimiser = torch.optim.Adam(net.parameters(), 0.01)
    losses = []
    for _ in range(40):
        loss = (net(x) - x).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.3 * losses[0]


def test_saved_and_loaded_frozen(tmp_path: Path) -> None:
    net, path, x = autoencoder(), tmp_path / "texture.safetensors", torch.rand(1, 3, 17, 9)
    save_texture(path, net, {"steps": 7, "kind": "mine"})
    loaded = load_texture(path)
    assert loaded.config == net.config
    assert torch.equal(loaded(x), net(x))
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert weights.read_meta(path)["steps"] == 7


def test_config_survives_a_dictionary() -> None:
    config = AutoencoderConfig(width=5, features=7)
    assert AutoencoderConfig.from_dict(config.to_dict()) == config
    with pytest.raises(TypeError):
        AutoencoderConfig.from_dict({"depth": 3})


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    path, state = tmp_path / "x.safetensors", autoencoder().state_dict()
    metas: list[dict[str, object]] = [
        {"config": {"width": 8, "features": 6}},  # of another kind
        {"kind": "texture-autoencoder"},
        {"kind": "texture-autoencoder", "config": {"width": 9, "features": 6}},
        {"kind": "texture-autoencoder", "config": {"width": "8"}},
        {"kind": "texture-autoencoder", "config": [8, 6]},
    ]
    for meta in metas:
        weights.save(path, state, meta)
        with pytest.raises(WeightsError, match=r"x\.safetensors: not a texture autoencoder"):
            load_texture(path)
    path.write_bytes(b"no weights")
    for other in (path, tmp_path / "missing.safetensors", "lite"):
        with pytest.raises(WeightsError):
            load_texture(other)
