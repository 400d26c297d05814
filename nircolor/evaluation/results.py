"""What an evaluation found: one row for each picture and method, and everything needed to understand the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nircolor.datasets.pair import Problem
from nircolor.evaluation.metric import Metric
from nircolor.evaluation.protocols import Protocol


@dataclass(frozen=True)
class Row:
    """One picture, measured for one method. ``values`` maps metric keys to numbers; None where one is not defined for
    this picture. ``seen`` tells whether the leak check found its scene among the training pairs (None: not checked).
    """

    method: str
    id: str
    scene: str
    kind: str
    width: int
    height: int
    values: Mapping[str, float | None]
    seen: bool | None = None


@dataclass(frozen=True)
class Results:
    """Rows in the order of measurement. ``missing`` maps metric keys (or ``lpips``) that could not be computed to the
    reason. ``settings`` and ``versions`` are what a reader needs to repeat the run, ready to print.
    """

    protocol: Protocol
    dataset: str
    methods: tuple[str, ...]
    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
