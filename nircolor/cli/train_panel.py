"""A training run as a live panel on the terminal."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import fmean

from rich import box
from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table
from rich.text import Text

from nircolor.events import Event, Observer, Progress
from nircolor.pages.text import number, with_unit
from nircolor.training.events import Losses, Scores
from nircolor.training.run_log.curves import metric_named
from nircolor.written import visible

_PAUSE = 0.2  # seconds between two frames
_RECENT = 20  # records of losses whose newer half the trend compares with the older: single ones are noise
_SAME = 0.01  # a change smaller than this share is none
_PERIOD = 600.0  # seconds whose steps the time left is judged by: validations are part of it
_TRAINING = "training"


@contextmanager
def live_panel(console: Console | None = None, clock: Callable[[], float] = time.monotonic) -> Iterator[Observer]:
    """Yields an observer that keeps the panel up to date; its last state stays on the screen.

    Frames are drawn by the caller's thread as it gets events, so that a signal never meets a half-drawn one.
    """
    console = console or Console(stderr=True, soft_wrap=True)  # messages above the panel are not cut into lines
    panel, due = RunPanel(console.options.ascii_only), -math.inf
    with Live(console=console, auto_refresh=False, redirect_stdout=False, vertical_overflow="crop") as live:

        def observe(event: Event) -> None:
            nonlocal due
            panel.observe(event)
            if not isinstance(event, Progress) or clock() >= due:
                live.update(panel.render(), refresh=True)
                due = clock() + _PAUSE

        yield observe
        live.update(panel.render(), refresh=True)


class RunPanel:
    """The state of the run as far as it was reported, and how it looks."""

    def __init__(self, ascii_only: bool = False) -> None:
        left = TimeRemainingColumn(), TextColumn("[dim]left")
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), *left)
        self._bars = Bars(*columns, expand=True, speed_estimate_period=_PERIOD)
        self._tasks: dict[str, TaskID] = {}
        self._losses: deque[Losses] = deque(maxlen=_RECENT)
        self._scores: Scores | None = None
        self._best: dict[str, tuple[float, int]] = {}
        self._arrows = "-+=" if ascii_only else "↓↑→"

    def observe(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._advance(event)
        elif isinstance(event, Losses):
            if self._losses and self._losses[-1].stage != event.stage:
                self._losses.clear()
            self._losses.append(event)
        elif isinstance(event, Scores):
            self._scores = event
            for name, value in event.values.items():
                if name not in self._best or _better(name, value, self._best[name][0]):
                    self._best[name] = value, event.step

    def render(self) -> RenderableType:
        parts: list[RenderableType] = [self._bars.get_renderable()]
        if self._losses:
            tables = [self._score_table(self._scores)] if self._scores else []
            parts += [_speed(self._losses[-1]), Columns([*tables, self._loss_table(self._losses[-1])], padding=(0, 3))]
        return Panel(Group(*parts), title="nircolor train", title_align="left", padding=(0, 1))

    def _advance(self, event: Progress) -> None:
        """Show the bar of this stage and that of the training, which validation interrupts, and no other."""
        if event.stage not in self._tasks:
            # to begin at the checkpoint's step is no progress that the time left could be judged by
            self._tasks[event.stage] = self._bars.add_task(event.stage, total=event.total, completed=int(event.done))
        for stage, task in self._tasks.items():
            self._bars.update(task, visible=stage in (event.stage, _TRAINING))
        task = self._tasks[event.stage]
        if event.done < self._bars.tasks[task].completed:
            self._bars.reset(task, completed=int(event.done))
        self._bars.update(task, completed=event.done, total=event.total or None)

    def _loss_table(self, now: Losses) -> Table:
        table = _table("loss", f"step {now.step:,}", "trend")
        for name, value in now.values.items():
            recent = [event.values[name] for event in self._losses if name in event.values]
            table.add_row(Text(visible(name)), f"{value:.4g}", self._trend(recent))
        return table

    def _trend(self, values: Sequence[float]) -> Text:
        """How much the mean of the newer half differs from that of the older."""
        if len(values) < 2:
            return Text("")
        half = len(values) // 2
        before, now = fmean(values[:half]), fmean(values[half:])
        change = (now - before) / abs(before) if before else 0.0
        if not math.isfinite(change) or abs(change) < _SAME:
            return Text(self._arrows[2], "dim")
        return Text(f"{self._arrows[change > 0]} {abs(change):.0%}")

    def _score_table(self, scores: Scores) -> Table:
        table = _table("validation", f"step {scores.step:,}", "best so far")
        for name, value in scores.values.items():
            best, step = self._best[name]
            style = "bold green" if step == scores.step else ""
            now = Text(_shown(name, value), style)
            table.add_row(Text(visible(name)), now, f"{_shown(name, best)} at {step:,}")
        return table


def _table(first: str, second: str, third: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column(first)
    table.add_column(second, justify="right")
    table.add_column(third)
    return table


def _speed(now: Losses) -> Text:
    parts = [f"{now.images_per_second:.3g} images/s", f"waited for data {now.waited:.0%}", f"rate {now.rate:.3g}"]
    return Text(", ".join(parts), "dim", no_wrap=True, overflow="ellipsis")


def _shown(name: str, value: float) -> str:
    metric = metric_named(name.rpartition("/")[2])
    return with_unit(metric, value) if metric else number(value, 4)


def _better(name: str, value: float, best: float) -> bool:
    metric = metric_named(name.rpartition("/")[2])
    return value < best if metric and metric.better == "lower" else value > best
