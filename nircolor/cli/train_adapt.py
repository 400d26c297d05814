"""``nircolor train adapt``: finished weights, fine-tuned on a user's own pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from nircolor.cli.report import Report
from nircolor.errors import UsageError
from nircolor.wording import one_line

ADAPT_RECIPE = "adapt"
"""Taken for this, and not for a recipe; a file of that name is ./adapt."""
ADAPT_OPTIONS = ("weights", "output", "minutes", "overwrite")
RUN_OPTIONS = ("run", "resume", "dry_run", "processes", "machines", "workers")
OUT = Path("mine.safetensors")


@dataclass(frozen=True)
class AdaptChoices:
    """The options of the command line, None where one was not given."""

    weights: str | None
    output: Path | None
    minutes: float | None
    changes: Sequence[str]
    device: str
    overwrite: bool


def refuse_given(ctx: typer.Context, names: Sequence[str], reason: str) -> None:
    """Raise UsageError for the first of these options that the command line has."""
    for parameter in ctx.command.params:
        source = ctx.get_parameter_source(parameter.name or "")
        if parameter.name in names and source is not None and source.name == "COMMANDLINE":
            raise UsageError(f"{parameter.opts[0]}: {reason}")


def adapt(data: Path | None, choices: AdaptChoices, report: Report) -> None:
    """Exit code 1 where nothing is better, and nothing is written."""
    if data is None:
        raise UsageError("--data DIR is missing: the folder of your pairs")
    from nircolor.adapting.adapt import adapt_weights
    from nircolor.adapting.config import AdaptConfig

    config = AdaptConfig.changed(choices.changes)
    config = config if choices.minutes is None else replace(config, minutes=choices.minutes)
    with report.interrupts.deferred(), report.watching() as observe:
        result = adapt_weights(
            choices.weights or "lite",
            data,
            choices.output or OUT,
            config=config,
            device=choices.device,
            overwrite=choices.overwrite,
            on_event=observe,
        )
    for line in str(result).splitlines() if not report.json else ():
        print(one_line(line))
    report.result({**result.to_json(), "warnings": report.warnings})
    if result.output is None:
        raise typer.Exit(1)
