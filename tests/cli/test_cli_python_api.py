"""``import nircolor``: light, complete, and what the command uses."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from cli_tools import HEAVY, environment

import nircolor


def test_importing_the_package_loads_nothing_heavy(poison: Callable[..., Path]) -> None:
    code = "import nircolor; print(nircolor.__version__, nircolor.WeightsError.exit_code, dir(nircolor))"
    subprocess.run([sys.executable, "-c", code], check=True, env=environment(poison(*HEAVY)))


def test_every_public_name_is_there() -> None:
    for name in nircolor.__all__:
        assert getattr(nircolor, name) is not None
    assert set(nircolor.__all__) <= set(dir(nircolor))


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'colorise'"):
        nircolor.colorise  # noqa: B018


def test_the_example_of_the_docstring(nir16: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(nir16.rename(tmp_path / "photo_nir.tif").parent)
    example = re.findall(r"^    (.*)$", str(nircolor.__doc__), re.MULTILINE)
    exec("\n".join(example), {})
    one_call, step_by_step = tifffile.imread("photo_nir_rgb.tif"), tifffile.imread("photo_rgb.tif")
    assert (one_call.shape, one_call.dtype) == ((60, 80, 3), np.uint16)
    assert np.abs(one_call.astype(int) - step_by_step).max() <= 2  # of 65535: one picture alone is not optimised for
