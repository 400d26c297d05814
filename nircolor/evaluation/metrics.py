"""The columns of a table: every metric with its name, unit and direction, and how to choose some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nircolor.errors import UsageError
from nircolor.evaluation.colour import angular_error, ciede2000, colourfulness, colourfulness_ratio, sam
from nircolor.evaluation.fidelity import ERGAS_RATIO, ergas, psnr, psnr_ev, ssim
from nircolor.evaluation.metric import Compute, Image, Metric
from nircolor.evaluation.ms_ssim import ms_ssim
from nircolor.evaluation.seams import seam_energy

LPIPS = "lpips"
"""What the option calls it; the column is named after its backbone: lpips-squeeze, lpips-alex or lpips-vgg."""


def _of_two(function: Callable[[Image, Image], float | None]) -> Compute:
    return lambda prediction, truth, borders: function(prediction, truth)


METRICS = (
    Metric("psnr", "PSNR", "dB", "higher", 2, "signal", _of_two(psnr)),
    Metric("psnr_ev", "PSNR at best exposure", "dB", "higher", 2, "display", _of_two(psnr_ev)),
    Metric("ssim", "SSIM", "", "higher", 3, "signal", _of_two(ssim)),
    Metric("ms-ssim", "MS-SSIM", "", "higher", 3, "signal", _of_two(ms_ssim)),
    Metric("angle", "AE", "°", "lower", 2, "signal", _of_two(angular_error)),
    Metric("sam", "SAM", "rad", "lower", 4, "signal", _of_two(sam)),
    Metric("ergas", f"ERGAS (ratio {ERGAS_RATIO})", "%", "lower", 2, "signal", _of_two(ergas)),
    Metric("ciede2000", "CIEDE2000", "", "lower", 2, "display", _of_two(ciede2000)),
    Metric("colourfulness", "colourfulness", "", "none", 1, "display", _of_two(lambda p, t: colourfulness(p))),
    Metric("colour-ratio", "colour ratio", "", "one", 2, "display", _of_two(colourfulness_ratio)),
    Metric("seam", "seam energy", "", "one", 3, "signal", seam_energy),
)


def choose_metrics(names: Sequence[str], lpips: Metric | None) -> tuple[Metric, ...]:
    """The metrics of these keys in the order of ``METRICS``, all for no name at all; ``lpips`` (if its weights were
    found) stands after the structural ones. Raises UsageError for a name that is none."""
    known = {metric.key for metric in METRICS} | {LPIPS}
    for name in names:
        if name not in known:
            remedy = f"give {', '.join([*(m.key for m in METRICS), LPIPS])}"
            raise UsageError("unknown", option="metrics", value=name, remedy=remedy)
    chosen = [metric for metric in METRICS if not names or metric.key in names]
    if lpips and (not names or LPIPS in names):
        chosen.insert(sum(metric.key in ("psnr", "psnr_ev", "ssim", "ms-ssim", "angle") for metric in chosen), lpips)
    return tuple(chosen)
