"""The critics D_RGB and D_HSV (HAQAGen section 3.2, "Dual critics"): 70 x 70 PatchGANs that share all but a layer."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from nircolor.errors import UsageError
from nircolor.model.layers import pad_to_multiple

STRIDES = (2, 2, 2, 1, 1)  # pix2pix's: with 4 x 4 kernels the receptive field is 70 x 70
SMALLEST = 24  # the shortest side from which these strides leave one logit
RANGES = {"rgb": ((0, 1), (0, 1), (0, 1)), "hsv": ((-1, 1), (-1, 1), (0, 1))}  # of each channel; the latter is the cone


class Critic(nn.Module):
    """One critic for several colour spaces. Each space has its own first convolution; all other weights are shared.

    ``width`` is the number of channels of the first layer; the next ones have 2, 4 and 8 times as many.

    Every convolution is spectrally normalised, and no other norm stands beside that: instance or batch norm divides
    by the statistics of the whole picture, which undoes the bound on the slope that spectral norm is there for, and
    which lets a logit see far beyond its 70 x 70 pixels.
    """

    def __init__(self, spaces: Sequence[str] = ("rgb", "hsv"), channels: int = 3, width: int = 64) -> None:
        super().__init__()
        self.first = nn.ModuleDict({space: _convolution(channels, width, STRIDES[0]) for space in spaces})
        widths = (width, 2 * width, 4 * width, 8 * width, 1)
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip(widths, widths[1:], STRIDES[1:], strict=False):
            layers += [nn.LeakyReLU(0.2), _convolution(inputs, outputs, stride)]
        self.shared = nn.Sequential(*layers)

    def forward(self, image: Tensor, space: str) -> Tensor:
        """(b, channels, H, W) -> logits (b, 1, H // 8 - 2, W // 8 - 2), high for "real"; one for each 70 x 70 window.

        ``image`` is sRGB in [0, 1] for "rgb", and for "hsv" the cone coordinates (s cos h, s sin h, v), where hue has
        no break; both are brought to [-1, 1] inside. Pictures of another space should be there already.
        Any H x W from 1 x 1: sides under 24 are reflected, then replicated, to 24. In training mode every call is
        one power iteration of the spectral norms. Raises UsageError for a space that this critic has no layer for.
        """
        if space not in self.first:
            raise UsageError(f"critic: no colour space {space!r}; there are {', '.join(self.first)}")
        image = pad_to_multiple(_centred(image, space), 1, SMALLEST)
        return self.shared(self.first[space](image))  # type: ignore[no-any-return]


def _centred(image: Tensor, space: str) -> Tensor:
    """To [-1, 1], as pix2pix has it: with kernels that cannot grow, an offset would hide the differences for long."""
    if space not in RANGES:
        return image
    low, high = image.new_tensor(RANGES[space]).T[..., None, None].unbind(0)  # (3, 1, 1) each
    return (2 * image - low - high) / (high - low)


def _convolution(inputs: int, outputs: int, stride: int) -> nn.Module:
    """Orthogonal at first: of a random kernel, divided by its largest singular value, little would be left."""
    convolution = nn.Conv2d(inputs, outputs, 4, stride, 1)
    nn.init.orthogonal_(convolution.weight)
    return spectral_norm(convolution)
