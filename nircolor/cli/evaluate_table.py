"""Results on a terminal: metrics down, methods across, the best in bold, the worst pictures by name."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nircolor.wording import command_line, one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from nircolor.evaluation.metric import Metric
    from nircolor.evaluation.results import Results
    from nircolor.evaluation.summary import Summary

BY_KIND = ("psnr", "ssim", "angle", "colour-ratio")
MOST_COLUMNS = 4  # side by side in 80 columns; more methods go into one table each


def print_results(results: Results) -> None:
    """On standard output: a table of means and medians for all pictures (and unseen scenes), means for each kind, the
    protocol, what is missing and why, and the worst five of each method."""
    from rich.console import Console

    from nircolor.evaluation.summary import ALL, UNSEEN

    console = Console(highlight=False, soft_wrap=False, markup=False)
    if not results.rows:
        console.print("Nothing was measured.")
        return
    summaries = results.summaries()
    main = [s for s in summaries if s.group in (ALL, UNSEEN)]
    for start in range(0, len(main), MOST_COLUMNS) if results.metrics else ():
        console.print(_table(results.metrics, main[start : start + MOST_COLUMNS]))
    kinds = [s for s in summaries if s.group not in (ALL, UNSEEN)]
    if kinds and results.metrics:
        console.print(_by_kind(results.metrics, kinds))
    for gain in results.references:
        console.print(one_line(str(gain)))
    console.print(f"Protocol {results.protocol.name}: {results.protocol.text}")
    for key, reason in results.missing.items():
        console.print(one_line(command_line(f"No {key}: {reason}")))
    for method in results.methods if results.metrics else ():
        metric = results.metrics[0]
        named = [f"{row.id} {_number(row.values[metric.key], metric)}" for row in results.worst(method)]
        console.print(one_line(f"Worst of {method} by {metric.title}: {', '.join(named)}"))


def _table(metrics: Sequence[Metric], columns: Sequence[Summary]) -> Table:
    """Metrics down, methods and groups across."""
    from rich.table import Table
    from rich.text import Text

    from nircolor.evaluation.summary import best

    table = Table(title="mean (median)", title_justify="left", title_style="")
    table.add_column("metric", overflow="fold")
    for column in columns:
        table.add_column(Text(one_line(f"{column.method}\n{column.group}, {column.count}")), justify="right")
    for metric in metrics:
        first = best(metric, [column.mean[metric.key] for column in columns])
        cells = [_cell(metric, column, index in first) for index, column in enumerate(columns)]
        table.add_row(_heading(metric), *cells)
    return table


def _heading(metric: Metric) -> str:
    arrow = {"higher": "(higher)", "lower": "(lower)", "one": "(near 1)", "none": ""}[metric.better]
    return " ".join(part for part in (metric.title, metric.unit, arrow) if part)


def _cell(metric: Metric, column: Summary, first: bool) -> Text:
    from rich.text import Text

    text = Text(_number(column.mean[metric.key], metric), style="bold" if first else "")
    return text.append(f" ({_number(column.median[metric.key], metric)})", "dim")


def _by_kind(metrics: Sequence[Metric], rows: Sequence[Summary]) -> Table:
    """Kinds and methods down, the metrics that fit into 80 columns across, means alone."""
    from rich.table import Table

    few = [metric for metric in metrics if metric.key in BY_KIND or metric.key.startswith("lpips")][:5]
    table = Table(title="mean by kind", title_justify="left", title_style="")
    for heading in ("kind", "method"):
        table.add_column(heading, overflow="fold")
    for metric in few:
        table.add_column(" ".join(filter(None, (metric.title, metric.unit))), justify="right")
    for row, before in zip(rows, (None, *rows), strict=False):
        again = before is not None and before.group == row.group
        if before is not None and not again:
            table.add_section()
        name = "" if again else one_line(f"{row.group}, {row.count}")
        table.add_row(name, one_line(row.method), *(_number(row.mean[metric.key], metric) for metric in few))
    return table


def _number(value: float | None, metric: Metric) -> str:
    if value is None:
        return "-"
    return "inf" if math.isinf(value) else f"{value:.{metric.decimals}f}"
