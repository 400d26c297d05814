"""The dual-branch generator G = {G_A, G_B} and how its two branches are joined."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nircolor.ends import neutral_ends
from nircolor.model.config import ModelConfig
from nircolor.model.ensemble import PriorEnsemble, RGBEnsemble
from nircolor.model.guided import enlarge, enlarge_affine, local_mean, relit
from nircolor.model.layers import pad_to_multiple
from nircolor.model.prior import PretrainedPrior, prior_branch
from nircolor.model.rgb import RGBBranch, colours


class Generator(nn.Module):
    """NIR to RGB for any H x W from 1 x 1 up.

    ``forward(nir)`` is the papers' network: both branches on the same picture. ``prior`` and ``paint`` are its two
    halves, for the global prior: the prior is computed once on a reduced whole picture and each tile is painted with
    its part.

    With several ``members`` it is an ensemble: see ``ensemble.py``. P below then counts the priors of all.
    """

    def __init__(self, config: ModelConfig, members: int = 1) -> None:
        super().__init__()
        self.config = config
        self.prior_branch = prior_branch(config) if members == 1 else PriorEnsemble(config, members)
        self.rgb_branch = RGBBranch(config) if members == 1 else RGBEnsemble(config, members)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def prior(self, nir: Tensor) -> Tensor:
        """(b, 1, H, W) in [0, 1] -> (b, 3 + prior_features, H, W): HSV cone coordinates, then learned features."""
        height, width = nir.shape[-2:]
        padded = self._pad(nir)
        prior = self.prior_branch(padded)
        if prior.shape[-2:] != padded.shape[-2:]:
            prior = F.interpolate(prior, padded.shape[-2:], mode="bilinear", align_corners=False)
        return prior[..., :height, :width]  # type: ignore[no-any-return]

    def paint(self, nir: Tensor, prior: Tensor, reduction: float = 1.0, light: Tensor | None = None) -> Tensor:
        """(b, 1, H, W) in [0, 1] and the prior of the same view, of any size -> (b, 3, H, W) sRGB, not clamped.

        With ``reduction`` above 1, for an affine head, G_A looks at the picture that many times smaller; its gains and
        offsets are enlarged along the picture's edges (``guided.py``) and meet the NIR picture at full size, so that
        texture stays native.

        ``light``, for an affine head: (b, 1, H, W), the same view with noise that ``nir`` is free of. Colours are
        decided from ``nir``, their luma is that of ``light``.
        """
        height, width = nir.shape[-2:]
        size = self.prior_size(height, width, reduction)
        small = nir if size == (height, width) else F.interpolate(nir, size, mode="area")
        if prior.shape[-2:] != size:
            prior = F.interpolate(prior, size, mode="bilinear", align_corners=False)
        maps = self.rgb_branch(self._pad(small), self._pad(prior))[..., : size[0], : size[1]]
        if size != (height, width) and self.config.head == "affine":
            return enlarge_affine(maps, small, nir, light)
        maps = maps if size == (height, width) else enlarge(maps, small, nir)
        mean = local_mean(nir.float())

        def seen(x: Tensor) -> Tensor:
            made: Tensor = neutral_ends(colours(self.config.head, maps, x), x, mean)
            return made

        return seen(nir) if light is None else relit(seen(nir), seen(light))

    def features(self, nir: Tensor) -> Tensor | None:
        """(b, 1, H, W), sides multiples of 32 -> (b, C, H / 16, W / 16): what the pretrained encoder of G_B sees, of an
        ensemble the first one's. None where there is no such encoder."""
        branch = self.prior_branch.members[0] if isinstance(self.prior_branch, PriorEnsemble) else self.prior_branch
        return branch.features(nir) if isinstance(branch, PretrainedPrior) else None

    def prior_size(self, height: int, width: int, reduction: float) -> tuple[int, int]:
        """At which ``paint`` takes the prior of a tile."""
        return max(1, round(height / reduction)), max(1, round(width / reduction))

    def _pad(self, x: Tensor) -> Tensor:
        padded = pad_to_multiple(x, self.config.multiple, self.config.least)
        return padded.contiguous(memory_format=torch.channels_last)

    def forward(self, nir: Tensor) -> tuple[Tensor, Tensor]:
        """(b, 1, H, W) -> rgb (b, 3, H, W) and what ``prior`` returns."""
        prior = self.prior(nir)
        return self.paint(nir, prior), prior


def crop_prior(prior: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """The parts of a whole picture's prior that lie under its tiles, resampled bilinearly to the tiles' size.

    Args:
        prior: (b, P, h, w), one for each tile, or (1, P, h, w) for all of them.
        boxes: (b, 4) of top, left, bottom, right, as fractions of the whole picture.

    Returns:
        (b, P, height, width). Pixel centres are aligned, and borders replicated.
    """
    prior = prior.expand(len(boxes), -1, -1, -1)
    top, left, bottom, right = boxes.to(prior).unbind(1)
    rows = (torch.arange(height, device=prior.device) + 0.5) / height  # (height,) tile fractions
    columns = (torch.arange(width, device=prior.device) + 0.5) / width
    y = 2 * (top[:, None] + rows * (bottom - top)[:, None]) - 1  # (b, height)
    x = 2 * (left[:, None] + columns * (right - left)[:, None]) - 1  # (b, width)
    size = (len(boxes), height, width)
    grid = torch.stack([x[:, None, :].expand(size), y[:, :, None].expand(size)], -1)  # (b, height, width, 2)
    return F.grid_sample(prior, grid, mode="bilinear", padding_mode="border", align_corners=False)
