"""The ONNX file of a network computes what torch does: branch by branch, and from picture to picture."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_network import PLAIN, SMALL, network, save

from nircolor import Colorizer, Correction, scenes
from nircolor.errors import OutputExistsError, UsageError
from nircolor.model import BranchConfig, Generator, ModelConfig, VSSConfig
from nircolor.tiling import Tiling
from nircolor.twin.export import export_onnx
from nircolor.twin.session import Twin
from nircolor.weights import load

pytest.importorskip("onnx")

SCANS = replace(
    PLAIN,
    rgb=BranchConfig((8, 8), (1, 1), stride=2),
    prior=replace(PLAIN.prior, blocks=(0, 0, 1, 1)),
    vss=VSSConfig(state=2, head=8),
    prior_features=2,
    criss_cross=1,
    prior_size=64,
    reduction=1,
    paint_size=40,
)
"""Every kind of part that a twin can have."""
OTHERS = [
    replace(SCANS, vss=replace(SCANS.vss, padding=False), criss_cross=0, prior_features=0),
    replace(SCANS, vss=replace(SCANS.vss, mamba=False), spade=False),
    replace(SCANS, vss=replace(SCANS.vss, attention=False), rgb=BranchConfig((8, 16, 8), (0, 1, 0), stride=1)),
]
NIR = scenes.render(3, 100, 130).nir.astype(np.float32)


def exported(folder: Path, made: Generator, **meta: object) -> Path:
    """The weights file; its twin lies beside it."""
    path = save(folder / "x.safetensors", made, **meta)
    export_onnx(path, path.with_suffix(".onnx"), overwrite=True)
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return exported(tmp_path_factory.mktemp("weights"), network(SCANS))


def engines(path: Path, **options: Any) -> tuple[Colorizer, Colorizer]:
    """By onnxruntime and by torch."""
    one, other = (
        Colorizer.from_weights(str(path), engine=engine, device="cpu", precision="fp32", **options)  # type: ignore[arg-type]
        for engine in ("onnx", "torch")
    )
    assert (one.info.kernel, other.info.kernel) == ("onnxruntime", "numba")
    return one, other


@pytest.mark.parametrize("config", [SCANS, *OTHERS])
def test_each_branch_is_the_one_of_torch(config: ModelConfig, tmp_path: Path) -> None:
    made = network(config)
    path = exported(tmp_path, made)
    twin = Twin(path.with_suffix(".onnx"), load(path).sha256, 3 + config.prior_features, 1)
    for height, width in ((32, 32), (64, 96), (32, 160)):
        nir, prior = torch.rand(2, 1, height, width), torch.rand(2, 3 + config.prior_features, height, width)
        with torch.inference_mode():
            expected = made.prior_branch(nir), made.rgb_branch(nir, prior), made.features(nir)
        found = twin.prior(nir.numpy()), twin.maps(nir.numpy(), prior.numpy()), twin.features(nir.numpy())
        for here, there in zip(found, expected, strict=True):
            assert there is not None
            np.testing.assert_allclose(here, there.numpy(), atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 90), (77, 1), (2, 3), (33, 65), (100, 130), (200, 60)])
def test_pictures_of_any_size_are_those_of_torch(path: Path, shape: tuple[int, int]) -> None:
    nir = np.resize(NIR, shape)
    one, other = (engine.colorize(nir) for engine in engines(path))
    assert np.ptp(other, axis=2).mean() > 0.01  # they have colours
    np.testing.assert_allclose(one, other, atol=1e-4)


@pytest.mark.parametrize(
    "options",
    [
        {"tiling": Tiling(32, 8)},
        {"tiling": Tiling(32, 8, 3)},
        {"tiling": Tiling(64, 16), "prior": "tile"},
        {"correction": Correction(1.2, 1.3, 1.1)},
    ],
)
def test_options_do_the_same(path: Path, options: dict[str, Any]) -> None:
    one, other = (engine.colorize(NIR) for engine in engines(path, **options))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_ends_of_the_range_stay_neutral(path: Path) -> None:
    nir = NIR.copy()
    nir[:30], nir[30:40], nir[40:50] = 0, 0.01, 1
    one, other = (engine.colorize(nir) for engine in engines(path))
    np.testing.assert_allclose(one, other, atol=1e-4)
    assert np.ptp(one[:30], axis=2).max() == 0


def test_light_is_another_ones(path: Path) -> None:
    light = np.clip(NIR + np.random.default_rng(0).normal(0, 0.05, NIR.shape), 0, 1).astype(np.float32)
    one, other = (engine.colorize(NIR, light=light) for engine in engines(path))
    np.testing.assert_allclose(one, other, atol=1e-4)


def test_several_pictures_at_once(path: Path) -> None:
    small = [np.rint(NIR[i : i + 30, :40] * 255).astype(np.uint8) for i in (0, 20, 40)]
    engine, _ = engines(path)
    assert engine.can_share(small[0].shape)
    for one, alone in zip(engine.colorize_together(small), map(engine.colorize, small), strict=True):
        assert np.abs(one.astype(int) - alone).max() <= 1


def test_an_ensemble_and_a_camera(tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = Generator(SCANS, 2).eval()
    for member in made.rgb_branch.members:  # type: ignore[union-attr]
        torch.nn.init.normal_(member.head.weight, std=0.1)  # type: ignore[union-attr, arg-type]
    camera = {"tone": [0.3, -0.2], "chroma": 1.2, "tint": [0.1, -0.1]}
    one, other = engines(exported(tmp_path, made, members=[{}, {}], camera=camera))
    np.testing.assert_allclose(one.colorize(NIR), other.colorize(NIR), atol=1e-4)
    seen, expected = (engine.networks.features(NIR[:64, :96]) for engine in (one, other))
    assert seen is not None
    assert expected is not None
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_other_kinds_of_networks_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "x.safetensors", network(SMALL))
    with pytest.raises(UsageError, match="made only of networks of the kind of `lite`"):
        export_onnx(path, tmp_path / "x.onnx")
    assert not (tmp_path / "x.onnx").exists()


def test_what_is_there_stays(path: Path) -> None:
    with pytest.raises(OutputExistsError):
        export_onnx(path, path.with_suffix(".onnx"))
    with pytest.raises(UsageError, match="needs its suffix"):
        export_onnx(path, path.with_suffix(".pt"))
