"""What all commands share: their flags, how they talk on standard error, their one JSON object on standard output."""

from __future__ import annotations

import json as json_text
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

import typer

from nircolor.bar import Bar
from nircolor.cli.signals import Interrupts
from nircolor.errors import UsageError
from nircolor.events import EngineReady, Event, Note, Observer, Progress, Warned
from nircolor.wording import command_line, one_line

MESSAGES = "Messages"

EXIT_CODES = """[bold]Exit codes[/bold]

  0  done                              4  weights missing or damaged
  1  the output cannot be written      5  device or memory
  2  wrong usage, or output exists     130  interrupted (143 by SIGTERM)
  3  input unreadable or unsupported"""

HELP_KEYS = {"help_option_names": ["-h", "--help"]}


def show_help(ctx: typer.Context, asked: bool = True) -> None:
    """For ``HelpFlag``, and for a group of commands that is called without one of them."""
    if asked:
        print(ctx.get_help())
        raise typer.Exit


# A group takes this in place of Typer's own --help, for which Typer loads pydantic before any of the group's commands
# is asked for help: that is a third of the time.
HelpFlag = Annotated[
    bool,
    typer.Option("-h", "--help", metavar=" ", callback=show_help, is_eager=True, help="Show this message and exit."),
]

JsonFlag = Annotated[
    bool,
    typer.Option("--json", metavar=" ", rich_help_panel=MESSAGES, help="Print one JSON object on standard output."),
]
QuietFlag = Annotated[
    bool, typer.Option("--quiet", "-q", metavar=" ", rich_help_panel=MESSAGES, help="No messages but errors.")
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
        help="More messages; -vv: with tracebacks.",
    ),
]


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
        self.warnings.append(one_line(command_line(text)))
        self.say(f"nircolor: warning: {text}")

    def error(self, text: str) -> None:
        """The one line of an error, which --quiet shows too."""
        self._print(f"nircolor: error: {text}")

    def result(self, values: Mapping[str, Any]) -> None:
        """The JSON object of --json. Pure ASCII, so that no locale and no odd file name can spoil it."""
        if self.json:
            self.json = False  # one object, even if an error follows
            print(json_text.dumps(values, indent=2), flush=True)

    def observe(self, event: Event) -> None:
        """Show what a verb reports, but for its progress."""
        if isinstance(event, Note):
            (self.detail if event.detail else self.say)(event.text)
        elif isinstance(event, Warned):
            self.warn(event.text)
        elif isinstance(event, EngineReady):
            self.say(str(event))

    @contextmanager
    def watching(self) -> Iterator[Observer]:
        """An observer for a verb, with a bar on a terminal. It raises Interrupted when a signal has come."""
        bar = Bar(hidden=self.quiet)

        def observe(event: Event) -> None:
            if isinstance(event, Progress):
                self.interrupts.check()
                bar.show(event)
            else:
                self.observe(event)

        try:
            yield observe
        finally:
            bar.close()

    def _print(self, text: str) -> None:
        # Not by way of rich: it may print a line twice when a signal comes in between. A live bar moves out of the way.
        if sys.stderr:
            sys.stderr.write(one_line(command_line(text)) + "\n")
            sys.stderr.flush()


def begin(ctx: typer.Context, *, json: bool, quiet: bool, verbose: int) -> Report:
    """The report of this run, completed with the flags of the command. Raises UsageError for -q with -v."""
    report: Report = ctx.obj
    report.json, report.quiet, report.verbose = json, quiet, verbose
    if quiet:
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"  # the Hub's client reads it when it is imported
    if quiet and verbose:
        raise UsageError("--quiet and --verbose: one excludes the other; leave one out")
    return report
