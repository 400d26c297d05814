from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nircolor.errors import WeightsError
from nircolor.loss.lpips import Lpips


@pytest.fixture(scope="module")
def lpips(shared: Path) -> Lpips:
    return Lpips(shared / "perceptual" / "lpips_squeeze_v0.1.safetensors")


def test_published_example_to_four_digits(lpips: Lpips) -> None:
    """torchmetrics' example: two random pictures, seed 42, in [-1, 1]."""
    torch.manual_seed(42)
    a, b = torch.rand(2, 3, 100, 100), torch.rand(2, 3, 100, 100)
    assert [round(v, 4) for v in lpips(a, b).tolist()] == [0.1024, 0.0938]


def test_equal_pictures_are_at_distance_zero(lpips: Lpips) -> None:
    a = torch.rand(1, 3, 64, 48)
    assert lpips(a, a).item() == 0


def test_gradient_points_towards_the_target(lpips: Lpips) -> None:
    torch.manual_seed(0)
    a, b = torch.rand(1, 3, 48, 48, requires_grad=True), torch.rand(1, 3, 48, 48)
    (gradient,) = torch.autograd.grad(lpips(a, b).sum(), a)
    step = 0.02 * gradient / gradient.abs().max()
    assert lpips(a - step, b) < lpips(a, b)


@pytest.mark.parametrize("content", [b"", b"not weights", None])
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.safetensors"
    if content is None:
        save_file({"features.0.weight": torch.zeros(1)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"x\.safetensors"):
        Lpips(path)
    with pytest.raises(WeightsError, match="missing"):
        Lpips(tmp_path / "missing")
