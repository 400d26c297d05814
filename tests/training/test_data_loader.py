"""Batches: a pure function of seed and number, in order, from pairs that are decoded once and may be bad."""

from __future__ import annotations

import threading
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
import torch
from clock import Clock

from nircolor import scenes
from nircolor.datasets import Pair, open_dataset
from nircolor.errors import InputError, UsageError
from nircolor.image.tone.ranks import equalize
from nircolor.training import data_loader as module
from nircolor.training.augment import AugmentConfig
from nircolor.training.data_loader import DataLoader, PairSource, TrainingBatch
from nircolor.training.pairs import RenderedPair

SIDE = 16
TINY = AugmentConfig(size=8)
STILL = AugmentConfig(size=SIDE, min_view=1, stretch=0, max_zoom=1, gamma=0, gain=0, noise=0)
SCENE = scenes.render(3, SIDE * 14, SIDE * 15)


def part(index: int) -> tuple[np.ndarray, np.ndarray]:
    """The index-th square of the scene."""
    top, left = SIDE * (index // 15), SIDE * (index % 15)
    here = np.s_[top : top + SIDE, left : left + SIDE]
    return SCENE.nir[here], SCENE.rgb[here]


def write(folder: Path, count: int, depth: int = 8) -> list[Pair]:
    for index in range(count):
        nir, rgb = (scenes.quantise(image, depth) for image in part(index))
        cv2.imwrite(str(folder / f"{index:03}_nir.png"), nir)
        cv2.imwrite(str(folder / f"{index:03}_rgb.png"), rgb[..., ::-1])
    return list(open_dataset(folder).pairs)


def fail(text: str) -> None:
    pytest.fail(f"warned: {text}")


def loader(pairs: list[Pair], augment: AugmentConfig = TINY, batch: int = 8, **options: object) -> DataLoader:
    return DataLoader([PairSource(pairs)], augment, 5, batch, **{"on_warning": fail, **options})  # type: ignore[arg-type]


def tensors(batch: TrainingBatch) -> list[torch.Tensor]:
    return [batch.view_nir, batch.view_rgb, batch.nir, batch.rgb, batch.boxes]


def equal(a: TrainingBatch, b: TrainingBatch) -> bool:
    return all(torch.equal(x, y) for x, y in zip(tensors(a), tensors(b), strict=True))


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    return write(tmp_path_factory.mktemp("pairs"), 12)


@pytest.fixture
def many(tmp_path: Path) -> list[Pair]:
    return write(tmp_path, 200)


# --- a pure function --------------------------------------------------------------------------------------------------


def test_a_batch_depends_on_seed_and_number_alone(pairs: list[Pair]) -> None:
    made = [loader(pairs).make(number) for number in range(3, 9)]
    for workers in (1, 3):
        batches = loader(pairs, workers=workers).batches(3)
        assert all(equal(a, b) for a, b in zip(made, islice(batches, 6), strict=True))
        batches.close()
    assert not equal(made[0], made[1])
    assert not equal(DataLoader([PairSource(pairs)], TINY, 6, 8).make(3), made[0])
    assert not torch.equal(made[0].nir[0], made[0].nir[1])


@pytest.mark.parametrize("world", [1, 2, 4, 8])
def test_the_shares_of_all_processes_make_the_whole_batch(pairs: list[Pair], world: int) -> None:
    shares = [tensors(loader(pairs, share=(rank, world)).make(7)) for rank in range(world)]
    for whole, parts in zip(tensors(loader(pairs).make(7)), zip(*shares, strict=True), strict=True):
        assert torch.equal(torch.cat(parts), whole)


def test_shapes_and_range(pairs: list[Pair]) -> None:
    batch = loader(pairs).make(0)
    assert batch.nir.shape == batch.view_nir.shape == (8, 1, 8, 8)
    assert batch.rgb.shape == batch.view_rgb.shape == (8, 3, 8, 8)
    assert batch.boxes.shape == (8, 4)
    for tensor in tensors(batch):
        assert tensor.dtype == torch.float32
        assert tensor.min() >= 0
        assert tensor.max() <= 1 + 1e-6


def test_sources_are_drawn_by_weight_and_scenes_alike(pairs: list[Pair]) -> None:
    often, once, other = pairs[:6], pairs[6], pairs[7]
    scene = [Pair(pair.id, pair.nir, pair.rgb, "one scene") for pair in often]
    sources = [PairSource([*scene, once], 0.8), PairSource([other], 0.2)]
    drawn = DataLoader(sources, STILL, 0, 500).make(0).rgb.sum((1, 2, 3)).numpy()  # mirrored or not
    sums = [part(index)[1] for index in range(8)]
    sums = np.array([scenes.quantise(rgb, 8).sum() / 255 for rgb in sums])
    found = np.bincount(np.abs(drawn[:, None] - sums).argmin(1), minlength=8) / 500
    np.testing.assert_allclose([found[:6].sum(), found[6], found[7]], [0.4, 0.4, 0.2], atol=0.06)


def test_wrong_calls_are_refused(pairs: list[Pair]) -> None:
    for share, batch in (((0, 3), 8), ((2, 2), 8), ((0, 1), 0)):
        with pytest.raises(UsageError, match=f"optim.batch = {batch}: "):
            loader(pairs, batch=batch, share=share)
    for sources in ([], [PairSource(pairs), PairSource([])]):
        with pytest.raises(UsageError, match="no pairs to train on"):
            DataLoader(sources, TINY, 0, 8)


# --- what is decoded --------------------------------------------------------------------------------------------------


def test_pictures_are_decoded_once(tmp_path: Path) -> None:
    pairs = write(tmp_path, 4)
    batches = loader(pairs)
    first = [batches.make(number) for number in range(6)]
    for path in tmp_path.iterdir():
        path.unlink()
    assert all(equal(batches.make(number), batch) for number, batch in enumerate(first))


def test_beyond_its_memory_it_decodes_again_and_says_so_once(pairs: list[Pair]) -> None:
    said: list[str] = []
    small = loader(pairs, cache_bytes=3000, on_warning=said.append)  # two pairs
    assert all(equal(small.make(number), loader(pairs).make(number)) for number in range(4))
    assert len(said) == 1
    assert said[0].startswith("cache: about 0 MiB of decoded pictures do not fit into 0 MiB")


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    (pair,) = write(tmp_path, 1, depth=16)
    found = loader([pair], STILL, 1).make(0)
    nir, rgb = part(0)
    mirrored = found.nir[0, 0, 0, 0] != pytest.approx(nir[0, 0], abs=1e-5)
    turn = np.s_[:, ::-1] if mirrored else np.s_[:]
    np.testing.assert_allclose(found.nir[0, 0], nir[turn], atol=1.01 / 131070)
    np.testing.assert_allclose(found.rgb[0].permute(1, 2, 0), rgb[turn], atol=1.01 / 131070)


def test_equalised_is_what_the_colorizer_makes_of_it(pairs: list[Pair]) -> None:
    found = loader([pairs[2]], STILL, 6, equalize=True).make(0).nir[:, 0]
    expected = torch.from_numpy(equalize(scenes.quantise(part(2)[0], 8)) / np.float32(255))
    for image in found:
        assert torch.equal(image, expected) or torch.equal(image, expected.flip(1))
    assert not torch.equal(found, loader([pairs[2]], STILL, 6).make(0).nir[:, 0])


def test_large_pictures_are_reduced_before_they_are_kept(tmp_path: Path) -> None:
    scene = scenes.render(1, 60, 120)
    tifffile.imwrite(tmp_path / "a_nir.tif", scenes.quantise(scene.nir, 8))
    tifffile.imwrite(tmp_path / "a_rgb.tif", scenes.quantise(scene.rgb, 8), photometric="rgb")
    pairs, said = list(open_dataset(tmp_path).pairs), list[str]()
    loader(pairs, AugmentConfig(size=8, long_side=40), cache_bytes=40 * 20 * 4).make(0)  # fits: fail is not called
    loader(pairs, AugmentConfig(size=8, long_side=40), cache_bytes=40 * 20 * 4 - 1, on_warning=said.append).make(0)
    assert len(said) == 1


# --- bad pairs --------------------------------------------------------------------------------------------------------


def test_a_bad_pair_is_named_once_and_drawn_again(many: list[Pair]) -> None:
    before = [loader(many, batch=64).make(number) for number in range(12)]
    damaged = many[17].rgb
    damaged.write_bytes(damaged.read_bytes()[:60])
    said: list[str] = []
    broken = loader(many, batch=64, on_warning=said.append)
    after = [broken.make(number) for number in range(12)]
    assert len(said) == 1
    assert str(damaged) in said[0]
    assert said[0].endswith("(the pair is skipped)")
    changed = sum(int((a.nir != b.nir).flatten(1).any(1).sum()) for a, b in zip(before, after, strict=True))
    assert 1 <= changed <= 15, "768 samples of 200 pairs: about four of this one"
    again = loader(many, batch=64, on_warning=said.append)
    assert all(equal(again.make(number), batch) for number, batch in enumerate(after))


def test_pictures_of_unequal_size_are_a_bad_pair(many: list[Pair]) -> None:
    cv2.imwrite(str(many[3].nir), np.zeros((SIDE, SIDE + 2), np.uint8))
    said: list[str] = []
    uneven = loader(many, batch=64, on_warning=said.append)
    for number in range(12):
        uneven.make(number)
    (warning,) = said
    assert "003_nir.png: 18 x 16, but " in warning
    assert "003_rgb.png: 16 x 16; register" in warning


def test_many_bad_pairs_end_the_run(many: list[Pair]) -> None:
    for pair in (many[5], many[50], many[150]):
        pair.rgb.unlink()
    said, before = list[str](), set(threading.enumerate())
    batches = loader(many, batch=64, on_warning=said.append).batches(0)
    with pytest.raises(InputError, match=r"_rgb\.png: .*bad pair 3 of 200: more than 1%.* resume") as raised:
        list(islice(batches, 30))
    assert "\n" not in str(raised.value)
    assert len(said) == 2
    assert set(threading.enumerate()) <= before


# --- threads ----------------------------------------------------------------------------------------------------------


def test_closing_ends_the_threads(pairs: list[Pair]) -> None:
    before = set(threading.enumerate())
    batches = loader(pairs, workers=3).batches(0)
    next(batches)
    assert 1 <= len(set(threading.enumerate()) - before) <= 3
    batches.close()
    assert set(threading.enumerate()) <= before


def test_it_looks_ahead_but_not_endlessly(pairs: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    ahead, made = loader(pairs, workers=2), []
    make = ahead.make
    monkeypatch.setattr(ahead, "make", lambda number: made.append(number) or make(number))
    batches = ahead.batches(0)
    next(batches)
    while len(made) < 5:
        time.sleep(0.01)
    time.sleep(0.05)  # for a sixth, which must not come
    assert sorted(made) == [0, 1, 2, 3, 4]
    batches.close()


def test_waiting_is_counted_and_nothing_else(pairs: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    slow, clock, ready = loader(pairs, workers=1), Clock(), threading.Event()
    batch = slow.make(0)

    def make(number: int) -> TrainingBatch:
        """The first three are waited for, a second each; for each, the clock is read before and after."""
        if number < 3:
            clock.go_on(1, asked=1 + 2 * number)
        if number == 4:
            ready.set()
        return batch

    monkeypatch.setattr(slow, "make", make)
    monkeypatch.setattr(module, "time", clock)
    assert slow.waited_seconds == 0
    batches = slow.batches(0)
    list(islice(batches, 3))
    assert slow.waited_seconds == 3
    assert ready.wait(300)  # two batches lie ready
    clock.go_on(10)
    next(batches)
    assert slow.waited_seconds == 3
    batches.close()


def test_rendered_scenes_are_drawn_beside_photographs(pairs: list[Pair]) -> None:
    rendered = RenderedPair(3, 40)
    nir, rgb = rendered.load()
    assert (nir.shape, rgb.shape, nir.dtype) == ((40, 40), (40, 40, 3), np.uint8)
    alone = DataLoader([PairSource([rendered])], STILL, 0, 2, workers=1).make(0)
    assert {round(float(batch.mean()), 2) for batch in alone.view_rgb} == {round(float(rgb.mean()) / 255, 2)}
    both = DataLoader([PairSource(pairs), PairSource([rendered])], TINY, 0, 8)
    assert equal(both.make(1), both.make(1))
