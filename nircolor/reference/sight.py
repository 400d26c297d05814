"""What a network sees in a picture: the maps of its pretrained encoder, by which kinds of surface are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nircolor.reference.guide import Describe

if TYPE_CHECKING:
    from nircolor.colorizer import Colorizer

_LEVEL = -2  # of the encoder's maps: one place for 16 x 16 pixels
_STRIDE = 32  # which sides have to be a multiple of


def sight_of(engine: Colorizer) -> Describe | None:
    """(H, W) in [0, 1] -> (ceil(H / 16), ceil(W / 16), C) float32; None for networks without such an encoder."""
    import torch
    import torch.nn.functional as F

    branch: Any = engine.networks.network.prior_branch
    first = branch.members[0] if hasattr(branch, "members") else branch
    if not hasattr(first, "pyramid"):
        return None
    encoder = first.pyramid.encoder

    @torch.inference_mode()
    def describe(grey: NDArray[np.float32]) -> NDArray[np.float32]:
        height, width = grey.shape
        picture = torch.from_numpy(np.ascontiguousarray(grey, np.float32))[None, None].to(engine.info.device)
        padded = F.pad(picture, (0, -width % _STRIDE, 0, -height % _STRIDE), mode="replicate")
        maps = encoder(padded.expand(-1, encoder.layout.inputs, -1, -1))[_LEVEL].float()
        return np.asarray(maps[0, :, : -(-height // 16), : -(-width // 16)].permute(1, 2, 0).cpu().numpy())

    return describe
