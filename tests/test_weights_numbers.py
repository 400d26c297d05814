"""nircolor/weights.py: every number of a weights file is one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save as save_tensors

from nircolor.errors import WeightsError
from nircolor.weights import load, save, verify
from nircolor.weights_file import encode

DTYPES = (torch.float32, torch.float16, torch.bfloat16, torch.float64)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [*DTYPES, torch.float8_e5m2], ids=str)
def test_a_number_that_is_none_is_refused_by_the_name_of_its_tensor(
    tmp_path: Path, dtype: torch.dtype, value: float
) -> None:
    weights_path, tensor = tmp_path / "mine.safetensors", torch.zeros(1_100_000)
    save(weights_path, {"sound": torch.ones(3)}, {})
    before = weights_path.read_bytes()
    tensor[-1] = value
    state = {"sound": torch.ones(3), "head.bias": tensor.to(dtype)}
    with pytest.raises(WeightsError, match=r"mine\.safetensors: not written, since tensor 'head\.bias'"):
        save(weights_path, state, {})
    assert weights_path.read_bytes() == before
    weights_path.write_bytes(encode(save_tensors(state), {}))
    for reader in (load, verify):
        with pytest.raises(
            WeightsError, match=r"mine\.safetensors: tensor 'head\.bias' holds a value that is no number"
        ):
            reader(weights_path)


def test_the_largest_numbers_are_numbers(tmp_path: Path) -> None:
    state = {
        str(dtype): torch.tensor([torch.finfo(dtype).max, torch.finfo(dtype).min]).to(dtype) for dtype in DTYPES[:3]
    }
    state["double"] = torch.tensor([3.4028235e38, -3.4028235e38], dtype=torch.float64)
    save(tmp_path / "x.safetensors", state, {})
    assert load(tmp_path / "x.safetensors").state.keys() == state.keys()
    for value in (3.4028236e38, -1e300):  # infinite in the 32 bits that networks work with
        with pytest.raises(WeightsError, match="'double'"):
            save(tmp_path / "x.safetensors", {"double": torch.tensor([value], dtype=torch.float64)}, {})
