from __future__ import annotations

from pathlib import Path

import pytest
import torch

from nircolor import weights
from nircolor.errors import UsageError
from nircolor.model import PRESETS, Generator, ModelConfig
from nircolor.training.finish import finish, scale_brightness


def test_brightness_is_folded_in_exactly(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, nir = Generator(PRESETS["lite"]).eval(), torch.rand(1, 1, 32, 40)
    torch.nn.init.normal_(network.rgb_branch.head.weight, std=0.1)
    source, out = tmp_path / "run.safetensors", tmp_path / "out.safetensors"
    weights.save(source, network.state_dict(), {"config": PRESETS["lite"].to_dict(), "step": 7})
    with torch.no_grad():
        before, _ = network(nir)
        finish(source, out, 0.9, {"prior_size": 99})
        finished = weights.load(out)
        network.load_state_dict(finished.state)
        after, _ = network(nir)
    torch.testing.assert_close(after, 0.9 * before, atol=1e-5, rtol=1e-5)
    assert finished.meta["step"] == 7
    assert ModelConfig.from_dict(finished.meta["config"]).prior_size == 99  # type: ignore[arg-type]


def test_another_head_is_refused() -> None:
    state = {"rgb_branch.head.weight": torch.zeros(3, 4, 3, 3), "rgb_branch.head.bias": torch.zeros(3)}
    with pytest.raises(UsageError, match="affine head"):
        scale_brightness(state, 0.9)
