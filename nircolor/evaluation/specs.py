"""What ``nircolor evaluate`` measures, from words to methods: folders, weights with settings, baselines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nircolor.cli.engine import check_device, check_weights, load_engine, locate_weights
from nircolor.cli.report import Advance, Report
from nircolor.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nircolor.cli.evaluation import Job
    from nircolor.datasets.pair import Pair, Problem
    from nircolor.evaluation.methods import Method
    from nircolor.tiling import Tiling

BASELINES = ("grey", "lut")
_SETTING = re.compile(r"\s+(prior|tile|overlap|resize)=(\S+)$")


@dataclass(frozen=True)
class WeightsSpec:
    """Weights and how they are to work; ``label`` is the row's name in the table, as it was given."""

    label: str
    name: str
    prior: Literal["global", "tile"]
    tile: int
    overlap: int
    resize: int

    @property
    def tiling(self) -> Tiling:
        from nircolor.tiling import Tiling

        return Tiling(self.tile, self.overlap)


def parse_spec(text: str, job: Job) -> WeightsSpec:
    """``NAME [prior=global|tile] [tile=N] [overlap=N] [resize=N]``: the settings stand last, so that a path may hold
    spaces. What is not set comes from the options. Raises UsageError."""
    from nircolor.tiling import Tiling

    settings: dict[str, str] = {}
    name = text
    while match := _SETTING.search(name):
        settings.setdefault(match[1], match[2])
        name = name[: match.start()]
    defaults = Tiling()
    spec = WeightsSpec(text, name, job.prior, job.tile or defaults.tile, _overlap(job), job.resize)
    for key, value in settings.items():
        spec = _with(spec, key, value)
    if spec.resize < 0:
        raise UsageError(f"--weights {text!r}: resize={spec.resize}: give a side of 1 pixel or more")
    spec.tiling  # noqa: B018  (refuses what is no tiling)
    return spec


def _overlap(job: Job) -> int:
    from nircolor.tiling import Tiling

    return Tiling().overlap if job.overlap is None else job.overlap


def _with(spec: WeightsSpec, key: str, value: str) -> WeightsSpec:
    if key == "prior":
        if value not in ("global", "tile"):
            raise UsageError(f"--weights {spec.label!r}: prior={value}: give global or tile")
        return replace(spec, prior="global" if value == "global" else "tile")
    if not value.isdecimal():
        raise UsageError(f"--weights {spec.label!r}: {key}={value}: give a number of pixels")
    return replace(spec, **{key: int(value)})  # type: ignore[arg-type]


def check_methods(job: Job) -> None:
    """Refuse what cannot be, before anything is read. Raises UsageError, WeightsError."""
    check_device(job.device)
    labels = [*job.predictions, *job.weights, *job.baselines]
    for label in labels:
        if labels.count(label) > 1:
            raise UsageError(f"{label} is given twice; name each method once")
    for name in job.baselines:
        if name not in BASELINES:
            raise UsageError(f"--baseline {name}: unknown; give {' or '.join(BASELINES)}")
    if "lut" in job.baselines and not job.train:
        raise UsageError("--baseline lut: it is made from training pairs; name them with --train")
    if not labels and not job.leaks:
        raise UsageError("nothing to measure: give a folder of predictions before DATA, --weights, or --baseline")
    if job.save and not job.weights:
        raise UsageError("--save keeps what is colorized now: add --weights")
    for text in job.weights:
        check_weights(parse_spec(text, job).name)


def make_methods(
    job: Job, pairs: Sequence[Pair], train: Sequence[Pair], report: Report, advance: Advance
) -> tuple[list[Method], list[Problem]]:
    """The methods in the order of the table (baselines, folders, weights), and predictions that are not there."""
    from nircolor.datasets import match_predictions
    from nircolor.evaluation.baselines import GreyCopy, LookupTable
    from nircolor.evaluation.methods import Folder, Network
    from nircolor.tiling import Tiling

    if (job.weights or job.baselines) and not any(pair.nir for pair in pairs):
        raise UsageError(f"{job.data}: holds no near-infrared pictures to colorize; give folders of predictions alone")
    methods: list[Method] = []
    problems: list[Problem] = []
    if "grey" in job.baselines:
        methods.append(GreyCopy())
    if "lut" in job.baselines:
        methods.append(LookupTable.from_pairs(train, lambda done, total: advance("lookup table", done, total)))
    tiling = Tiling(job.tile, _overlap(job)) if job.tile else None
    for folder in job.predictions:
        files, found = match_predictions(Path(folder), pairs)
        problems += found
        methods.append(Folder(folder, files, tiling, job.any_depth))
    for text in job.weights:
        spec = parse_spec(text, job)
        path = locate_weights(spec.name, report)
        advance("loading the weights", 0, 0)
        engine = load_engine(path, spec.name, job.device, job.precision, spec.tiling, spec.prior, report)
        methods.append(Network(spec.label, engine, spec.resize))
    return methods, problems
