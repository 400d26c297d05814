from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from pictures import save

from nircolor.datasets import Pair
from nircolor.errors import DeviceError
from nircolor.evaluation.baselines import GreyCopy
from nircolor.evaluation.fidelity import psnr
from nircolor.evaluation.methods import Folder, FromNir, View
from nircolor.evaluation.metric import Borders, Image
from nircolor.evaluation.metrics import METRICS, choose_metrics
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.runner import MeasureSettings, measure
from nircolor.image import read_nir, read_rgb
from nircolor.tiling import Tiling

SETTINGS = MeasureSettings(SRGB8, choose_metrics(("psnr", "angle"), None), workers=2)


def predictions(pairs: list[Pair], folder: Path) -> Folder:
    """The truth, a little darker."""
    files = {}
    for pair in pairs:
        rgb = np.rint(read_rgb(pair.rgb).pixels * 240).astype(np.uint8)
        files[pair.id] = save(folder / f"{pair.id}.png", rgb)
    return Folder("ours", files)


def test_rows_in_order_with_the_values_of_the_metrics(pairs: list[Pair], tmp_path: Path) -> None:
    ours, calls = predictions(pairs, tmp_path / "ours"), []
    found = measure(pairs, [GreyCopy(), ours], SETTINGS, on_progress=lambda done, total: calls.append((done, total)))
    assert [(row.id, row.method) for row in found.rows] == [(p.id, m) for p in pairs for m in ("grey copy", "ours")]
    assert calls == [(n, 4) for n in (1, 2, 3, 4)]
    assert (found.problems, found.warnings) == ((), ())
    truth, prediction = read_rgb(pairs[2].rgb).pixels, read_rgb(ours.files["2"]).pixels
    row = found.rows[5]
    assert row.values["psnr"] == pytest.approx(psnr(prediction, truth))
    assert (row.scene, row.width, row.height, row.seen) == ("scene 2", 64, 48, None)


def test_one_thread_and_many_give_the_same_rows(pairs: list[Pair]) -> None:
    settings = MeasureSettings(SRGB8, METRICS)
    one, many = (measure(pairs, [GreyCopy()], dataclasses.replace(settings, workers=n)) for n in (1, 3))
    assert one == many
    assert set(one.rows[0].values) == {metric.key for metric in METRICS}


def test_seen_scenes_are_marked(pairs: list[Pair]) -> None:
    found = measure(pairs, [GreyCopy()], dataclasses.replace(SETTINGS, seen=frozenset({"1"})))
    assert [row.seen for row in found.rows] == [False, True, False, False]


def test_bad_pairs_are_named_and_the_rest_is_measured(pairs: list[Pair], tmp_path: Path) -> None:
    ours = predictions(pairs, tmp_path / "ours")
    save(ours.files["0"], np.zeros((10, 12, 3), np.uint8))
    ours.files["1"].write_bytes(ours.files["1"].read_bytes()[:300])
    save(ours.files["2"], np.zeros((48, 64, 3), np.uint16))
    found = measure(pairs, [ours], SETTINGS)
    assert [row.id for row in found.rows] == ["3"]
    size, damaged, depth = found.problems
    assert size.name == str(ours.files["0"])
    assert "12 x 10 pixels, its truth 0_rgb.png 64 x 48" in size.reason
    assert damaged.name == str(ours.files["1"])
    assert "fresh copy" in damaged.reason
    assert "is uint16, its truth 2_rgb.png is uint8" in depth.reason
    assert "`any_depth=True`" in depth.reason
    taken = measure(pairs[2:3], [dataclasses.replace(ours, any_depth=True)], SETTINGS)
    assert len(taken.rows) == 1


def test_a_bad_truth_or_nir_picture_costs_its_pair_alone(pairs: list[Pair]) -> None:
    assert pairs[0].nir
    assert pairs[2].nir
    pairs[0].nir.write_bytes(b"")
    save(pairs[1].rgb, np.zeros((20, 20, 3), np.uint8))
    save(pairs[2].nir, np.zeros((48, 64), np.uint16))
    found = measure(pairs, [GreyCopy()], SETTINGS)
    assert [row.id for row in found.rows] == ["3"]
    assert [problem.name for problem in found.problems] == [str(pair.nir) for pair in pairs[:3]]
    assert "empty" in found.problems[0].reason
    assert "64 x 48 pixels, its colour picture 1_rgb.png 20 x 20" in found.problems[1].reason
    assert "uint16, its colour picture 2_rgb.png uint8" in found.problems[2].reason


def test_pairs_without_a_prediction_are_left_out(pairs: list[Pair], tmp_path: Path) -> None:
    ours = predictions(pairs, tmp_path / "ours")
    del ours.files["1"]
    assert [row.id for row in measure(pairs, [ours], SETTINGS).rows] == ["0", "2", "3"]
    truths = [dataclasses.replace(pair, nir=None) for pair in pairs]
    assert [row.id for row in measure(truths, [GreyCopy(), ours], SETTINGS).rows] == ["0", "2", "3"]


def test_a_pair_that_is_apart_is_warned_of_by_name(pairs: list[Pair]) -> None:
    assert pairs[1].nir
    pixels = np.rint(read_nir(pairs[1].nir).pixels * 255).astype(np.uint8)
    save(pairs[1].nir, np.roll(pixels, 7, 1))
    found = measure(pairs, [GreyCopy()], SETTINGS)
    assert len(found.rows) == 4
    assert [str(pairs[1].nir) in text and "misaligned" in text for text in found.warnings] == [True]


def test_tiles_of_a_folder_are_those_it_says(pairs: list[Pair], tmp_path: Path) -> None:
    ours = predictions(pairs, tmp_path / "ours")
    settings = MeasureSettings(SRGB8, choose_metrics(("seam",), None))
    assert measure(pairs[:1], [ours], settings).rows[0].values["seam"] is None
    tiled = dataclasses.replace(ours, tiling=Tiling(32, 8))
    assert measure(pairs[:1], [tiled], settings).rows[0].values["seam"] == pytest.approx(1, abs=0.1)


def test_sinks_get_every_view_with_all_its_predictions(pairs: list[Pair], tmp_path: Path) -> None:
    seen: dict[str, list[str]] = {}
    ours = predictions(pairs[1:], tmp_path / "ours")
    measure(pairs, [GreyCopy(), ours], SETTINGS, [lambda view, of: seen.update({view.pair.id: list(of)})])
    assert seen == {"0": ["grey copy"]} | {str(i): ["grey copy", "ours"] for i in (1, 2, 3)}


@dataclasses.dataclass(frozen=True)
class OutOfMemory(FromNir):
    name: str = "greedy"

    def about(self) -> str:
        return ""

    def predict(self, view: View) -> Image:
        raise DeviceError("out of memory")

    def borders(self, shape: tuple[int, ...]) -> Borders:
        return Borders()


def test_a_device_without_memory_ends_the_run(pairs: list[Pair]) -> None:
    with pytest.raises(DeviceError):
        measure(pairs, [OutOfMemory()], SETTINGS)
