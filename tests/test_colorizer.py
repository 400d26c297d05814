from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from small_network import SMALL, network, save

from nircolor import overview, scenes, weights
from nircolor.colorizer import Colorizer
from nircolor.errors import DeviceError, UsageError, WeightsError
from nircolor.image.quantize import round_to
from nircolor.image.tone.ranks import equalize
from nircolor.model import Generator
from nircolor.overview import reduce_area
from nircolor.tiling import Tiling

CONFIG = replace(SMALL, prior_size=64, reduction=1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small network that does something."""
    return save(tmp_path_factory.mktemp("weights") / "small.safetensors", network(CONFIG))


def engine(path: Path, **options: object) -> Colorizer:
    return Colorizer.from_weights(str(path), device="cpu", **{"precision": "fp32", **options})  # type: ignore[arg-type]


NIR = scenes.quantise(scenes.render(3, 100, 130).nir, 16)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_type_and_size_stay(path: Path, dtype: type) -> None:
    nir = (NIR / 65535 * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
    rgb = engine(path).colorize(nir)
    assert rgb.shape == (100, 130, 3)
    assert rgb.dtype == dtype


def test_depths_agree(path: Path) -> None:
    colorizer = engine(path)
    exact = colorizer.colorize((NIR / 65535).astype(np.float32))
    assert np.abs(colorizer.colorize(NIR) / 65535 - exact).max() < 1e-4
    eight = np.rint(NIR / 257).astype(np.uint8)
    inner = (eight > 5) & (eight < 251)  # nearer to the ends a step of a byte changes how neutral a pixel is
    assert np.abs(colorizer.colorize(eight) / 255 - exact)[inner].max() < 0.03


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (65, 3)])
def test_any_size(path: Path, size: tuple[int, int]) -> None:
    rgb = engine(path, tiling=Tiling(32, 8)).colorize(np.full(size, 77, np.uint8))
    assert rgb.shape == (*size, 3)


def test_one_tile_is_the_network_itself(path: Path) -> None:
    colorizer, nir = engine(path), (NIR[:60, :64] / 65535).astype(np.float32)
    x = torch.from_numpy(nir)[None, None]
    with torch.no_grad():
        prior = colorizer.networks.network.prior(torch.from_numpy(reduce_area(nir, CONFIG.prior_size))[None, None])
        expected = colorizer.networks.network.paint(x, prior)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    np.testing.assert_allclose(colorizer.colorize(nir), expected, atol=2e-4)


def test_global_prior_is_decided_once_for_the_whole_picture(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for prior, sizes in (("global", {(56, 73)}), ("tile", {(64, 64)})):
        colorizer, seen = engine(path, tiling=Tiling(64, 16), prior=prior), []
        decide = colorizer.networks.network.prior
        monkeypatch.setattr(
            colorizer.networks.network, "prior", lambda x, f=decide, s=seen: s.append(x.shape[-2:]) or f(x)
        )
        colorizer.colorize(NIR)
        assert {tuple(size) for size in seen} == sizes
        assert (len(seen) == 1) == (prior == "global")


def test_large_pictures_keep_native_texture(tmp_path: Path) -> None:
    """G_A works at a reduced size; with maps that say nothing the native picture comes through untouched."""
    config = replace(CONFIG, paint_size=40)
    grey = save(tmp_path / "grey.safetensors", Generator(config))  # an affine head starts at zero
    colorizer = engine(grey, tiling=Tiling(32, 8))
    np.testing.assert_array_equal(colorizer.colorize(NIR), np.repeat(NIR[..., None], 3, 2))


def test_reduction_bounds_what_the_network_sees(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colorizer = engine(path, tiling=Tiling(32, 8))
    colorizer.networks.network.config = replace(CONFIG, paint_size=60)  # 100 x 130 is 114 squared: 1.9 times smaller
    seen: list[tuple[int, ...]] = []
    branch = colorizer.networks.network.rgb_branch
    monkeypatch.setattr(branch, "forward", lambda x, p, f=branch.forward: seen.append(tuple(x.shape[-2:])) or f(x, p))
    reduced = colorizer.colorize(NIR)
    assert set(seen) == {(32, 32)}
    colorizer.networks.network.config = replace(CONFIG, paint_size=0)
    full = colorizer.colorize(NIR)
    assert np.abs(reduced.astype(float) - full).mean() < 0.05 * 65535


def test_progress_ends_at_the_whole_picture(path: Path) -> None:
    seen: list[tuple[int, int]] = []
    engine(path, tiling=Tiling(40, 8)).colorize(NIR, on_progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_out_of_memory_retreats_then_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    colorizer = engine(path, tiling=Tiling(96, 16, batch=4), on_retreat=said.append)
    expected = colorizer.colorize(NIR)
    paint = colorizer.networks.network.paint

    def greedy(nir: torch.Tensor, prior: torch.Tensor, reduction: float) -> torch.Tensor:
        if nir.shape[0] > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return paint(nir, prior, reduction)

    monkeypatch.setattr(colorizer.networks.network, "paint", greedy)
    np.testing.assert_allclose(colorizer.colorize(NIR), expected, atol=2)  # of 65535: other kernels for other batches
    assert said

    def starved(*inputs: object) -> torch.Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes")

    monkeypatch.setattr(colorizer.networks.network, "paint", starved)
    with pytest.raises(DeviceError, match="out of memory"):
        colorizer.colorize(NIR)


def test_wrong_calls_are_refused(path: Path, tmp_path: Path) -> None:
    colorizer = engine(path)
    for nir in (np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.int32), np.zeros((4, 4), np.float64)):
        with pytest.raises(UsageError, match="uint8, uint16 or float32"):
            colorizer.colorize(nir)
    with pytest.raises(UsageError, match="`prior=local`"):
        engine(path, prior="local")
    with pytest.raises(UsageError, match="`device=toaster`"):
        Colorizer.from_weights(str(path), device="toaster")
    with pytest.raises(UsageError, match="`precision=int4`"):
        engine(path, precision="int4")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="`device=cuda:3`"):
            Colorizer.from_weights(str(path), device="cuda:3")


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    for meta in ({}, {"config": {"name": "x"}}, {"config": CONFIG.to_dict()}):
        target = tmp_path / "other.safetensors"
        weights.save(target, {"a": torch.zeros(2)}, meta)
        with pytest.raises(WeightsError, match=r"other\.safetensors: not weights of a network"):
            engine(target)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_networks_trained_on_equalised_pictures_see_them(path: Path, dtype: type) -> None:
    plain, equalising = engine(path, tiling=Tiling(64, 16)), engine(path, tiling=Tiling(64, 16))
    equalising.networks.network.config = replace(CONFIG, equalize=True)
    nir = (NIR / 65535 * 0.4 * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
    before, equal = nir.copy(), equalize(nir)
    found = equalising.colorize(nir)
    np.testing.assert_array_equal(found, plain.colorize(equal))
    np.testing.assert_array_equal(nir, before)
    top = 1 if dtype == np.float32 else np.iinfo(dtype).max
    assert np.abs(found.astype(float) - plain.colorize(nir)).max() > 0.05 * top
    twice = np.abs(equalising.colorize(equal).astype(float) - found)  # --equalize was given, too
    assert twice.max() <= (3 if dtype == np.uint8 else 1e-3 * top)


class Windowed:
    """A picture that is only there window by window, asked for from top to bottom, and never for much of it at once."""

    def __init__(self, pixels: np.ndarray, most: int) -> None:
        self._pixels, self._most, self._top = pixels, most, 0
        self.shape: tuple[int, int] = pixels.shape[0], pixels.shape[1]

    def __getitem__(self, window: tuple[slice, slice], /) -> np.ndarray:
        rows, columns = window
        assert None not in (rows.start, rows.stop, columns.start, columns.stop)
        assert rows.start >= self._top or rows.start == 0  # another pass
        self._top, part = rows.start, self._pixels[window]
        assert part.size <= self._most
        return np.array(part)


@pytest.mark.parametrize("equalize", [False, True])
@pytest.mark.parametrize("prior", ["global", "tile"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_windows_are_painted_as_the_picture_in_memory(
    path: Path, dtype: type, prior: str, equalize: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "_WINDOW", 40 * 130)
    whole = 1 if dtype == np.float32 else np.iinfo(dtype).max
    nir = (NIR / 65535 * 0.7 * whole).astype(dtype)
    colorizer = engine(path, tiling=Tiling(48, 12, 2), prior=prior)
    colorizer.networks.network.config = replace(CONFIG, equalize=equalize)
    rgb = np.full((*nir.shape, 3), np.nan, np.float32)
    for top, left, pixels in colorizer.paint(Windowed(nir, nir.size if equalize else 48 * 130)):
        part = rgb[top : top + pixels.shape[0], left : left + pixels.shape[1]]
        assert np.isnan(part).all()  # each pixel once
        part[...] = pixels
    np.testing.assert_array_equal(round_to(rgb, np.dtype(dtype)), colorizer.colorize(nir))


def test_others_use_torch_as_they_like_between_pieces(path: Path) -> None:
    for _ in engine(path, tiling=Tiling(48, 12)).paint(NIR):
        assert not torch.is_inference_mode_enabled()


def test_nothing_is_painted_before_it_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    colorizer, calls = engine(path, tiling=Tiling(48, 12)), list[int]()
    paint = colorizer.networks.network.paint
    monkeypatch.setattr(colorizer.networks.network, "paint", lambda *inputs: calls.append(1) or paint(*inputs))
    pieces = colorizer.paint(NIR)
    assert not calls
    next(pieces)
    assert len(calls) == 1


def test_reduced_picture_keeps_its_mean_and_its_bound() -> None:
    small = reduce_area(NIR, 40)
    assert small.size <= 40 * 40 * 1.05
    assert small.mean() == pytest.approx(NIR.mean() / 65535, abs=2e-3)
    np.testing.assert_allclose(reduce_area(NIR, 1000), NIR / 65535, atol=1e-6)
    assert reduce_area(np.full((3, 4000), 255, np.uint8), 16).max() == pytest.approx(1)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("shape", [(100, 130), (1, 3000), (3000, 1), (37, 4000), (900, 11)])
def test_a_picture_is_reduced_in_parts_as_it_is_whole(
    shape: tuple[int, int], dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = np.random.default_rng(0)
    picture = (chance.random(shape) * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
    rows, columns = overview.reduced_shape(shape, 24)
    edges = np.round(np.linspace(0, shape[0], rows + 1)).astype(int)
    means = [picture[a:b].mean(0, dtype=np.float32) for a, b in pairwise(edges)]
    lines = torch.nn.functional.adaptive_avg_pool1d(torch.from_numpy(np.stack(means))[None], columns)[0].numpy()
    expected = lines * np.float32(1 if dtype == np.float32 else 1 / np.iinfo(dtype).max)
    whole = reduce_area(picture, 24)
    np.testing.assert_allclose(whole, expected, rtol=1e-5)
    monkeypatch.setattr(overview, "_BAND", 1 << 10)
    monkeypatch.setattr(overview, "_NARROWEST", 8)
    np.testing.assert_array_equal(reduce_area(Windowed(picture, picture.size), 24), whole)
