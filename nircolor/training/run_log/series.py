"""What curves need before they are drawn: a smooth line, fewer points, a kind of axis, the name of a metric."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nircolor.evaluation.metric import Metric
from nircolor.evaluation.metrics import METRICS
from nircolor.training.run_log.records import Points

FEWEST = 8
"""Points below which there is nothing to smooth."""
_MOST = 400  # points of a line: more than there are pixels across a panel
_DECADE = 10.0


def smooth(points: Points) -> Points:
    """Mean over about a fifteenth of the points, at least five, around each: it does not lag behind."""
    half = max(2, len(points) // 30)
    window = np.ones(2 * half + 1)
    values = np.array([value for _, value in points])
    means = np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")
    return [(step, float(mean)) for (step, _), mean in zip(points, means, strict=True)]


def thin(points: Points) -> Points:
    """At most some hundred of the points, evenly chosen; the last is always among them."""
    every = -(-len(points) // _MOST)
    return points[::-1][::every][::-1] if every > 1 else points


def wants_log(values: Iterable[float]) -> bool:
    """Whether a logarithmic axis shows more: all values positive, over more than a decade."""
    found = list(values)
    return min(found) > 0 and max(found) > _DECADE * min(found)


def metric_named(key: str) -> Metric | None:
    """Title, unit and direction of what scores call ``psnr``, ``angle`` or ``lpips-squeeze``; None for other names."""
    known = {metric.key: metric for metric in METRICS}
    if key.startswith("lpips-"):
        return Metric(key, f"LPIPS-{key.removeprefix('lpips-')}", "", "lower", 4, "display", lambda p, t, borders: None)
    return known.get(key)
