"""Losses on the features of the texture autoencoder f: HAQAGen's (eq. 3) and ColorMamba's (eq. 8)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.loss.ms_ssim import ms_ssim

EPSILON = 1e-4  # variance: above that of rounding to 8 bits, so that a flat sky does not become a texture of noise
FLOOR = 1e-3  # squared length, per channel, that cosines are blind to


def texture_loss(features: Tensor, target: Tensor, alpha: float = 1.0, gamma: float = 1.0) -> Tensor:
    """alpha ||f(y') - f(y)||^2 + gamma [1 - cos(f(y'), f(y))] of instance-normalised features (HAQAGen eq. 3).

    features, target: (b, C, h, w), f of prediction and of truth -> a scalar, 0 for equal features. Each image and
    channel is normalised over its pixels; a map of one pixel is 0 then, and so is the loss.

    The paper leaves the reductions open. Here the square is the mean over all numbers, so that size and batch do not
    change its weight. The cosine is that of the C-vectors of each pixel, then the mean over pixels: the cosine of whole
    maps would be the first term again, because for normalised maps ||a - b||^2 = 2 CN (1 - cos).
    """
    a, b = _instance_normalised(features), _instance_normalised(target)
    return alpha * F.mse_loss(a, b) + gamma * cosine_distance(a, b)


def consistency_loss(
    features: Tensor,
    target: Tensor,
    image: Tensor,
    target_image: Tensor,
    alpha: float = 1.0,
    gamma: float = 1.0,
    beta: float = 1.0,
) -> Tensor:
    """alpha MSE + gamma (1 - cosine) + beta (1 - MS-SSIM) (ColorMamba eq. 8) -> a scalar, 0 for equal pictures.

    features, target: (b, C, h, w), of the order of 1, as they are: this paper does not normalise. image, target_image:
    (b, C', H, W) in [0, 1], what the features are of. MSE and cosine compare features, reduced as in ``texture_loss``;
    MS-SSIM compares the pictures, because its constants mean nothing on features without a range. The weights are ours.
    """
    a, b = _full(features), _full(target)
    structure = 1 - ms_ssim(image, target_image).mean()
    return alpha * F.mse_loss(a, b) + gamma * cosine_distance(a, b) + beta * structure


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """1 - cos of the angle between vectors over channels (b, C, h, w), mean over pixels; 0 to 2.

    Both vectors get one more coordinate, the root of ``FLOOR`` C: vectors much shorter than that have no direction,
    count as equal, and divide by nothing.
    """
    floor = FLOOR * a.shape[1]
    product = (a * b).sum(1) + floor
    lengths = (a.square().sum(1) + floor) * (b.square().sum(1) + floor)
    return 1 - (product / lengths.sqrt()).mean()


def _instance_normalised(x: Tensor) -> Tensor:
    variance, mean = torch.var_mean(_full(x), (2, 3), correction=0, keepdim=True)
    return (_full(x) - mean) / (variance + EPSILON).sqrt()


def _full(x: Tensor) -> Tensor:
    """Features computed under autocast are bfloat16, too coarse for sums of squares."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
