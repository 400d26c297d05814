"""What a person sees of a long job on a terminal: bars that observe its events."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any

from nircolor import events
from nircolor.batch.entry import PictureDone, Row
from nircolor.batch.result import BatchResult, Broken, FolderPlan, plural
from nircolor.batch.run import COLORIZING, LOADING
from nircolor.cli.report import Report
from nircolor.errors import display_name
from nircolor.wording import one_line

if TYPE_CHECKING:
    from rich.progress import Progress

_NAMED = 3  # files named for each reason; the manifest has all


class BatchScreen:
    """Files, megapixels a second, time left, failures so far; nothing but a terminal has the bar. With -v a line for
    each picture. ``broken``: what was done before an error.
    """

    def __init__(self, report: Report) -> None:
        hidden = report.quiet or not (sys.stderr and sys.stderr.isatty())
        self._bar = None if hidden else _bar()
        self._report, self._start, self._pixels = report, 0.0, 0
        self.broken: BatchResult | None = None

    def __enter__(self) -> BatchScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def observe(self, event: events.Event) -> None:
        if isinstance(event, events.Progress):
            if event.stage != LOADING:  # which has nothing to count
                self._advance(event)
        elif isinstance(event, PictureDone):
            self._finished(event.row, event.failed)
        elif isinstance(event, Broken):
            self.broken = event.result
        else:
            self._report.observe(event)

    def _advance(self, event: events.Progress) -> None:
        if not self._start:
            self._start = time.perf_counter()
            if self._bar:
                self._bar.start()
        if event.stage != COLORIZING:
            self._report.interrupts.check()
        if self._bar:
            self._bar.update(self._bar.task_ids[0], description=event.stage, completed=event.done, total=event.total)

    def _finished(self, row: Row, failed: int) -> None:
        self._pixels += row.width * row.height if row.status == "done" else 0
        rate = self._pixels / 1e6 / max(time.perf_counter() - self._start, 1e-9)
        if self._bar:
            self._bar.update(self._bar.task_ids[0], rate=rate, failed=failed)
        said = row.error if row.status == "failed" else f"{row.width} x {row.height}, {row.seconds} s"
        self._report.detail(f"{display_name(row.input)}: {row.status}: {said}")


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.2f} MP/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[failed]} failed"),
    )
    console = Console(stderr=True, soft_wrap=True)
    bar = Progress(*columns, console=console, transient=True, redirect_stdout=False)
    bar.add_task("", total=0, rate=0.0, failed=0)
    return bar


def show_result(result: BatchResult, report: Report, lead: str = "", **more: Any) -> None:
    """Failures by reason, what is left, the sum; and the JSON object, with ``more`` in it."""
    _show_failures(result, report)
    if result.left:
        report.say(f"stopped with {plural(result.left, 'picture')} left; go on with --resume")
    report.say(f"{lead}{result}")
    values = {name: value for name, value in result.to_json().items() if name != "warnings"}
    report.result({**values, **more, "warnings": report.warnings})


def _show_failures(result: BatchResult, report: Report) -> None:
    """On standard error, which --quiet shows too."""
    for reason in result.reasons():
        names = ", ".join(display_name(name) for name in reason.files[:_NAMED])
        more = f" and {len(reason.files) - _NAMED} more" if len(reason.files) > _NAMED else ""
        report.error(one_line(f"{plural(len(reason.files), 'file')} failed: {reason.text}: {names}{more}"))


def show_plan(plan: FolderPlan, report: Report) -> None:
    """Its pictures on standard output, its sum on standard error."""
    if not report.json and not report.quiet:
        for picture in plan.pictures:
            print(picture)
    report.say(str(plan))
    report.result({**plan.to_json(), "warnings": report.warnings})
