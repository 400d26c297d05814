"""From a run to one file to use and to pass on: its weights, how they came about, how good they are, on what terms.

    export_run(Path("runs/mine"), Path("nircolor-mine.safetensors"), ExportConfig(license="CC BY 4.0"))

The metadata of the file: ``config`` and ``recipe`` (ModelConfig and Recipe as JSON), ``step``, ``data`` (what the run
wrote of its pairs), ``metrics`` (the run's scores at that step), ``license``, ``description`` and ``calibration``. What
is not known is left out.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from nircolor import weights
from nircolor.errors import UsageError, WeightsError
from nircolor.hub import WEIGHTS_SUFFIX
from nircolor.image.paths import check_output
from nircolor.training.run_folder import WRITTEN, by_folder, data_of, scores_at, weights_of

if TYPE_CHECKING:
    from torch import Tensor

    from nircolor.model import ModelConfig

HEAD = "rgb_branch.head."
DTYPES = {"fp32": "float32", "fp16": "float16", "bf16": "bfloat16"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExportConfig:
    """What an export adds to the run. The defaults change no weight."""

    license: str = ""
    description: str = ""
    brightness: float = 1.0  # factor of the RGB that removes a bias measured on validation; for the affine head
    prior_size: int | None = None  # side of the square that bounds what G_B sees at inference; None: as trained
    paint_size: int | None = None  # likewise for G_A with an affine head, whose gains and offsets are then enlarged
    dtype: Literal["fp32", "fp16", "bf16"] = "fp32"


def export_run(
    run: Path, out: Path, config: ExportConfig | None = None, *, best: bool | None = None, overwrite: bool = False
) -> dict[str, object]:
    """Write ``out`` and return its metadata. What is missing for passing it on, the licence first, is warned of.

    Args:
        best: the weights of the best validation, or (False) those of the last step; None: the best where there are any.

    Raises InputError for a folder that holds no run, WeightsError for a run without these weights, OutputExistsError,
    OutputError, and UsageError for a calibration that the network cannot take.
    """
    config = config or ExportConfig()
    source = weights_of(run, best)
    _check_out(out, run, overwrite)
    from nircolor.colorizer import build

    loaded = weights.load(source)
    trained = build(loaded).config
    model = calibrated(trained, config)
    state = scale_brightness(loaded.state, config.brightness) if config.brightness != 1 else loaded.state
    meta: dict[str, Any] = {"config": model.to_dict(), **_history(run, loaded), **_terms(config)}
    if "metrics" in meta and (changes := list(_changes(trained, config))):
        meta["metrics"]["measured_before"] = changes
    weights.save(out, _cast(state, config.dtype), meta)
    return weights.read_meta(out)


def calibrated(model: ModelConfig, config: ExportConfig) -> ModelConfig:
    """The model with the sizes asked for. Raises UsageError where it cannot take the calibration."""
    if not (math.isfinite(config.brightness) and config.brightness > 0):
        raise UsageError(f"--brightness {config.brightness}: must be a number above 0")
    if model.head != "affine" and (config.brightness != 1 or config.paint_size):
        option = "--brightness" if config.brightness != 1 else "--paint-size"
        raise UsageError(
            f"{option}: for networks with an affine head only; this one's is {model.head}, so leave it out"
        )
    prior = model.prior_size if config.prior_size is None else config.prior_size
    paint = model.paint_size if config.paint_size is None else config.paint_size
    return replace(model, prior_size=prior, paint_size=paint)


def scale_brightness(state: Mapping[str, Tensor], factor: float) -> dict[str, Tensor]:
    """Weights whose RGB is ``factor`` times as bright, exactly: for the affine head rgb = nir (1 + gain) + offset.

    gain becomes factor (1 + gain) - 1, and offset factor times offset.
    """
    weight, bias = state[f"{HEAD}weight"] * factor, state[f"{HEAD}bias"] * factor
    bias[:3] += factor - 1  # the first three channels are the gains
    return {**state, f"{HEAD}weight": weight, f"{HEAD}bias": bias}


def _check_out(out: Path, run: Path, overwrite: bool) -> None:
    if out.suffix != WEIGHTS_SUFFIX:
        raise UsageError(f"{out}: weights are saved as safetensors only; end the name in {WEIGHTS_SUFFIX}")
    if out.resolve() in [(run / name).resolve() for name in WRITTEN]:
        raise UsageError(f"{out}: is a file of the run itself, which stays as it is; choose another name")
    check_output(out, overwrite)


def _history(run: Path, loaded: weights.Weights) -> dict[str, Any]:
    """What is known of the training: the file's own word first, since the run may have gone on, then the folder's."""
    recipe, step = loaded.meta.get("recipe"), loaded.meta.get("step")
    if not isinstance(recipe, dict) or not isinstance(step, int):
        raise WeightsError(f"{loaded.path}: has no recipe or no step in it; only weights of `nircolor train` have both")
    history: dict[str, Any] = {"recipe": recipe, "step": step}
    if data := loaded.meta.get("data") or data_of(run):
        history["data"] = data
    else:
        _log.warning("%s: has no data.json; the file will say what it was trained on by its recipe alone", run)
    if scores := by_folder(loaded.meta.get("metrics")) or scores_at(run, step):
        history["metrics"] = {"protocol": "srgb8", "scores": scores}
    else:
        _log.warning("%s: its log has no scores of step %d; the file will not say how good it is", run, step)
    return history


def _terms(config: ExportConfig) -> dict[str, Any]:
    if not config.license.strip():
        _log.warning("no --license: weights without a licence cannot be passed on")
    texts = {"license": config.license.strip(), "description": config.description.strip()}
    known: dict[str, Any] = {key: text for key, text in texts.items() if text}
    return known | ({"calibration": {"brightness": config.brightness}} if config.brightness != 1 else {})


def _changes(trained: ModelConfig, config: ExportConfig) -> Iterator[str]:
    """What sets the exported weights apart from those that the run measured."""
    if config.brightness != 1:
        yield f"brightness {config.brightness:g}"
    for name in ("prior_size", "paint_size"):
        if getattr(config, name) not in (None, getattr(trained, name)):
            yield f"{name} {getattr(config, name)}"
    if config.dtype != "fp32":
        yield f"storage as {config.dtype}"


def _cast(state: Mapping[str, Tensor], dtype: str) -> dict[str, Tensor]:
    import torch

    cast = {name: t.to(getattr(torch, DTYPES[dtype])) if t.is_floating_point() else t for name, t in state.items()}
    for name, tensor in cast.items():
        if not torch.equal(torch.isfinite(tensor), torch.isfinite(state[name])):
            raise UsageError(f"--dtype {dtype}: {name} holds values too large for it; take bf16 or fp32")
    return cast
