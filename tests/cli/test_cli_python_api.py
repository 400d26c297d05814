"""``import nircolor``: light, complete, and what the command uses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
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


def test_the_example_of_the_docstring(nir16: Path, tiny_weights: Path, tmp_path: Path) -> None:
    image = nircolor.read_nir(nir16)
    engine = nircolor.Colorizer.from_weights(str(tiny_weights), tiling=nircolor.Tiling(32, 8, 2))
    rgb = engine.colorize(image.pixels)
    nircolor.write_rgb(tmp_path / "out.tif", rgb, image.info, alpha=image.alpha)
    assert rgb.shape == (60, 80, 3)
    assert rgb.dtype == np.float32
    assert (tmp_path / "out.tif").stat().st_size > 60 * 80
