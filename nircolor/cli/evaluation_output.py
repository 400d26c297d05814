"""Where the results of ``nircolor evaluate`` go: files, checked before the work, the terminal, or JSON."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from importlib import metadata
from types import TracebackType
from typing import TYPE_CHECKING

from nircolor import __version__
from nircolor.cli.report import Advance, Report
from nircolor.errors import OutputExistsError, UsageError

if TYPE_CHECKING:
    from nircolor.cli.evaluation import Job
    from nircolor.datasets.pair import Dataset, Problem
    from nircolor.evaluation.methods import Method, View
    from nircolor.evaluation.metric import Image
    from nircolor.evaluation.results import Results
    from nircolor.evaluation.runner import Measured, Settings, Sink

NOWHERE = "not defined for any of these pictures"
UNDEFINED = {"seam": "no picture is known to be tiled; say how predictions were tiled with --tile and --overlap"}
PACKAGES = ("numpy", "opencv-python-headless", "scikit-image", "torch")


def check_outputs(job: Job) -> None:
    """Refuse before the work what could not be written after it. Raises UsageError, OutputError."""
    from nircolor.files import check_output

    files = [path for path in (job.report, job.csv, job.leaks) if path]
    if len({path.resolve() for path in files}) < len(files):
        raise UsageError("--report, --csv and --leaks: two of them name one file")
    for path in files:
        check_output(path, job.overwrite)
    if job.leaks and not job.train:
        raise UsageError("--leaks: there is nothing to compare with; name the training pairs with --train")
    if job.save and job.save.is_dir() and any(job.save.iterdir()) and not job.overwrite:
        raise OutputExistsError(f"--save {job.save}: holds files already; choose another folder or add --overwrite")


class Outputs:
    """The files that a job asks for. ``sinks`` take pictures while they are measured; ``write`` does the rest."""

    def __init__(self, job: Job) -> None:
        from nircolor.evaluation.report import StripStore

        self._job, self._stack = job, ExitStack()
        self._strips = self._stack.enter_context(StripStore()) if job.report else None
        self.sinks: list[Sink] = []
        if self._strips:
            self.sinks.append(self._keep_strip)
        if job.save:
            self.sinks.append(self._save)

    def __enter__(self) -> Outputs:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, results: Results, advance: Advance) -> None:
        """The CSV file and the report."""
        from nircolor.evaluation.export import write_csv
        from nircolor.evaluation.report import write_report

        if self._job.csv and results.methods:
            write_csv(self._job.csv, results, self._job.overwrite)
        if self._job.report and self._strips and results.methods:
            advance("writing the report", 0, 0)
            write_report(self._job.report, results, self._strips, overwrite=self._job.overwrite)

    def _keep_strip(self, view: View, predictions: Mapping[str, Image]) -> None:
        if self._strips:
            self._strips.add(view.pair.id, view.nir, view.truth, predictions)

    def _save(self, view: View, predictions: Mapping[str, Image]) -> None:
        """DIR/<weights>/<id>.png; without <weights> where there is one of them."""
        from nircolor.image import write_rgb

        for label in self._job.weights:
            if label in predictions and self._job.save:
                folder = self._job.save / (re.sub(r"[^\w.=-]+", "_", label) if len(self._job.weights) > 1 else "")
                path = folder / f"{view.pair.id}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                depth = 8 if view.depth == "uint8" else 16
                write_rgb(path, predictions[label], depth=depth, overwrite=self._job.overwrite)


def collect(
    job: Job,
    dataset: Dataset,
    methods: Sequence[Method],
    settings: Settings,
    missing: Mapping[str, str],
    found: Measured,
    problems: Sequence[Problem],
    trained: int,
) -> Results:
    """Everything that a reader needs to understand the numbers, and to repeat them."""
    from nircolor.evaluation.results import Results

    metrics = [m for m in settings.metrics if any(row.values[m.key] is not None for row in found.rows)]
    undefined = {m.key: UNDEFINED.get(m.key, NOWHERE) for m in settings.metrics if m not in metrics}
    undefined = undefined if found.rows else {}  # then it says nothing about the metrics
    return Results(
        protocol=settings.protocol,
        dataset=str(dataset.root),
        methods=tuple(method.name for method in methods),
        metrics=tuple(metrics),
        rows=found.rows,
        problems=tuple(problems),
        warnings=found.warnings,
        missing={**missing, **undefined},
        settings=_settings(job, dataset, methods, settings, trained),
        versions=_versions(),
    )


def _settings(
    job: Job, dataset: Dataset, methods: Sequence[Method], settings: Settings, trained: int
) -> dict[str, str]:
    leaks = "not made: --train names no training pairs"
    if settings.seen is not None:
        leaks = (
            f"against {trained} training pairs; {len(settings.seen)} of {len(dataset.pairs)} pictures show their scenes"
        )
    return {
        "date": datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        "data": str(dataset.root),
        "layout": dataset.layout,
        "split": dataset.split,
        "split from": dataset.split_origin,
        "leak check": leaks,
        "near-infrared": f"stretch {job.stretch}" + (", histogram equalised" if job.equalize else ""),
        **{method.name: method.about() for method in methods},
    }


def _versions() -> dict[str, str]:
    found = {"nircolor": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # opencv comes under several names
            continue
    return found


def tell(results: Results, report: Report) -> None:
    """Problems by name on standard error; the table, or the JSON object, on standard output."""
    from nircolor.cli.evaluation_table import print_results
    from nircolor.evaluation.export import to_json

    for warning in results.warnings:
        report.warn(warning)
    for problem in results.problems:
        report.error(f"{problem}")
    if report.json:
        report.result({**to_json(results), "warnings": report.warnings})
    elif results.methods:
        sys.stdout.flush()
        print_results(results)
