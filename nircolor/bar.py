"""A bar for people who wait: in a terminal, in a notebook, and of the command line.

nircolor.colorize_file("photo_nir.tif", on_event=nircolor.progress())
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from nircolor.events import Ended, EngineReady, Event, Note, Observer, Progress, Warned
from nircolor.wording import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Live


def progress() -> Observer:
    """A ready-made observer: a bar while a verb works, and its messages above the bar.

    Pass it as ``on_event`` to any verb. It writes to standard error; where that is neither a terminal nor a notebook,
    there are messages only. When the verb ends, or raises, the bar goes, and the same observer may watch another verb.
    """
    bar = Bar()

    def observe(event: Event) -> None:
        if isinstance(event, Progress):
            bar.show(event)
        elif isinstance(event, Ended):
            bar.close()
        elif text := _message(event):
            bar.say(text)

    return observe


def _message(event: Event) -> str:
    """The line of an event for people; empty where there is none."""
    if isinstance(event, Warned):
        return f"warning: {event.text}"
    if isinstance(event, Note):
        return "" if event.detail else event.text
    return str(event) if isinstance(event, EngineReady) else ""


class Bar:
    """One line of a stage, how far it is and what time is left. It appears with the first event that it shows."""

    def __init__(self, hidden: bool = False) -> None:
        self._hidden = hidden
        self._console: Console | None = None
        self._live: Live | None = None
        self._start, self._from = 0.0, 0.0  # of the stage: when, and how much was done then

    def show(self, event: Progress, more: str = "") -> None:
        """``more``: words behind the bar, such as a number of failures. Any thread may call it."""
        if not self._is_seen():
            return
        live = self._live = self._live or self._open()
        task = live.tasks[0]
        begins = event.stage != task.description
        if begins:
            self._start, self._from = time.perf_counter(), event.done
            task.total = event.total or None  # Live itself cannot go back to an unknown total
            live.reset(task.id, description=event.stage)
        told = " ".join(filter(None, (self._share(event), event.more, more)))
        live.update(task.id, total=event.total or None, completed=event.done, told=told, refresh=begins)

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        self._place().print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Take the bar away; ``show`` would begin another one."""
        if self._live:
            self._live.stop()
            self._live = None

    def _is_seen(self) -> bool:
        """In a terminal or a notebook; rich is not loaded where it is neither."""
        if self._hidden or not sys.stderr:
            return False
        return sys.stderr.isatty() or ("IPython" in sys.modules and self._place().is_jupyter)

    def _open(self) -> Live:
        from rich import progress as rich

        columns = (
            rich.TextColumn("{task.description}", markup=False),
            rich.BarColumn(),
            rich.TextColumn("{task.fields[told]}", style="progress.percentage", markup=False),
            rich.TimeRemainingColumn(),
        )
        live = rich.Progress(*columns, console=self._place(), transient=True, redirect_stdout=False)
        live.add_task("", total=None, told="")
        live.start()
        return live

    def _place(self) -> Console:
        from rich.console import Console

        self._console = self._console or Console(stderr=True, soft_wrap=True)  # messages are not cut into lines
        return self._console

    def _share(self, event: Progress) -> str:
        if event.unit:
            rate = (event.done - self._from) / max(time.perf_counter() - self._start, 1e-9)
            total = f"{event.total:g}" if event.total else "?"
            return f"{event.done:g}/{total} {rate:.1f} {event.unit}/s"
        return f"{event.done / event.total:4.0%}" if event.total else ""
