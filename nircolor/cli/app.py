"""The Typer app with all commands, and the one place where an error becomes a line and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from typing import Annotated

import typer

from nircolor._version import __version__
from nircolor.cli.batch import EPILOG as BATCH_EPILOG
from nircolor.cli.batch import batch
from nircolor.cli.colorize import EPILOG, colorize
from nircolor.cli.demo import EPILOG as DEMO_EPILOG
from nircolor.cli.demo import demo
from nircolor.cli.doctor import doctor
from nircolor.cli.evaluate import EPILOG as EVALUATE_EPILOG
from nircolor.cli.evaluate import evaluate
from nircolor.cli.messages import lossy_messages, printable_output
from nircolor.cli.report import EXIT_CODES, HELP_KEYS, HelpFlag, Report, show_help
from nircolor.cli.serve import EPILOG as SERVE_EPILOG
from nircolor.cli.serve import serve
from nircolor.cli.signals import Interrupts
from nircolor.cli.train import EPILOG as TRAIN_EPILOG
from nircolor.cli.train import train
from nircolor.cli.video import EPILOG as VIDEO_EPILOG
from nircolor.cli.video import video
from nircolor.cli.weights import weights_app
from nircolor.errors import DeviceError, NircolorError, UsageError
from nircolor.wording import command_line, one_line

# Every mistake in a command line is one of these. Named this way because Typer has moved its copy of click about.
CommandLineError: type[Exception] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    name="nircolor",
    rich_markup_mode="rich",
    add_completion=False,
    add_help_option=False,
    pretty_exceptions_enable=False,
    context_settings=HELP_KEYS,
)
app.command(epilog=EPILOG, short_help="Colorize one near-infrared picture.")(colorize)
app.command(epilog=BATCH_EPILOG, short_help="Colorize a folder of near-infrared pictures.")(batch)
app.command(epilog=VIDEO_EPILOG, short_help="Colorize a near-infrared video.")(video)
app.command(epilog=SERVE_EPILOG, short_help="Serve a page that colorizes pictures dropped on it.")(serve)
app.command(epilog=EVALUATE_EPILOG, short_help="Measure how good colorized pictures are.")(evaluate)
app.command(epilog=TRAIN_EPILOG + EXIT_CODES, short_help="Train a network as a recipe says.")(train)
app.add_typer(weights_app, name="weights")
app.command(epilog=DEMO_EPILOG, short_help="Make a page that colorizes in the browser.")(demo)
app.command(epilog=EXIT_CODES, short_help="Check that everything is here that nircolor needs.")(doctor)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"nircolor {__version__}")
        raise typer.Exit


@app.callback(
    invoke_without_command=True,
    epilog="""[bold]First steps[/bold]

  $ nircolor colorize photo_nir.tif     -> photo_nir_rgb.tif
  $ nircolor colorize --help            all that it can do
  $ nircolor doctor                     is everything here that it needs?

"""
    + EXIT_CODES,
)
def _top(
    ctx: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", metavar=" ", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    help: HelpFlag = False,
) -> None:
    """Turn near-infrared photographs into natural RGB ones, at native size and bit depth, on any machine: offline, on a
    CPU or a GPU, with the weights that come with it.
    """
    if ctx.invoked_subcommand is None:
        show_help(ctx)


def _needed(args: list[str]) -> typer.Typer:
    """``app`` with no other command than the one that is asked for: to build all takes a twentieth of a short run."""
    groups = [one for one in app.registered_groups if args[:1] == [one.name]]
    commands = [one for one in app.registered_commands if one.callback and args[:1] == [one.callback.__name__]]
    if not groups and not commands:
        return app
    needed = copy(app)
    needed.registered_groups, needed.registered_commands = groups, commands
    return needed


def run(args: list[str]) -> int:
    """Run a command line and return its exit code; see errors.py for the codes."""
    with lossy_messages(), printable_output(), Interrupts() as interrupts:
        # What can go wrong before the flags are parsed has to be told in the right form too.
        report = Report(json="--json" in args, interrupts=interrupts)
        try:
            with _relayed_to(report):
                outcome = typer.main.get_command(_needed(args)).main(
                    args, "nircolor", standalone_mode=False, obj=report
                )
                if sys.stdout:
                    sys.stdout.flush()
            return outcome if isinstance(outcome, int) else 0  # an int is what typer.Exit was raised with
        except BaseException as error:
            return _fail(report, error)


def _fail(report: Report, error: BaseException) -> int:
    report.interrupts.disarm()
    if isinstance(error, (SystemExit, BrokenPipeError)):  # Typer's way, or ours, to stop when `| head` has seen enough
        _silence_output()
        return error.code if isinstance(error, SystemExit) and isinstance(error.code, int) else 1
    if report.verbose > 1:
        traceback.print_exception(error)
    text, code = _explain(report.interrupts, error)
    with suppress(BrokenPipeError):
        report.error(text)
        report.result({"error": one_line(command_line(text)), "exit_code": code})
    if isinstance(error.__cause__, BrokenPipeError):
        _silence_output()
    return code


def _explain(interrupts: Interrupts, error: BaseException) -> tuple[str, int]:
    """One line and an exit code."""
    if interrupts.signum:  # whatever came of it: C code may turn it into another exception
        return "interrupted", interrupts.exit_code
    if isinstance(error, NircolorError):
        return str(error), error.exit_code
    if isinstance(error, CommandLineError):
        return _mistake(error), UsageError.exit_code
    if isinstance(error, MemoryError):
        return "not enough memory; close other programs, or work on a smaller picture", DeviceError.exit_code
    if isinstance(error, ImportError):
        return (
            f"the installation is broken ({error}); reinstall nircolor, or ask nircolor doctor",
            DeviceError.exit_code,
        )
    if isinstance(error, OSError):  # of the system, not of the program; rare, since most have become one of ours
        return f"{error.filename}: {error.strerror}" if error.filename else str(error), 1
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{reason} (this is a bug in nircolor: run it again with -vv and report what it prints)", 1


def _mistake(error: Exception) -> str:
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    path = getattr(getattr(error, "ctx", None), "command_path", "nircolor")
    return f"{text.replace('Value error, ', '')} (see {path} --help)"  # pydantic's words mean nothing to a user


def _silence_output() -> None:
    """The reader of standard output may have gone; then Python must not try to write there at its exit."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _relayed_to(report: Report) -> Iterator[None]:
    """What the package logs becomes a warning line; Python warnings of libraries are for those who start with -W."""
    relay, logger = _Relay(report), logging.getLogger("nircolor")
    logger.addHandler(relay)
    try:
        with warnings.catch_warnings():
            if not sys.warnoptions:
                warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(relay)


class _Relay(logging.Handler):
    def __init__(self, report: Report) -> None:
        super().__init__(logging.WARNING)
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        self._report.warn(record.getMessage())
