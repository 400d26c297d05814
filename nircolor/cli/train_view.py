"""What a person sees of a training run while it goes on: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nircolor.cli.report import Report
    from nircolor.training.events import Event, Observer


@contextmanager
def train_view(report: Report) -> Iterator[Observer]:
    """Yields the observer to tell every event, which raises ``Interrupted`` when Ctrl-C has come. Silent under -q."""
    with _view(report) as show:

        def observe(event: Event) -> None:
            report.interrupts.check()
            show(event)

        yield observe


def _view(report: Report) -> AbstractContextManager[Observer]:
    """Imports are late: rich is not for a command that only prints its help, numpy neither."""
    if report.quiet or not sys.stderr:
        from nircolor.training.events import nobody

        return nullcontext(nobody)
    if sys.stderr.isatty():
        from nircolor.cli.train_panel import live_panel

        return live_panel()
    from nircolor.cli.train_lines import plain_lines

    return plain_lines(report.say)
