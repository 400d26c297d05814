"""Results to report on: rendered scenes, two fake methods, real numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from nircolor.datasets.pair import Problem
from nircolor.evaluation.metric import Borders
from nircolor.evaluation.metrics import METRICS
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.report import StripStore, write_report
from nircolor.evaluation.results import Results
from nircolor.evaluation.summary import SummaryRow
from nircolor.scenes import Scene, render

Image = NDArray[np.float32]

CHOSEN = tuple(metric for metric in METRICS if metric.key in ("psnr", "ssim", "ciede2000", "colour-ratio"))
METHODS = ("blurred", "grey copy")
SETTINGS = {"date": "2026-01-31 12:00 UTC", "split": "val", "leak check": "against 9 training pairs"}
VERSIONS = {"nircolor": "1.2.3", "numpy": np.__version__}


@cache
def rendered(seed: int, height: int, width: int) -> Scene:
    """Scenes take a third of a second each, and many tests ask for the same."""
    return render(seed, height, width)


def predict(nir: Image, truth: Image, blur: float) -> dict[str, Image]:
    return {
        "blurred": cv2.GaussianBlur(truth, (0, 0), blur).astype(np.float32),
        "grey copy": np.repeat(nir[..., None], 3, axis=2),
    }


def measure(id: str, truth: Image, predictions: Mapping[str, Image], seen: bool | None = None) -> list[SummaryRow]:
    height, width = truth.shape[:2]
    return [
        SummaryRow(
            method,
            id,
            f"scene of {id}",
            "odd" if len(id) % 2 else "even",
            width,
            height,
            {metric.key: metric.compute(image, truth, Borders()) for metric in CHOSEN},
            seen,
        )
        for method, image in predictions.items()
    ]


def fill(store: StripStore, ids: Sequence[str], size: tuple[int, int] = (48, 64)) -> list[SummaryRow]:
    """A rendered scene for each id, the first blurred least; every second one counts as seen."""
    rows = []
    for index, id in enumerate(ids):
        scene = rendered(index, *size)
        predictions = predict(scene.nir, scene.rgb, 0.5 + index)
        store.add(id, scene.nir, scene.rgb, predictions)
        rows += measure(id, scene.rgb, predictions, seen=index % 2 == 1)
    return rows


def collect(rows: Sequence[SummaryRow], **more: object) -> Results:
    results = Results(
        SRGB8,
        "rendered",
        METHODS,
        CHOSEN,
        tuple(rows),
        problems=(Problem("broken.png", "cannot be decoded; replace it"),),
        missing={"lpips": "no weights; install nircolor[lpips]"},
        settings=SETTINGS,
        versions=VERSIONS,
    )
    return replace(results, **more)  # type: ignore[arg-type]


def report(path: Path, ids: Sequence[str], **more: object) -> Results:
    """Write a report on ``ids`` to ``path``."""
    with StripStore() as store:
        results = collect(fill(store, ids), **more)
        write_report(path, results, store)
    return results
