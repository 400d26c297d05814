"""Adversarial losses of logits, of any shape, high for "real". Each returns a scalar to be minimised, unweighted.

HAQAGen plays hinge (eq. 2), ColorMamba the original game (eq. 9). With several critics the losses are summed.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def hinge_critic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E[max(0, 1 - D(y))] + E[max(0, 1 + D(y'))] (HAQAGen eq. 2); 2 for a critic that says 0."""
    return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


def hinge_generator(fake_logits: Tensor) -> Tensor:
    """-E[D(y')] (HAQAGen eq. 2)."""
    return -fake_logits.mean()


def vanilla_critic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """-E[log D(y)] - E[log(1 - D(y'))], D the sigmoid of a logit (ColorMamba eq. 9 and Algorithm 1, line 8).

    The paper writes what the critic ascends; this is its negative. 2 log 2 for a critic that says 0.
    """
    return -F.logsigmoid(real_logits).mean() - F.logsigmoid(-fake_logits).mean()


def vanilla_generator(fake_logits: Tensor) -> Tensor:
    """E[log(1 - D(y'))] (ColorMamba eq. 9 and Algorithm 1, line 16), at most 0 and without a lower bound.

    This is the saturating form, as the paper writes it, not the usual -E[log D(y')]: where the critic is sure that a
    picture is false the gradient vanishes. log(1 - sigmoid(x)) = logsigmoid(-x), which is finite for every x.
    """
    return F.logsigmoid(-fake_logits).mean()
