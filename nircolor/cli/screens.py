"""What a person sees of a batch: a bar while it works, a table of failures when it is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nircolor.cli.report import Report, one_line
from nircolor.errors import display_name

if TYPE_CHECKING:
    from nircolor.batch.outcome import Outcome
    from nircolor.batch.plan import Entry
    from nircolor.batch.row import Row

_NAMED = 3  # files named for each reason; the manifest has all


class Screen:
    """A bar on a terminal: files, megapixels a second, time left, failures so far. With -v a line for each picture."""

    def __init__(self, report: Report, outcome: Outcome) -> None:
        hidden = report.quiet or not (sys.stderr and sys.stderr.isatty())
        columns = (
            TextColumn("colorizing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.2f} MP/s"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[failed]} failed"),
        )
        console = Console(stderr=True, soft_wrap=True)
        self._progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=hidden)
        self._task = self._progress.add_task("", total=0, rate=0.0, failed=0)
        self._report, self._outcome, self._start = report, outcome, time.perf_counter()

    def __enter__(self) -> Screen:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def expect(self, entries: Sequence[Entry]) -> None:
        """More work."""
        task = self._progress.tasks[self._task]
        self._progress.update(self._task, total=(task.total or 0) + len(entries))

    def advance(self, row: Row) -> None:
        """One picture less to do. Any thread may call it."""
        rate = self._outcome.pixels / 1e6 / max(time.perf_counter() - self._start, 1e-9)
        self._progress.update(self._task, advance=1, rate=rate, failed=self._outcome.counts["failed"])
        said = row.error if row.status == "failed" else f"{row.width} x {row.height}, {row.seconds} s"
        self._report.detail(f"{display_name(row.input)}: {row.status}: {said}")


def tell_failures(outcome: Outcome, report: Report) -> None:
    """Failures by reason, on standard error, which --quiet shows too."""
    for reason in outcome.reasons():
        names = ", ".join(display_name(name) for name in reason.files[:_NAMED])
        more = f" and {len(reason.files) - _NAMED} more" if len(reason.files) > _NAMED else ""
        report.error(one_line(f"{plural(len(reason.files), 'file')} failed: {reason.text}: {names}{more}"))


def plural(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
