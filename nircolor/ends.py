"""The ends of the range are neutral: where a sensor saw nothing, or too much, there is no colour to know.

Arithmetic alone, on arrays of numpy and tensors of torch alike.
"""

from __future__ import annotations

from typing import Any

BLACK, WHITE = 4 / 255, 3 / 255  # how far from the ends a pixel of NIR is still drawn to grey
DARK = 20 / 255  # mean NIR of a neighbourhood below which its colours fade: what is there is noise


def neutral_ends(rgb: Any, nir: Any, mean: Any) -> Any:
    """Black stays black and white stays white, whatever a network makes of them, and darkness is not tinted.

    Of 16,000 blown NIR pixels of real pairs the mean colour is (0.85, 0.86, 0.77), and already (0.67, 0.67, 0.57) at a
    NIR of 0.98: the range that is held to be grey is narrow. One pixel in a thousand of them is darker than ``DARK``.

    Args:
        rgb: (..., 3, H, W). nir: (..., 1, H, W) in [0, 1]. mean: (..., 1, H, W), the picture averaged around it.
    """
    return nir + (rgb - nir) * (known(nir) * ramp(mean / DARK))


def known(nir: Any) -> Any:
    """1 where a value of NIR in [0, 1] can have a colour, 0 where it is black or blown."""
    return ramp(nir / BLACK) * ramp((1 - nir) / WHITE)


def ramp(x: Any) -> Any:
    """0 below 0, 1 above 1, smooth between."""
    x = x.clip(0, 1)
    return x * x * (3 - 2 * x)
