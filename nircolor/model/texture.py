"""The texture autoencoder f (HAQAGen eq. 3): trained once on the training images, then a frozen basis for textures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from nircolor import weights
from nircolor.errors import WeightsError
from nircolor.model.fit import check_fit
from nircolor.model.layers import conv3, pad_to_multiple

KIND = "texture-autoencoder"
REDUCTION = 4  # pixels a side that one feature vector stands for


@dataclass(frozen=True)
class AutoencoderConfig:
    """Channels between the two layers of encoder and of decoder, and of the features.

    32 features stand for 4 x 4 pixels of three colours, 48 numbers: a bottleneck, else f would learn to copy.
    """

    width: int = 32
    features: int = 32

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> AutoencoderConfig:
        """The inverse of ``to_dict``. Unknown keys raise TypeError."""
        return AutoencoderConfig(**values)


class TextureAutoencoder(nn.Module):
    """Four layers and no skips: two strided convolutions, then two convolutions with pixel shuffle.

    Convolutions of the encoder reflect at the border, so that a flat picture has flat features. The features are taken
    before the activation: signed, none of them dead.
    """

    def __init__(self, config: AutoencoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or AutoencoderConfig()
        self.down1 = nn.Conv2d(3, config.width, 4, 2, 1, padding_mode="reflect")
        self.down2 = nn.Conv2d(config.width, config.features, 4, 2, 1, padding_mode="reflect")
        self.up2, self.up1 = conv3(config.features, 4 * config.width), conv3(config.width, 4 * 3)

    def encode(self, x: Tensor) -> Tensor:
        """(b, 3, H, W) in [0, 1], any size -> (b, ``config.features``, ceil(H / 4), ceil(W / 4)), not normalised."""
        return self.down2(F.silu(self.down1(pad_to_multiple(x, REDUCTION))))  # type: ignore[no-any-return]

    def decode(self, features: Tensor) -> Tensor:
        """(b, C, h, w) -> (b, 3, 4 h, 4 w)."""
        x = F.pixel_shuffle(self.up2(F.silu(features)), 2)
        return F.pixel_shuffle(self.up1(F.silu(x)), 2)

    def forward(self, x: Tensor) -> Tensor:
        """(b, 3, H, W) -> its reconstruction (b, 3, H, W), not clamped: l2 is what f is trained with."""
        return self.decode(self.encode(x))[..., : x.shape[-2], : x.shape[-1]]


def save_texture(path: str | Path, net: TextureAutoencoder, meta: Mapping[str, object]) -> None:
    """Write a weights file with the configuration; ``meta`` (JSON values) is kept beside it. Raises OutputError."""
    weights.save(path, net.state_dict(), {**meta, "kind": KIND, "config": net.config.to_dict()})


def load_texture(path: str | Path) -> TextureAutoencoder:
    """The frozen autoencoder of a file that ``save_texture`` wrote. Raises WeightsError for any other file."""
    found = weights.load(path)
    if found.meta.get("kind") != KIND:
        raise WeightsError("not a texture autoencoder", path=path, remedy="train one first, or give its file")
    try:
        config = AutoencoderConfig.from_dict(found.meta["config"])  # type: ignore[arg-type]
        check_fit(lambda: TextureAutoencoder(config), {name: tuple(v.shape) for name, v in found.state.items()})
        net = TextureAutoencoder(config)
        net.load_state_dict(found.state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"not a texture autoencoder of this nircolor ({error})", path=path) from error
    return net.eval().requires_grad_(False)
