"""Looks at frames: the kernels say what plain torch does."""

from __future__ import annotations

import pytest
import torch

from nircolor import scenes
from nircolor.video.colours.look import moved, moved_reference


@pytest.mark.parametrize("gain", [0.6, 1.0, 1.5])
@pytest.mark.parametrize("size", [(48, 64), (5, 7), (1, 3)])
def test_the_kernels_are_the_reference(size: tuple[int, int], gain: float) -> None:
    torch.manual_seed(0)
    height, width = size
    past = torch.from_numpy(scenes.render(3, 48, 64).nir)[None, None, :height, :width].clone()
    past[..., : width // 3] = 1  # blown
    now = (past * gain + 0.02 * torch.randn(past.shape)).clamp(0, 1)
    now[..., height // 2 :, width // 2 :] = 0.3  # something has moved
    found, expected = moved(past, now, 5, kernel="numba"), moved_reference(past, now, 5)
    torch.testing.assert_close(found, expected, atol=2e-5, rtol=1e-3)
    assert height == 1 or float(expected.max()) > 0.02
