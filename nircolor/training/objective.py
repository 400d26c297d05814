"""The objective of the generator: every term of both papers and of our own, weighed as a recipe says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from nircolor.features.lpips import Lpips
from nircolor.features.vgg import Vgg
from nircolor.loss.histogram import cdf_loss
from nircolor.loss.hsv import hsv_mse
from nircolor.loss.pixel import angular_loss, blurred_loss, cone_loss, pixel_loss
from nircolor.loss.texture import consistency_loss, texture_loss
from nircolor.model.colour import rgb_to_cone
from nircolor.model.texture import TextureAutoencoder
from nircolor.training.data_loader import TrainingBatch
from nircolor.training.recipe import LossConfig

Loss = Callable[[Tensor, Tensor], Tensor]
CPU = torch.device("cpu")
Weighed = Iterator[tuple[str, float, Tensor]]


class Objective:
    """A weighted sum; terms that weigh nothing are not computed, and their networks not loaded.

    HAQAGen eq. 4: ``mse`` (MSE(rgb) + MSE(hsv)) + ``feature`` (L_rec(rgb) + L_rec(hsv)), L_rec being eq. 3. ColorMamba
    eq. 10: the same with MS-SSIM in the place of CDF and VGG (eq. 8). HSV is compared in cone coordinates, where hue is
    an angle. Adversarial terms are in adversary.py. Raises WeightsError for a missing network.
    """

    def __init__(self, config: LossConfig, texture: TextureAutoencoder | None, device: torch.device = CPU) -> None:
        self.config, self.texture = config, texture.to(device) if texture else None
        self.perceptual = Lpips(config.perceptual_weights) if config.perceptual else None
        self.vgg = Vgg(config.vgg_weights).to(device) if config.feature and config.delta else None

    def __call__(self, rgb: Tensor, prior: Tensor, batch: TrainingBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """rgb: (b, 3, s, s) of the tiles; prior: (b, P, s, s) of the views -> total, and each unweighted term."""
        weighed = list(self._terms(rgb.float(), prior.float(), batch))
        total = torch.stack([weight * term for _, weight, term in weighed]).sum()
        return total, {name: term for name, _, term in weighed}

    def _terms(self, rgb: Tensor, prior: Tensor, batch: TrainingBatch) -> Weighed:
        config, cone = self.config, rgb_to_cone(batch.view_rgb)
        if config.pixel:
            yield "pixel", config.pixel, pixel_loss(rgb, batch.rgb)
        if config.blurred:
            yield "blurred", config.blurred, blurred_loss(rgb, batch.rgb)
        if config.angular:
            yield "angular", config.angular, angular_loss(rgb, batch.rgb)
        if config.prior:
            yield "prior", config.prior, cone_loss(prior, cone)
        if config.mse:
            yield "mse", config.mse, F.mse_loss(rgb, batch.rgb) + hsv_mse(prior, cone)
        if self.perceptual is not None:
            some = math.ceil(config.perceptual_share * len(rgb))
            yield "perceptual", config.perceptual, self.perceptual(rgb[:some], batch.rgb[:some]).mean()
        if config.feature:
            spaces = [(rgb, batch.rgb)]
            if config.feature_on_hsv:
                spaces.append((as_image(prior), as_image(cone)))
            yield from self._reconstruction(spaces)

    def _reconstruction(self, spaces: list[tuple[Tensor, Tensor]]) -> Weighed:
        """L_rec of each space, part by part, summed over the spaces."""
        config = self.config

        def summed(loss: Loss) -> Tensor:
            return torch.stack([loss(prediction, target) for prediction, target in spaces]).sum()

        if self.texture is not None:
            yield "texture", config.feature, summed(self._texture_loss(self.texture))
        if config.beta:
            yield "cdf", config.feature * config.beta, summed(cdf_loss)
        if self.vgg is not None:
            vgg = self.vgg
            yield "vgg", config.feature * config.delta, summed(lambda a, b: vgg(a, b).mean())

    def _texture_loss(self, texture: TextureAutoencoder) -> Loss:
        """HAQAGen's distance of features, or ColorMamba's where MS-SSIM has a weight."""
        config = self.config

        def loss(prediction: Tensor, target: Tensor) -> Tensor:
            with torch.no_grad():
                goal = texture.encode(target)
            features = texture.encode(prediction)
            if not config.ms_ssim:
                return texture_loss(features, goal, config.alpha, config.gamma)
            return consistency_loss(features, goal, prediction, target, config.alpha, config.gamma, config.ms_ssim)

        return loss


def as_image(cone: Tensor) -> Tensor:
    """HSV cone coordinates as three channels in [0, 1], which the feature networks take for a picture."""
    shift, scale = cone.new_tensor([1.0, 1.0, 0.0]).view(3, 1, 1), cone.new_tensor([2.0, 2.0, 1.0]).view(3, 1, 1)
    return (cone[:, :3] + shift) / scale
