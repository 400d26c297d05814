"""Curves of a run as PNG files, by matplotlib: a panel for each term, a panel for each metric."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nircolor.files import atomic_file
from nircolor.training.run_log.curves import FEWEST, metric_named, smooth, thin, wants_log
from nircolor.training.run_log.records import History, Points
from nircolor.written import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#00805c", "#b0508f", "#9a7000", "#2f8fcb", "#444444")
"""Those of the evaluation report's light page."""
_ACROSS, _WIDTH, _HEIGHT = 3, 4.2, 2.6  # panels in a row; inches of one, with
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.55, 0.15, 0.4, 0.3  # its margins
_SOFT, _RULE = "#5c5c5c", "#d9d9d9"


def draw_losses(path: Path, history: History) -> None:
    """Every term in a panel of its own: what was reported, faint, under its moving average; a logarithmic axis where
    the values span more than a decade. Then learning rate, speed and waiting as they are. Without any of them, no file.
    Raises OutputError, ImportError without matplotlib.
    """
    terms, machine = history.terms(), history.machine()
    figure, panels = _panels(len(terms) + len(machine))
    for axes, (title, points) in zip(panels, (*terms.items(), *machine.items()), strict=True):
        smoothed = title in terms and len(points) >= FEWEST
        _dress(axes, title, [value for _, value in points] if title in terms else [])
        width, alpha = (1.2, 0.3) if smoothed else (1.8, 1.0)
        axes.plot(*_columns(thin(points)), color=COLOURS[0], linewidth=width, alpha=alpha)
        if smoothed:
            axes.plot(*_columns(thin(smooth(points))), color=COLOURS[0], linewidth=1.8)
    _save(figure, path, len(panels))


def draw_scores(path: Path, history: History) -> None:
    """A panel a metric, a line a validation set; a dashed line marks the step of the best weights. Raises likewise."""
    found = history.panels()
    figure, panels = _panels(len(found))
    for axes, (key, lines) in zip(panels, found.items(), strict=True):
        _dress(axes, _title(key), [])
        for index, (folder, points) in enumerate(lines.items()):
            colour = COLOURS[index % len(COLOURS)]
            axes.plot(*_columns(points), color=colour, linewidth=1.8, marker="o", markersize=3.5, label=visible(folder))
        if history.best:
            axes.axvline(history.best.step, color=_SOFT, linestyle="--", linewidth=1, label="best weights", zorder=1)
        for text in axes.legend(fontsize=7, frameon=False).get_texts():
            text.set_parse_math(False)  # a folder's name may hold dollars
    _save(figure, path, len(found))


def _title(key: str) -> str:
    metric = metric_named(key)
    if metric is None:
        return key
    unit = f", {metric.unit}" if metric.unit else ""
    words = f" ({metric.better} is better)" if metric.better in ("higher", "lower") else ""
    return f"{metric.title}{unit}{words}"


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure of its own, not of pyplot, which would keep it alive."""
    from matplotlib.figure import Figure

    across = min(max(count, 1), _ACROSS)
    down = -(-max(count, 1) // across)
    figure = Figure(figsize=(across * _WIDTH, down * _HEIGHT), dpi=110)
    return figure, [figure.add_axes(_place(index, across, down)) for index in range(count)]


def _place(index: int, across: int, down: int) -> tuple[float, float, float, float]:
    """Left, bottom, width and height as shares of the figure: matplotlib's own layout draws everything twice."""
    row, column = divmod(index, across)
    left, bottom = column * _WIDTH + _LEFT, (down - 1 - row) * _HEIGHT + _BOTTOM
    width, height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    return left / (across * _WIDTH), bottom / (down * _HEIGHT), width / (across * _WIDTH), height / (down * _HEIGHT)


def _dress(axes: Axes, title: str, values: Sequence[float]) -> None:
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    axes.set_title(visible(title), fontsize=9, fontweight="bold", loc="left", parse_math=False)
    axes.grid(color=_RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5, colors=_SOFT, length=2.5)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_RULE)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10], integer=True))
    if values and wants_log(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())


def _columns(points: Points) -> tuple[list[int], list[float]]:
    return [step for step, _ in points], [value for _, value in points]


def _save(figure: Figure, path: Path, panels: int) -> None:
    if panels:
        with atomic_file(path, overwrite=True) as stream:
            figure.savefig(stream, format="png")
