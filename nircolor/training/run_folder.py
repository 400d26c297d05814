"""What the folder of a run says of it, long after: which weights there are, on what they were trained, how good."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nircolor.errors import InputError, WeightsError
from nircolor.small_file import parsed, read_small

BEST, LAST = "best.safetensors", "weights.safetensors"
CHECKPOINT = "checkpoint.safetensors"
WRITTEN = (BEST, LAST, CHECKPOINT, "texture.safetensors")
MOST_LOGGED = 1 << 30  # bytes of a log: a million steps have a tenth of it
SPEED = "images/s"  # the only name with a slash in the log that is no ``<folder>/<metric>``


def weights_of(run: Path, best: bool | None = None) -> Path:
    """The weights of the best validation, or (False) of the last step; None: the best where there are any.

    Raises InputError for a folder that holds no run, WeightsError for a run without these weights.
    """
    if not (run / "recipe.json").is_file():
        reason = "holds no run (there is no recipe.json in it)" if run.is_dir() else "is no folder"
        raise InputError(reason, path=run, remedy="give the folder that `train.run` named")
    name = BEST if best or (best is None and (run / BEST).is_file()) else LAST
    if not (run / name).is_file():
        remedy = "give `best=False`, or validate in training" if best else "let it train up to its first save"
        raise WeightsError(f"the run has no {name} yet", path=run, remedy=remedy)
    return run / name


def scores_at(run: Path, step: int) -> dict[str, dict[str, float]]:
    """What the log says of the averaged weights at ``step``: see ``by_folder``; the last word counts. Raises InputError
    for a log that cannot be read.
    """
    path = run / "log.jsonl"
    try:
        found = [record for record in _records(path) if record.get("step") == step]
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy="restore it, or remove it") from error
    return by_folder({key: value for record in found for key, value in record.items()})


def by_folder(record: object) -> dict[str, dict[str, float]]:
    """The finite scores of a record, {"<folder>/<metric>": value} -> {folder: {metric: value}}."""
    scores: dict[str, dict[str, float]] = {}
    for key, value in record.items() if isinstance(record, dict) else ():
        folder, slash, metric = key.rpartition("/")
        if slash and key != SPEED and isinstance(value, int | float) and math.isfinite(value):
            scores.setdefault(folder, {})[metric] = value
    return scores


def data_of(run: Path) -> object | None:
    """The run's own description of its pairs, without their place on this machine; None where it has none. Raises
    InputError for one that is damaged."""
    path = run / "data.json"
    try:
        found = parsed(json.loads, read_small(path).decode()) if path.is_file() else None
        return {key: value for key, value in found.items() if key != "root"} if isinstance(found, dict) else found
    except (OSError, ValueError) as error:
        raise InputError(f"cannot be read ({error})", path=path, remedy="restore it, or remove it") from error


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """A line that is no record, such as the torn last one of a run that was killed, is passed over."""
    for line in read_small(path, MOST_LOGGED).splitlines() if path.is_file() else ():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(record, dict):
            yield record
