"""``adapt_weights``: a file that colours a user's scenes better, or none; nothing of the user's is lost on the way."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from small_adapting import PAIRS, QUICK, QUICKEST
from small_network import PLAIN, network, save

import nircolor
from nircolor import AdaptConfig, scenes
from nircolor.adapting.saved import Saved
from nircolor.adapting.trials import Trials
from nircolor.adapting.tune import drawn_back, tuned
from nircolor.calibrating.calibrate import META as CAMERA
from nircolor.calibrating.samples import found_pairs, usable_pairs
from nircolor.claim import claimed
from nircolor.errors import InputError, OutputError, OutputExistsError, UsageError, WeightsError
from nircolor.events import Progress, Reporter
from nircolor.scenes import quantise


def swap(folder: Path, *seeds: int) -> None:
    for seed in seeds:
        nir, rgb = folder / f"{seed}_nir.png", folder / f"{seed}_rgb.png"
        nir.rename(folder / "t.png")
        rgb.rename(nir)
        (folder / "t.png").rename(rgb)


def test_weights_of_ones_own(weights: Path, pairs: Path, tmp_path: Path) -> None:
    out, stages = tmp_path / "mine.safetensors", []
    result = nircolor.adapt_weights(
        str(weights),
        pairs,
        out,
        config=QUICK,
        device="cpu",
        on_event=lambda event: stages.append(event.stage) if isinstance(event, Progress) else None,
    )
    assert (result.output, result.pairs, result.scenes, result.left_out) == (str(out), PAIRS, PAIRS, PAIRS)
    assert result.after["psnr"] > result.before["psnr"] + 1
    told = ["reading", "judging", *(f"trial {n} of 4" for n in (1, 2, 3, 4))]
    assert list(dict.fromkeys(stages))[:6] == told
    assert "judged on 5 scenes that were left out" in str(result)
    meta = nircolor.verify_weights(out).meta
    assert meta["description"] == "small"
    assert "metrics" not in meta
    assert meta["adapted"]["pairs"] == PAIRS  # type: ignore[index]
    assert str(tmp_path) not in json.dumps(meta)
    assert not out.with_suffix(".adapting").exists()
    engine = nircolor.Colorizer.from_weights(str(out), device="cpu")
    assert engine.colorize(np.full((20, 20), 90, np.uint8)).shape == (20, 20, 3)
    with pytest.raises(OutputExistsError):
        nircolor.adapt_weights(str(weights), pairs, out, config=QUICK, device="cpu")


def test_nothing_is_written_where_nothing_is_better(weights: Path, pairs: Path, tmp_path: Path) -> None:
    """The pairs are what the weights paint already."""
    engine = nircolor.Colorizer.from_weights(str(weights), device="cpu")
    for path in pairs.glob("*_nir.png"):
        nir = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert nir is not None
        cv2.imwrite(str(path).replace("_nir", "_rgb"), engine.colorize(nir)[..., ::-1])
    out = tmp_path / "mine.safetensors"
    result = nircolor.adapt_weights(str(weights), pairs, out, config=replace(QUICK, steps=2), device="cpu")
    assert result.output is None
    assert "nothing is written" in str(result)
    assert not out.exists()


def test_too_few_pairs_are_refused_and_the_bad_ones_named(weights: Path, pairs: Path, tmp_path: Path) -> None:
    swap(pairs, 2)
    cv2.imwrite(str(pairs / "3_rgb.png"), cv2.imread(str(pairs / "3_nir.png")))
    warnings: list[str] = []
    with pytest.raises(InputError, match="3 of its pairs can be used, and adapting takes at least 5"):
        nircolor.adapt_weights(
            str(weights), pairs, tmp_path / "o.safetensors", on_event=lambda e: warnings.append(getattr(e, "text", ""))
        )
    told = "\n".join(warnings)
    assert "the two are exchanged; rename them the other way round" in told
    assert "3_rgb.png: the same picture as its near-infrared one" in told


@pytest.mark.skipif(sys.platform == "win32", reason="nothing is locked on Windows")
def test_a_second_run_on_the_same_output_is_refused(weights: Path, pairs: Path, tmp_path: Path) -> None:
    out = tmp_path / "o.safetensors"
    with claimed(out), pytest.raises(OutputError, match=r"o\.safetensors: another nircolor is at work on it"):
        nircolor.adapt_weights(str(weights), pairs, out)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs"]


def test_one_pair_is_refused(weights: Path, pairs: Path, tmp_path: Path) -> None:
    for path in [path for path in pairs.iterdir() if not path.name.startswith("0_")]:
        path.unlink()
    told = "1 of its pairs can be used, and adapting takes at least 5; give more, or calibrate the weights"
    with pytest.raises(InputError, match=told):
        nircolor.adapt_weights(str(weights), pairs, tmp_path / "o.safetensors")


def test_a_shifted_pair_is_registered_and_named(weights: Path, pairs: Path, tmp_path: Path) -> None:
    scene = scenes.render(9, 128, 128)
    cv2.imwrite(str(pairs / "2_nir.png"), quantise(scene.nir, 8))
    cv2.imwrite(str(pairs / "2_rgb.png"), np.roll(quantise(scene.rgb, 8)[..., ::-1], (9, 7), (0, 1)))
    config = replace(QUICK, steps=1)
    result = nircolor.adapt_weights(str(weights), pairs, tmp_path / "o.safetensors", config=config, device="cpu")
    assert result.pairs == PAIRS
    (warning,) = result.warnings
    assert warning.endswith("2_rgb.png: shifted by (7, 9) pixels onto its near-infrared picture")


def test_all_pairs_are_exchanged(weights: Path, pairs: Path, tmp_path: Path) -> None:
    swap(pairs, *range(PAIRS))
    with pytest.raises(InputError, match=r"none of its pairs can be used; the first: .*exchanged"):
        nircolor.adapt_weights(str(weights), pairs, tmp_path / "o.safetensors")


def test_more_pairs_than_it_is_for(weights: Path, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(501):
        for kind in ("nir", "rgb"):
            (folder / f"{number}_{kind}.png").touch()
    with pytest.raises(InputError, match="holds 501 pairs, and at most 500 are adapted to; train a recipe of your own"):
        nircolor.adapt_weights(str(weights), folder, tmp_path / "o.safetensors")


def test_one_scene_alone_cannot_be_left_out(weights: Path, pairs: Path, tmp_path: Path) -> None:
    rows = "".join(f"{seed},train,wall\n" for seed in range(PAIRS))
    (pairs / "split.csv").write_text("id,split,scene\n" + rows)
    with pytest.raises(InputError, match="all its pairs are of one scene"):
        nircolor.adapt_weights(str(weights), pairs, tmp_path / "o.safetensors")


def test_what_cannot_be_is_said_before_anything_is_read(weights: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    with pytest.raises(UsageError, match="safetensors only"):
        nircolor.adapt_weights("lite", gone, tmp_path / "mine.bin")
    with pytest.raises(UsageError, match="must be above 0"):
        nircolor.adapt_weights("lite", gone, tmp_path / "o.safetensors", config=AdaptConfig(minutes=0))
    with pytest.raises(InputError, match="gone"):
        nircolor.adapt_weights(str(weights), gone, tmp_path / "o.safetensors")


def test_weights_of_a_camera_are_refused(pairs: Path, tmp_path: Path) -> None:
    camera = {"tone": [0.1, 0.0], "chroma": 1.1, "tint": [0.0, 0.0]}
    path = save(tmp_path / "camera.safetensors", network(QUICKEST), **{CAMERA: camera})
    with pytest.raises(WeightsError, match="calibrated for a camera already"):
        nircolor.adapt_weights(str(path), pairs, tmp_path / "o.safetensors", config=QUICK)


def test_time_that_is_up_shortens_all_trainings(weights: Path, pairs: Path, tmp_path: Path) -> None:
    """A clock that goes on by an hour each time it is asked: every training ends at its first check."""
    hours, reporter = iter(range(0, 360000, 3600)), Reporter()
    engine = nircolor.Colorizer.from_weights(str(weights), device="cpu")
    config = replace(QUICK, steps=4, checks=2)
    saved = Saved(tmp_path / "s", {}, False, reporter)
    verdict = Trials(engine, config, saved, reporter, lambda: next(hours)).verdict(
        list(usable_pairs(found_pairs(pairs, reporter), "reading", reporter))
    )
    assert max(check.way.steps for check in saved.journal.checks) == saved.journal.steps == 2
    assert verdict.scenes == PAIRS
    assert reporter.warnings == ["time for 2 steps only, of 4: give more `minutes`"]


def test_a_short_training_is_the_beginning_of_a_long_one_and_shares_go_between(
    weights: Path, pairs: Path, tmp_path: Path
) -> None:
    engine, reporter = nircolor.Colorizer.from_weights(str(weights), device="cpu", precision="fp32"), Reporter()
    known = list(usable_pairs(found_pairs(pairs, reporter), "reading", reporter))
    config = replace(QUICK, steps=4, checks=2, keep=0.0)

    def states(steps: int) -> list[dict[str, np.ndarray]]:
        found = tuned(engine, known, [], config, steps, lambda step: None, tmp_path / f"{steps}.safetensors")
        return [{name: value.numpy().copy() for name, value in state.items()} for _, state in found]

    short, long = states(2), states(4)
    assert (len(short), len(long)) == (1, 2)
    assert all((short[0][name] == value).all() for name, value in long[0].items())
    begin, end = (
        engine.networks.network.state_dict(),
        dict(next(tuned(engine, known, [], config, 2, lambda step: None, tmp_path / "again.safetensors"))[1]),
    )
    half = drawn_back(engine, end, 0.5).networks.network.state_dict()
    name = "rgb_branch.head.weight"
    np.testing.assert_allclose(half[name], (begin[name] + end[name]) / 2, atol=1e-6)
    assert not np.allclose(begin[name], end[name])


def test_of_a_network_with_an_encoder_the_coarse_levels_learn(tmp_path: Path, weights: Path, pairs: Path) -> None:
    engine = nircolor.Colorizer.from_weights(str(save(tmp_path / "plain.safetensors", network(PLAIN))), device="cpu")
    known = list(usable_pairs(found_pairs(pairs, Reporter()), "reading", Reporter()))
    config, file = replace(QUICK, steps=1, keep=0.0), tmp_path / "checkpoint.safetensors"
    ((_, state),) = tuned(engine, known, [], config, 1, lambda step: None, file)
    changed = {name for name, value in engine.networks.network.state_dict().items() if not value.equal(state[name])}
    assert changed
    coarse = ("levels.2.", "levels.3.", "laterals.2.", "laterals.3.", "ups.1.", "ups.2.")
    assert {
        name for name in changed if not name.startswith(tuple(f"prior_branch.pyramid.{c}" for c in coarse))
    } == set()
