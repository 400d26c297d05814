"""The HSV term of HAQAGen's objective (eq. 4), with hue as an angle."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def hsv_mse(prior: Tensor, target_cone: Tensor) -> Tensor:
    """Mean squared error in the HSV cone (s cos h, s sin h, v) -> a scalar. No break at 0/360 degrees.

    prior: (b, 3 or more, H, W), cone coordinates first, what the prior branch regresses; target_cone: (b, 3, H, W), see
    ``nircolor.model.colour.rgb_to_cone``. Two pixels of saturation s whose hues are d apart differ by 2 s sin(d / 2).
    """
    return F.mse_loss(prior[:, :3], target_cone)
