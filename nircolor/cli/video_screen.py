"""What a person sees of a video at work: a bar with frames a second and the time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from nircolor.cli.report import Report


class Screen:
    """A bar on a terminal, nothing elsewhere."""

    def __init__(self, report: Report, expected: int) -> None:
        hidden = report.quiet or not (sys.stderr and sys.stderr.isatty())
        columns = (
            TextColumn("colorizing"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.1f} frames/s"),
            TimeRemainingColumn(),
        )
        console = Console(stderr=True, soft_wrap=True)
        self._progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=hidden)
        self._task = self._progress.add_task("", total=expected or None, rate=0.0)
        self._interrupts, self._start = report.interrupts, time.perf_counter()

    def __enter__(self) -> Screen:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, done: int) -> None:
        """So many frames are colorized. Raises Interrupted when a signal has come."""
        self._interrupts.check()
        rate = done / max(time.perf_counter() - self._start, 1e-9)
        self._progress.update(self._task, completed=done, rate=rate)
