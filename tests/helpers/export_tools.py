"""Run folders to export, and what an exported file makes of a picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from small_network import SMALL, network

from nircolor import scenes, weights
from nircolor.colorizer import Colorizer
from nircolor.model import Generator, ModelConfig
from nircolor.training.calibration import Calibration
from nircolor.training.run_export import ExportConfig, export_run

DATA = {"sources": [{"folder": "naip", "split": "train", "pairs": 220, "scenes": 220}], "validation": []}
SCORES = [
    {"step": 20, "images/s": 31.5, "pixel": 0.1},
    {"step": 20, "naip/val/psnr": 12.5, "naip/val/angle": 5.5, "vcip/psnr": 15.0},
    {"step": 40, "images/s": 30.0, "pixel": 0.05},
    {"step": 40, "naip/val/psnr": 13.0, "naip/val/angle": 5.0, "vcip/psnr": 14.0},
]


def add_weights(run: Path, name: str, step: int, model: ModelConfig = SMALL, **meta: object) -> Generator:
    made = network(model, step)
    known = {"config": model.to_dict(), "recipe": {"preset": "tiny"}, "step": step}
    weights.save(run / name, made.state_dict(), {**known, **meta})
    return made


def write_run(folder: Path) -> Path:
    """A run of 40 steps that was best at 20."""
    folder.mkdir()
    (folder / "recipe.json").write_text('{"preset": "tiny"}')
    (folder / "data.json").write_text(json.dumps(DATA))
    (folder / "log.jsonl").write_text("".join(json.dumps(record) + "\n" for record in SCORES))
    add_weights(folder, "weights.safetensors", 40)
    add_weights(folder, "best.safetensors", 20)
    return folder


def calibrated(**values: Any) -> ExportConfig:
    return ExportConfig(calibration=Calibration(**values))


def exported(run: Path, out: Path, config: ExportConfig | None = None, **options: bool | None) -> dict[str, Any]:
    return export_run(run, out, config, **options)  # type: ignore[arg-type]


def colours(name: str | Path) -> np.ndarray[Any, Any]:
    nir = scenes.quantise(scenes.render(3, 40, 56).nir, 8)
    return Colorizer.from_weights(str(name), device="cpu", precision="fp32").colorize(nir)
