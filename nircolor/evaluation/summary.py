"""What was measured: one row for each picture and method; condensed to means and medians over groups of pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from nircolor.evaluation.metric import Metric

ALL, UNSEEN = "all", "unseen scenes"


@dataclass(frozen=True)
class SummaryRow:
    """One picture, measured for one method. ``values`` maps metric keys to numbers; None where one is not defined for
    this picture. ``seen`` tells whether the leak check found its scene among the training pairs (None: not checked).
    ``reference``: id of its reference, how that was used, with which evidence; None for methods without.
    """

    method: str
    id: str
    scene: str
    kind: str
    width: int
    height: int
    values: Mapping[str, float | None]
    seen: bool | None = None
    reference: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Summary:
    """One method on one group of pictures. A metric that is defined for none of them is None."""

    method: str
    group: str
    count: int
    mean: Mapping[str, float | None]
    median: Mapping[str, float | None]


def summarise(rows: Sequence[SummaryRow], methods: Sequence[str], metrics: Sequence[Metric]) -> list[Summary]:
    """All methods on all groups, group by group: all pictures, unseen scenes (after a leak check), then each kind."""
    return [
        _summary(method, group, [row for row in rows if row.method == method and belongs(row)], metrics)
        for group, belongs in _groups(rows)
        for method in methods
    ]


def worst(rows: Sequence[SummaryRow], method: str, metric: Metric, count: int = 5) -> list[SummaryRow]:
    """The pictures that a method does worst on."""
    measured = [row for row in rows if row.method == method and row.values.get(metric.key) is not None]
    return sorted(measured, key=lambda row: badness(metric, row), reverse=True)[:count]


def badness(metric: Metric, row: SummaryRow) -> float:
    """Larger is worse; a value that is not defined counts as the best, so that it never leads a list of the worst."""
    value = row.values.get(metric.key)
    if value is None:
        return float("-inf")
    return _badness(metric, value)


def best(metric: Metric, values: Sequence[float | None]) -> set[int]:
    """Which of ``values`` are best, as they are shown: what rounds to the same number shares the place. Empty where
    there is nothing to compare, or no direction is better."""
    known = {i: round(v, metric.decimals) for i, v in enumerate(values) if v is not None}
    if len(known) < 2 or metric.better == "none":
        return set()
    bad = {i: round(_badness(metric, value), metric.decimals) for i, value in known.items()}
    return {i for i, value in bad.items() if value == min(bad.values())}


def _badness(metric: Metric, value: float) -> float:
    return {"higher": -value, "lower": value, "one": abs(value - 1), "none": 0.0}[metric.better]


def _groups(rows: Sequence[SummaryRow]) -> Iterator[tuple[str, Callable[[SummaryRow], bool]]]:
    yield ALL, lambda row: True
    if any(row.seen is not None for row in rows):
        yield UNSEEN, lambda row: row.seen is False
    kinds = sorted({row.kind for row in rows} - {""})
    for kind in kinds if len(kinds) > 1 else ():
        yield kind, lambda row, kind=kind: row.kind == kind  # type: ignore[misc]


def _summary(method: str, group: str, rows: list[SummaryRow], metrics: Sequence[Metric]) -> Summary:
    columns = {metric.key: [v for row in rows if (v := row.values.get(metric.key)) is not None] for metric in metrics}
    return Summary(
        method,
        group,
        len(rows),
        {key: fmean(values) if values else None for key, values in columns.items()},
        {key: median(values) if values else None for key, values in columns.items()},
    )
