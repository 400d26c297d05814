"""Scores during training: what ``nircolor evaluate`` would say of the weights of now, protocol srgb8, native size."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from nircolor.colorizer import Colorizer, EngineInfo
from nircolor.datasets import Pair
from nircolor.device import choose_device, choose_precision, precision_name
from nircolor.errors import InputError
from nircolor.evaluation.methods import Network
from nircolor.evaluation.metric import Metric
from nircolor.evaluation.metrics import choose_metrics
from nircolor.evaluation.perceptual import lpips_metric
from nircolor.evaluation.protocols import SRGB8
from nircolor.evaluation.runner import Settings, measure
from nircolor.model import Generator
from nircolor.scan import choose as choose_scan
from nircolor.tiling import Tiling


def validation_metrics(lpips_weights: str) -> tuple[Metric, ...]:
    """PSNR, angular error and, where a file of its weights is named, LPIPS-squeeze."""
    lpips = lpips_metric("squeeze", lpips_weights) if lpips_weights else None
    return choose_metrics(("psnr", "angle", "lpips"), lpips)


def validate(network: Generator, pairs: Sequence[Pair], metrics: tuple[Metric, ...]) -> dict[str, float]:
    """Mean of each metric over the pairs, by its key. Raises InputError for a pair that cannot be measured."""
    device = choose_device("cpu")
    precision = precision_name(choose_precision("auto", device))
    info = EngineInfo(str(device), choose_scan(device), precision, "of this step", "")
    engine = Colorizer(network.eval().to(device), info, Tiling())
    found = measure(pairs, [Network("network", engine)], Settings(SRGB8, metrics))
    if found.problems:
        raise InputError(str(found.problems[0]))
    known = {metric.key: [row.values[metric.key] for row in found.rows] for metric in metrics}
    return {key: fmean(value for value in values if value is not None) for key, values in known.items()}
