"""References in a batch: what each picture gets, what its row says, and what is made anew with another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from spread_tools import save_weights

import nircolor
from nircolor.batch.manifest import NAME
from nircolor.errors import InputError
from nircolor.scenes import quantise, render

SIDE = 160


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> nircolor.EngineConfig:
    return nircolor.EngineConfig(str(save_weights(tmp_path_factory.mktemp("weights"))), "cpu", "fp32")


def scene(folder: Path, name: str, seed: int, kind: str = "nir") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    pixels = quantise(getattr(render(seed, SIDE, SIDE), kind), 8)
    path = folder / name
    assert cv2.imwrite(str(path), pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[..., ::-1]))
    return path


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """Of what is done, by input."""
    lines = [json.loads(line) for line in (folder / NAME).read_text().splitlines()]
    return {line["input"]: line for line in lines if line["status"] in ("done", "kept", "failed")}


def test_each_picture_has_the_reference_of_its_name(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    one = scene(tmp_path / "in", "a_nir.png", 1)
    scene(tmp_path / "in", "b_nir.png", 2)
    day = scene(tmp_path / "days", "a_rgb.png", 1, "rgb")
    result = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, reference=tmp_path / "days")
    assert (result.done, result.failed) == (2, 0)
    found = rows(tmp_path / "out")
    assert found["a_nir.png"]["reference"]["mode"] == "place"
    assert found["b_nir.png"]["reference"] == {"mode": "none"}
    assert "as without it" in found["b_nir.png"]["warnings"][0]

    alone = nircolor.colorize_file(one, tmp_path / "alone.png", engine=engine, reference=day)
    assert alone.reference is not None
    assert alone.to_json()["reference"] == found["a_nir.png"]["reference"]
    assert (tmp_path / "out" / "a_nir_rgb.png").read_bytes() == (tmp_path / "alone.png").read_bytes()


def test_with_another_reference_it_is_made_anew(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    scene(tmp_path / "in", "a.png", 1)
    day, other = (scene(tmp_path, f"{seed}.png", seed, "rgb") for seed in (1, 2))

    def again(reference: Path | None) -> int:
        return nircolor.colorize_folder(
            tmp_path / "in", tmp_path / "out", engine=engine, reference=reference, policy="resume"
        ).done

    assert [again(None), again(day), again(day), again(other)] == [1, 1, 0, 1]


def test_a_reference_that_is_none_is_one_picture_s_fault(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    """In a folder. One for all is refused before anything is done."""
    for name, seed in (("a.png", 1), ("b.png", 2)):
        scene(tmp_path / "in", name, seed)
    scene(tmp_path / "days", "a.png", 1, "nir")
    scene(tmp_path / "days", "b.png", 2, "rgb")
    result = nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, reference=tmp_path / "days")
    assert (result.done, result.failed) == (1, 1)
    assert "is grey" in rows(tmp_path / "out")["a.png"]["error"]
    with pytest.raises(InputError, match="is grey"):
        nircolor.colorize_folder(
            tmp_path / "in", tmp_path / "none", engine=engine, reference=tmp_path / "days" / "a.png"
        )
    assert not (tmp_path / "none").exists()


def test_several_workers_have_the_reference_too(engine: nircolor.EngineConfig, tmp_path: Path) -> None:
    scene(tmp_path / "in", "a.png", 1)
    day = scene(tmp_path, "day.png", 1, "rgb")
    nircolor.colorize_folder(tmp_path / "in", tmp_path / "out", engine=engine, reference=day, workers=2)
    assert rows(tmp_path / "out")["a.png"]["reference"]["mode"] == "place"
