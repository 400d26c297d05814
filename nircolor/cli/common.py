"""What all commands share: their flags, how they talk on standard error, their one JSON object on standard output."""

from __future__ import annotations

import json as json_text
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nircolor.cli.interrupts import Interrupts
from nircolor.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

MESSAGES = "Messages"

JsonFlag = Annotated[
    bool,
    typer.Option("--json", metavar=" ", rich_help_panel=MESSAGES, help="Print one JSON object on standard output."),
]
QuietFlag = Annotated[
    bool, typer.Option("--quiet", "-q", metavar=" ", rich_help_panel=MESSAGES, help="Say nothing but errors.")
]
VerboseFlag = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        metavar=" ",
        show_default=False,
        rich_help_panel=MESSAGES,
        help="Say more; -vv: with tracebacks.",
    ),
]

Advance = Callable[[str, float, float], None]


@dataclass
class Report:
    """How one command talks to its user. Standard error is for people, standard output for the result alone."""

    json: bool = False
    quiet: bool = False
    verbose: int = 0
    interrupts: Interrupts = field(default_factory=Interrupts)
    warnings: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """A line that everybody sees who did not ask for silence."""
        if not self.quiet:
            self._print(text)

    def detail(self, text: str) -> None:
        """A line for -v."""
        if self.verbose:
            self._print(text)

    def warn(self, text: str) -> None:
        """A warning; it is part of the JSON object too."""
        self.warnings.append(one_line(text))
        self.say(f"nircolor: warning: {text}")

    def fail(self, text: str, exit_code: int) -> None:
        """The one line of an error, and with --json an object in place of the result."""
        self._print(f"nircolor: error: {text}")
        self.result({"error": one_line(text), "exit_code": exit_code})

    def result(self, values: Mapping[str, Any]) -> None:
        """The JSON object of --json. Pure ASCII, so that no locale and no odd file name can spoil it."""
        if self.json:
            print(json_text.dumps(values, indent=2), flush=True)

    @contextmanager
    def progress(self) -> Iterator[Advance]:
        """A bar on a terminal, nothing elsewhere. Yields ``advance(stage, done, total)``; total 0: nobody knows."""
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        hidden = self.quiet or not (sys.stderr and sys.stderr.isatty())
        with Progress(
            *columns, console=self._console, transient=True, redirect_stdout=False, disable=hidden
        ) as progress:
            task = progress.add_task("", total=None)

            def advance(stage: str, done: float = 0, total: float = 0) -> None:
                self.interrupts.check()
                progress.update(task, description=stage, completed=done, total=total or None)

            yield advance

    def _print(self, text: str) -> None:
        self._console.print(one_line(text))

    @cached_property
    def _console(self) -> Console:
        from rich.console import Console

        return Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)


@dataclass
class Session:
    """What Typer hands to each command as ``ctx.obj``: the report, which the command's own flags complete."""

    report: Report

    def begin(self, *, json: bool, quiet: bool, verbose: int) -> Report:
        """Call it first in a command. Raises UsageError for -q with -v."""
        report = self.report
        report.json, report.quiet, report.verbose = json, quiet, verbose
        if quiet and verbose:
            raise UsageError("--quiet and --verbose: one excludes the other; leave one out")
        return report


def begin(ctx: typer.Context, json: bool, quiet: bool, verbose: int) -> Report:
    """The report of this run of a command, with its flags."""
    session: Session = ctx.obj
    return session.begin(json=json, quiet=quiet, verbose=verbose)


def one_line(text: str) -> str:
    """``text`` on one line, without the control characters that a file name can carry to a terminal."""
    joined = " ".join(text.split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in joined)
