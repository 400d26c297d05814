"""From the options of ``nircolor evaluate`` to results: refuse early, find the pairs, measure, tell."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from nircolor.cli.report import Advance, Report

if TYPE_CHECKING:
    from nircolor.evaluation.results import Results


@dataclass(frozen=True)
class Job:
    """The command line of ``nircolor evaluate``, parsed."""

    predictions: tuple[str, ...]
    data: str
    weights: tuple[str, ...]
    baselines: tuple[str, ...]
    device: str
    precision: str
    prior: Literal["global", "tile"]
    tile: int | None
    overlap: int | None
    resize: int
    split: str
    layout: str
    split_file: Path | None
    seed: int
    train: tuple[str, ...]
    stretch: str
    equalize: bool
    protocol: str
    metrics: tuple[str, ...]
    lpips: str
    lpips_weights: str | None
    any_depth: bool
    workers: int | None
    report: Path | None
    csv: Path | None
    leaks: Path | None
    save: Path | None
    overwrite: bool


def run(job: Job, report: Report) -> bool:
    """Do the job. True when something could not be measured. Raises the errors of nircolor/errors.py."""
    from nircolor.cli.evaluation_methods import check_methods
    from nircolor.cli.evaluation_output import check_outputs, tell
    from nircolor.evaluation.protocols import find_protocol
    from nircolor.image import Stretch

    find_protocol(job.protocol)
    Stretch.parse(job.stretch)
    check_methods(job)
    check_outputs(job)
    with report.progress() as advance:
        results = _evaluate(job, report, advance)
    tell(results, report)
    return bool(results.problems)


def _evaluate(job: Job, report: Report, advance: Advance) -> Results:
    from nircolor.cli.evaluation_data import check_leaks, find_metrics, find_pairs, training_pairs
    from nircolor.cli.evaluation_methods import make_methods
    from nircolor.cli.evaluation_output import Outputs, collect
    from nircolor.evaluation.protocols import find_protocol
    from nircolor.evaluation.runner import Settings, measure
    from nircolor.image import Stretch

    protocol = find_protocol(job.protocol)
    dataset = find_pairs(job, report, advance)
    train = training_pairs(job, report)
    methods, unmatched = make_methods(job, dataset.pairs, train, report, advance)
    metrics, missing = find_metrics(job, protocol)
    unread, seen = check_leaks(job, train, dataset.pairs, report, advance)
    settings = Settings(protocol, metrics, seen, job.any_depth, Stretch.parse(job.stretch), job.equalize, job.workers)
    with ExitStack() as stack:
        outputs = stack.enter_context(Outputs(job))
        pairs = dataset.pairs if methods else ()
        found = measure(pairs, methods, settings, outputs.sinks, lambda done, all: advance("measuring", done, all))
        problems = (*dataset.problems, *unmatched, *unread, *found.problems)
        results = collect(job, dataset, methods, settings, missing, found, problems, len(train))
        outputs.write(results, advance)
    return results
